"""Spelling folded away, so that one sentence or name is recognised in another hand.

    text -> without harakat, tatweel and invisible marks, every alef carrier a bare alef -> words

ى, ة and the digits stay as they are: folding them joins words that differ.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from khabar.folding import DROPPED, fold

_WORD: Final = re.compile(r"[^\W_]+")


def fold_surface(text: str) -> str:
    """A name folded, its words parted by one space each: the key under which its spellings meet."""
    return " ".join(fold(text).split())


def folded_words(text: str) -> list[str]:
    """The words of a text, folded: maximal runs of letters and digits."""
    return _WORD.findall(fold(text))


def fold_with_offsets(text: str) -> tuple[str, list[int]]:
    """The folded text, and for each of its characters the offset in ``text`` in code points."""
    dropped = {i for match in DROPPED.finditer(text) for i in range(*match.span())}
    return fold(text), [i for i in range(len(text)) if i not in dropped]


def words_with_offsets(text: str) -> Iterator[tuple[int, int, str]]:
    """Each folded word of a text as ``(start, end, word)``, in code points of ``text``."""
    folded, offsets = fold_with_offsets(text)
    for match in _WORD.finditer(folded):
        yield offsets[match.start()], offsets[match.end() - 1] + 1, match[0]
