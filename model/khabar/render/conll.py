"""CoNLL: one token and its IOB2 tag a line, a blank line between sentences.

    text -> segments -> tokens -> sentences of (token, tag)

A token is a word or one punctuation mark. Words are also cut where an entity begins or ends, so a
proclitic outside an entity is a token of its own and every span survives the format.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Final

from khabar.document import Document
from khabar.render.segments import segments
from khabar.sentences import split_sentences

_OUTSIDE: Final = "O"
#: A token in terms of ``_character_class``: a word, or one other character with the marks behind it.
_TOKEN: Final = re.compile(r"[wm]+|om*")


def tokens_and_tags(document: Document) -> list[list[tuple[str, str]]]:
    """The sentences of a document as rows of a token and its IOB2 tag.

    The tokens hold every character of the text that is not white space, in order; none holds white
    space. Two sentences that an entity runs across are given as one. White space at the edges of an
    entity is not kept.

    Raises:
        ValueError: two entities overlap, or an entity is nothing but white space.
    """
    ends = [end for _, end in split_sentences(document.text)]
    sentences: list[list[tuple[str, str]]] = []
    sentence_end = 0
    for start, token, tag in _tagged_tokens(document):
        if start >= sentence_end:
            sentence_end = ends[bisect_right(ends, start)]
            if not tag.startswith("I-"):
                sentences.append([])
        sentences[-1].append((token, tag))
    return sentences


def render_conll(documents: Iterable[Document]) -> Iterator[str]:
    """One piece of text a sentence, its blank line included; documents follow one another.

    Raises:
        ValueError: as ``tokens_and_tags``.
    """
    for document in documents:
        for rows in tokens_and_tags(document):
            yield "".join(f"{token}\t{tag}\n" for token, tag in rows) + "\n"


def _tagged_tokens(document: Document) -> Iterator[tuple[int, str, str]]:
    """Each token with the offset of its first character and its tag."""
    for segment in segments(document):
        tokens = list(_tokens(document.text, segment.start, segment.end))
        if segment.entity is None:
            yield from ((start, token, _OUTSIDE) for start, token in tokens)
            continue
        label = document.entities[segment.entity].label
        if not tokens:
            raise ValueError(
                f"entities[{segment.entity}] [{segment.start}, {segment.end}) is white space only;"
                " CoNLL cannot hold it"
            )
        yield from (
            (start, token, f"{'I' if position else 'B'}-{label}")
            for position, (start, token) in enumerate(tokens)
        )


def _tokens(text: str, start: int, end: int) -> Iterator[tuple[int, str]]:
    piece = text[start:end]
    for match in _TOKEN.finditer("".join(map(_character_class, piece))):
        yield start + match.start(), piece[match.start() : match.end()]


@lru_cache(maxsize=4096)
def _character_class(character: str) -> str:
    """White space (s), part of a word (w), a mark that goes with what it follows (m), or another (o)."""
    if character.isspace():
        return "s"
    if character.isalnum() or character == "_":
        return "w"
    # Harakat, and the invisible joiners and direction marks of scraped text.
    return "m" if unicodedata.category(character) in ("Mn", "Mc", "Me", "Cf") else "o"
