"""Text -> windows that fit the encoder.

    text -> lines -> sentences -> windows

A window is a run of whole sentences of one line, as many as fit. A line break always ends a window:
what a paragraph says is read without its neighbours, so a text gives the same entities wherever it
stands. A sentence too long for one window is read in overlapping ones; each word is decided by the
window that shows most of its surroundings. Nothing is cut off.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from typing import Final

import numpy as np

from khabar.sentences import LINE_BREAKS, split_sentences
from khabar.tokenization import Indices, Words, WordTokenizer

#: A sentence of more windows than this (thousands of words without a full stop) is decoded in parts, so
#: that memory and time stay bounded; every word is read, but an entity on the seam may come in two.
_LONGEST_CHAIN: Final = 24
#: Characters of a line that are tokenised at once; a longer line comes in parts of whole sentences.
_LONGEST_GROUP: Final = 4_000


@dataclass(frozen=True, slots=True)
class Window:
    """What one call of the encoder reads.

    Attributes:
        words: the words of the window; their pieces make the input between ``[CLS]`` and ``[SEP]``.
        sentence: for each word the number of its sentence in the text ``[words]``.
        owned: ``[first, last)``: the words whose tags this window decides.
        continued: whether the next window goes on with the same sentence.
    """

    words: Words
    sentence: Indices
    owned: tuple[int, int]
    continued: bool = False

    def input_ids(self, tokenizer: WordTokenizer) -> Indices:
        """Ids ``[1 + pieces + 1]`` with ``[CLS]`` and ``[SEP]``."""
        return np.concatenate([[tokenizer.cls_id], self.words.ids, [tokenizer.sep_id]])

    def first_piece(self) -> Indices:
        """Position of each word's first piece in ``input_ids``, and of ``[SEP]`` last ``[words + 1]``."""
        return self.words.first_piece + 1


def iter_windows(text: str, tokenizer: WordTokenizer, max_tokens: int, overlap: int) -> Iterator[Window]:
    """The windows of ``text``, in order.

    Args:
        text: any string.
        tokenizer: splits it into words.
        max_tokens: tokens of a window at most, ``[CLS]`` and ``[SEP]`` included.
        overlap: pieces that two windows of one long sentence share.
    """
    room = max_tokens - 2
    for number, group in _groups(text):
        words, first = _read(text, tokenizer, group)
        pieces = words.first_piece[first]
        low = 0
        while low < len(group):
            # As many sentences as fit, one at least.
            high = max(int(np.searchsorted(pieces, pieces[low] + room, side="right")) - 1, low + 1)
            part = words.part(int(first[low]), int(first[high]))
            if len(part.ids) > room:
                yield from _overlapping(part, number + low, room, overlap)
            elif len(part):
                sentence = np.repeat(np.arange(number + low, number + high), np.diff(first[low : high + 1]))
                yield Window(part, sentence, (0, len(part)))
            low = high


def _groups(text: str) -> Iterator[tuple[int, list[tuple[int, int]]]]:
    """The sentences of each line, those of a very long line in parts, with the number of the first."""
    group: list[tuple[int, int]] = []
    for number, (start, end) in enumerate(split_sentences(text)):
        if group and (
            end - group[0][0] > _LONGEST_GROUP or not LINE_BREAKS.isdisjoint(text[group[-1][1] : start])
        ):
            yield number - len(group), group
            group = []
        group.append((start, end))
    if group:
        yield number + 1 - len(group), group


def _read(text: str, tokenizer: WordTokenizer, group: list[tuple[int, int]]) -> tuple[Words, Indices]:
    """The words of a group of sentences, and where each sentence begins in them ``[sentences + 1]``."""
    words = tokenizer.words(text, group[0][0], group[-1][1])
    if len(group) == 1:
        return words, np.array([0, len(words)])
    starts = [start for start, _ in group[1:]]
    first = np.searchsorted(words.start, starts)
    before = first[first > 0] - 1
    if (words.end[before] > np.array(starts)[first > 0]).any():
        # A tokenizer that parts words at spaces alone lets one run over a full stop without a space.
        parts = [tokenizer.words(text, start, end) for start, end in group]
        return Words.joined(parts), np.cumsum([0, *(len(part) for part in parts)])
    return words, np.concatenate([[0], first, [len(words)]])


def _overlapping(words: Words, sentence: int, room: int, overlap: int) -> Iterator[Window]:
    """Windows over a sentence of more than ``room`` pieces; a word longer than ``room`` is shortened."""
    first, owned_from = 0, 0
    for number in count(1):
        last = _last_word(words, first, room)
        ends = last == len(words)
        following = last if ends else _next_first(words, first, last, room, overlap)
        # The words that two windows share are parted in the middle: each is read with context.
        owned_to = last if ends else max((following + last) // 2, owned_from + 1)
        part = words.part(first, last, room)
        continued = not ends and number % _LONGEST_CHAIN != 0
        owned = (owned_from - first, owned_to - first)
        yield Window(part, np.full(last - first, sentence), owned, continued)
        if ends:
            return
        first, owned_from = following, owned_to


def _last_word(words: Words, first: int, room: int) -> int:
    """The word after the last one that fits with ``first``; at least one word fits."""
    limit = words.first_piece[first] + room
    return max(int(np.searchsorted(words.first_piece, limit, side="right")) - 1, first + 1)


def _next_first(words: Words, first: int, last: int, room: int, overlap: int) -> int:
    """Where the next window begins: ``overlap`` pieces back, always forward.

    A long word behind the window takes its room from the overlap: the next window must reach it.
    """
    back = int(np.searchsorted(words.first_piece, words.first_piece[last] - overlap, side="left"))
    reaching = int(np.searchsorted(words.first_piece, words.first_piece[last + 1] - room, side="left"))
    return min(max(back, reaching, first + 1), last)
