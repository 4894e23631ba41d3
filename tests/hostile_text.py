"""Texts that no newsroom writes and every scraper finds, by seed; and what must hold for any text."""

from __future__ import annotations

import json
import sys
import unicodedata
from random import Random

from khabar import Document
from khabar.schema import RELATIONS_BY_LABEL

NAMES = (
    "بغداد", "واشنطن", "وليد", "فيصل", "الأمم المتحدة", "حلف شمال الأطلسي", "سامي عزيز", "كوريا",
    "لندن", "3 مليارات دولار", "12 شباط/ فبراير 2018", "وزير الخارجية", "صاروخ", "العراقي", "NATO", "إف-16",
)  # fmt: skip
WORDS = (
    "قال",
    "في",
    "إن",
    "زار",
    "و",
    "ل",
    "بـ",
    "الذي",
    "أمس",
    "من",
    ".",
    "،",
    "؟",
    ":",
    "«",
    "»",
    "(",
    ")",
    "-",
)
MARKUP = (
    "<p>",
    "</p>",
    "<a href='x'>",
    "&nbsp;",
    "&#1575;",
    "[SEP]",
    "[CLS]",
    "[MASK]",
    "##ال",
    "\\u0000",
    "{}",
)
ENDS = (" ", "\n", "\t", "\r\n", "\u2028", "\x0b", "\x85", "", "", "،", ". ")
#: Every code point of the categories that text processing trips over, lone surrogates among them.
ODD = tuple(
    character
    for character in map(chr, range(sys.maxunicode + 1))
    if unicodedata.category(character) in ("Cf", "Zs", "Cc", "Zl", "Zp")
    or (unicodedata.category(character) == "Mn" and character < "\u1000")
) + tuple(map(chr, range(0xD800, 0xE000, 61)))
PRESENTATION = tuple(map(chr, (*range(0xFB50, 0xFDFF), *range(0xFE70, 0xFEFD))))
HARAKAT = tuple("\u064b\u064c\u064d\u064e\u064f\u0650\u0651\u0652\u0670")


def hostile_text(random: Random) -> str:
    """A text of one to some forty pieces."""
    pieces = []
    for _ in range(random.randint(1, random.choice((3, 12, 40)))):
        pieces.append(_piece(random))
        pieces.append(random.choice(ENDS))
    return "".join(pieces)


def _piece(random: Random) -> str:
    kind = random.random()
    if kind < 0.35:
        return random.choice(("", "و", "ب", "ل", "ال", "فل")) + random.choice(NAMES)
    if kind < 0.5:
        return random.choice(WORDS)
    if kind < 0.75:
        return _spoilt(random.choice(NAMES), random)
    if kind < 0.8:
        return random.choice(MARKUP)
    if kind < 0.85:
        return "".join(random.choice(PRESENTATION) for _ in range(random.randint(1, 8)))
    if kind < 0.9:
        return "".join(random.choice(ODD) for _ in range(random.randint(1, 6)))
    if kind < 0.93:
        return random.choice("ابلس٣7aé中😀ـ") * random.choice((1, 7, 90, 700))
    return "".join(chr(random.randrange(sys.maxunicode + 1)) for _ in range(random.randint(1, 6)))


def _spoilt(name: str, random: Random) -> str:
    """A name with odd characters at, inside and beside it."""
    way = random.random()
    if way < 0.25:
        return "".join(letter + random.choice(HARAKAT) for letter in name)
    if way < 0.4:
        return "".join(letter + "\u0640" * random.choice((0, 1, 30)) for letter in name)
    odd = random.choice(ODD)
    place = random.choice((0, len(name), random.randrange(len(name) + 1)))
    return name[:place] + odd * random.choice((1, 1, 3)) + name[place:]


def check_document(document: Document, text: str) -> None:
    """What holds for every prediction on every text."""
    assert document.text == text
    position = 0
    for entity in document.entities:
        assert position <= entity.start < entity.end <= len(text)
        assert text[entity.start : entity.end] == entity.text
        assert not entity.text[0].isspace()
        assert not entity.text[-1].isspace()
        assert entity.score is not None
        assert 0 <= entity.score <= 1
        position = entity.end
    for relation in document.relations:
        head, tail = document.entities[relation.head], document.entities[relation.tail]
        assert RELATIONS_BY_LABEL[relation.label].allows(head.label, tail.label)
        assert relation.score is not None
        assert 0 <= relation.score <= 1
    json.dumps(document.to_dict())
