"""Names that a document marks in one place and leaves unmarked in another.

    entities -> surfaces worth a search, longest first -> matches in the folded text
    -> those that touch no entity and no longer match

A match may stand behind و or ف and one of ب ل ك; «لل» before a name stands for «ل» and «ال».
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from khabar.document import Document
from khabar_data.folding import fold_surface, fold_with_offsets

_LETTERS_OF_A_NAME: Final = 4
_CONTEXT: Final = 25


@dataclass(frozen=True, slots=True)
class UnmarkedRepeat:
    """A place ``[start, end)``, in code points, that repeats an entity's surface without its mark.

    Attributes:
        surface: the entity's surface as it is marked elsewhere in the document.
        labels: the labels it carries there, joined by ``/``.
        start: first character of the repeat, behind any proclitic.
        end: the character after the last one.
        context: the repeat with the text around it, on one line.
    """

    surface: str
    labels: str
    start: int
    end: int
    context: str


def unmarked_repeats(document: Document) -> list[UnmarkedRepeat]:
    """Every unmarked repeat of a name of the document, in text order.

    A name has several words, or four letters or more. A repeat that touches an entity is part of
    another name and is not listed.
    """
    marked: dict[str, set[str]] = defaultdict(set)
    surfaces: dict[str, str] = {}
    for entity in document.entities:
        key = fold_surface(entity.text)
        if _is_name(key):
            marked[key].add(entity.label)
            surfaces.setdefault(key, entity.text)
    folded, offsets = fold_with_offsets(document.text)
    taken = _Taken([(entity.start, entity.end) for entity in document.entities])
    found = []
    for key in sorted(marked, key=lambda key: (-len(key), key)):
        for first, last in _matches(key, folded):
            start, end = offsets[first], offsets[last - 1] + 1
            if taken.add(start, end):
                labels = "/".join(sorted(marked[key]))
                found.append(UnmarkedRepeat(surfaces[key], labels, start, end, _around(document, start, end)))
    return sorted(found, key=lambda repeat: repeat.start)


class _Taken:
    """Ranges of the text that belong to something; none overlaps another unless it came so."""

    def __init__(self, ranges: list[tuple[int, int]]) -> None:
        self._ranges = sorted(ranges)

    def add(self, start: int, end: int) -> bool:
        """Take a range if it is free; whether it was."""
        at = bisect_left(self._ranges, (start, end))
        before, after = self._ranges[at - 1 : at], self._ranges[at : at + 1]
        if (before and before[0][1] > start) or (after and after[0][0] < end):
            return False
        self._ranges.insert(at, (start, end))
        return True


def _is_name(key: str) -> bool:
    letters = sum(map(str.isalpha, key))
    return letters >= _LETTERS_OF_A_NAME or (" " in key and letters > 0)


def _matches(key: str, folded: str) -> Iterator[tuple[int, int]]:
    """Ranges of a folded text that hold the folded name as whole words."""
    name = r"[^\S\n]+".join(map(re.escape, key.split(" ")))
    pattern = rf"(?<!\w)[وف]?[بلك]?({name})(?!\w)"
    if key.startswith("ال"):
        pattern += rf"|(?<!\w)[وف]?ل(ل{name[2:]})(?!\w)"
    for match in re.finditer(pattern, folded):
        yield match.span(match.lastindex or 0)


def _around(document: Document, start: int, end: int) -> str:
    return " ".join(document.text[max(0, start - _CONTEXT) : end + _CONTEXT].split())
