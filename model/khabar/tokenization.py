"""Text -> word pieces that know which word they belong to and where it stands in the original text."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer

Indices = npt.NDArray[np.int64]

#: A piece of text is encoded in slices of this many characters, so that memory stays bounded.
_SLICE_CHARACTERS: Final = 8_000
_SURROGATES: Final = re.compile("[\ud800-\udfff]")
_TATWEEL: Final = "\u0640"
_INVISIBLE: Final = frozenset({"Mn", "Me", "Cf"})


@dataclass(frozen=True, slots=True)
class Words:
    """The words of a text and their pieces.

    Attributes:
        ids: vocabulary ids of the pieces ``[pieces]``, without special tokens.
        first_piece: index of the first piece of each word, and the number of pieces last: ``[words + 1]``.
        start: first character of each word in the text ``[words]``.
        end: the character after each word ``[words]``; ``end[i] <= start[i + 1]``.
    """

    ids: Indices
    first_piece: Indices
    start: Indices
    end: Indices

    def __len__(self) -> int:
        return len(self.start)

    def part(self, first: int, last: int, pieces: int | None = None) -> Words:
        """The words ``[first, last)``, their first ``pieces`` pieces where they have more."""
        if first == 0 and last == len(self) and pieces is None:
            return self
        low, high = int(self.first_piece[first]), int(self.first_piece[last])
        if pieces is not None:
            high = min(high, low + pieces)
        return Words(
            self.ids[low:high],
            np.append(self.first_piece[first:last] - low, high - low),
            self.start[first:last],
            self.end[first:last],
        )

    @classmethod
    def joined(cls, parts: Sequence[Words]) -> Words:
        """Several runs of words, one after the other; at least one."""
        if len(parts) == 1:
            return parts[0]
        counts = np.cumsum([0, *(len(part.ids) for part in parts)])
        first = [part.first_piece[:-1] + count for part, count in zip(parts, counts[:-1], strict=True)]
        return cls(
            np.concatenate([part.ids for part in parts]),
            np.append(np.concatenate(first), counts[-1]),
            np.concatenate([part.start for part in parts]),
            np.concatenate([part.end for part in parts]),
        )


class WordTokenizer:
    """Reads a ``tokenizer.json`` and splits text into words and pieces. Holds no state between calls."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        # «[SEP]» in a text is text, not the special token.
        tokenizer.encode_special_tokens = True
        tokenizer.no_truncation()
        tokenizer.no_padding()
        self._tokenizer = tokenizer
        self.cls_id, self.sep_id = _frame(tokenizer)
        self._space_belongs_to_piece = _holds_spaces(tokenizer)

    @cached_property
    def unk_id(self) -> int:
        """The id that stands for what the vocabulary cannot spell.

        Raises:
            ValueError: the vocabulary spells everything and has none.
        """
        model = json.loads(self._tokenizer.to_str())["model"]
        token: str | None = model.get("unk_token")
        index: int | None = model.get("unk_id") if token is None else self._tokenizer.token_to_id(token)
        if index is None:
            raise ValueError("the vocabulary has no token for unknown words")
        return index

    def words(self, text: str, start: int, end: int) -> Words:
        """The words of ``text[start:end]``; their offsets count from the beginning of ``text``."""
        parts = [self._encode(text[left:right], left) for left, right in _slices(text, start, end)]
        return Words.joined(parts) if parts else Words(*[np.zeros(n, dtype=np.int64) for n in (0, 1, 0, 0)])

    def _encode(self, piece: str, offset: int) -> Words:
        # One lone surrogate becomes one U+FFFD: the length and every offset stay as they are.
        encoding = self._tokenizer.encode(_SURROGATES.sub("\ufffd", piece), add_special_tokens=False)
        ids = np.array(encoding.ids, dtype=np.int64)
        if not len(ids):
            return Words(ids, np.zeros(1, dtype=np.int64), ids, ids)
        owner: npt.NDArray[Any] = np.array(encoding.word_ids, dtype=np.int64)
        offsets = np.array(encoding.offsets, dtype=np.int64)
        if self._space_belongs_to_piece:
            return _without_spaces(piece, ids, owner, offsets, offset)
        # Some letters unfold into several words (ﷺ): words that begin at one place are one word.
        opens = np.append(
            True, (owner[1:] != owner[:-1]) & (offsets[1:, 0] >= np.maximum.accumulate(offsets[:, 1])[:-1])
        )
        first = np.flatnonzero(opens)
        start = offsets[first, 0]
        end = np.maximum.reduceat(offsets[:, 1], first)
        end = _over_trailing_marks(piece, start, end)
        return Words(ids, np.append(first, len(ids)), start + offset, end + offset)


def _frame(tokenizer: Tokenizer) -> tuple[int, int]:
    """The tokens that ``tokenizer.json`` puts before and behind a text, whatever their names are."""
    ids: list[int] = tokenizer.encode("", add_special_tokens=True).ids
    if len(ids) != 2:
        raise ValueError(f"one token before a text and one behind it are expected, not {len(ids)} in all")
    return ids[0], ids[1]


def _holds_spaces(tokenizer: Tokenizer) -> bool:
    """Whether the space before a word is part of its first piece («▁word»), as SentencePiece has it."""
    text = "ا ا"
    return any(text[start:end].startswith(" ") for start, end in tokenizer.encode(text).offsets)


def _without_spaces(
    piece: str, ids: Indices, owner: npt.NDArray[Any], offsets: Indices, offset: int
) -> Words:
    """Words that begin behind the space before them; pieces of nothing but space go with the next word."""
    start, end = offsets[:, 0].copy(), offsets[:, 1]
    for index in range(len(ids)):
        while start[index] < end[index] and piece[start[index]].isspace():
            start[index] += 1
    empty = start == end
    if empty.all():
        return Words(*[np.zeros(n, dtype=np.int64) for n in (0, 1, 0, 0)])
    opens = np.append(True, (owner[1:] != owner[:-1]) & (start[1:] >= np.maximum.accumulate(end)[:-1]))
    first = np.flatnonzero(opens)
    blank = np.logical_and.reduceat(empty, first)
    opening = np.append(True, ~blank[:-1])
    # Behind the last word there is none that the space could go with.
    opening[int(np.flatnonzero(~blank)[-1]) + 1 :] = False
    first = first[opening]
    word_start = np.minimum.reduceat(np.where(empty, len(piece), start), first)
    word_end = _over_trailing_marks(piece, word_start, np.maximum.reduceat(np.where(empty, 0, end), first))
    return Words(ids, np.append(first, len(ids)), word_start + offset, word_end + offset)


def _slices(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """Cut ``[start, end)`` into bounded slices, at white space where there is any."""
    slices = []
    while end - start > _SLICE_CHARACTERS:
        limit = start + _SLICE_CHARACTERS
        halves = range(limit, start + _SLICE_CHARACTERS // 2, -1)
        cut = next((position for position in halves if text[position - 1].isspace()), limit)
        slices.append((start, cut))
        start = cut
    return [*slices, (start, end)] if start < end else slices


def _over_trailing_marks(piece: str, start: Indices, end: Indices) -> Indices:
    """Move each word's end over the combining marks that the normaliser dropped behind it."""
    limit = np.append(start[1:], len(piece))
    moved = end.copy()
    for word in range(len(end)):
        position = int(end[word])
        while (
            position < limit[word]
            and piece[position] > "\x7f"
            and unicodedata.category(piece[position]) in ("Mn", "Me")
        ):
            position += 1
        moved[word] = position
    return moved


def skip_letters(text: str, start: int, end: int, letters: int) -> int:
    """The position behind the first ``letters`` letters of ``text[start:end]``.

    Marks, tatweel and format characters do not count and are stepped over; at least one letter is
    left, so where the word is too short ``start`` comes back.
    """
    position, left = start, letters
    while position < end and (left or not _is_letter(text[position])):
        left -= _is_letter(text[position])
        position += 1
    return position if position < end else start


def count_letters(text: str, start: int, end: int) -> int:
    """How many letters stand in ``text[start:end]``, counted as ``skip_letters`` does."""
    return sum(_is_letter(character) for character in text[start:end])


def _is_letter(character: str) -> bool:
    return character != _TATWEEL and unicodedata.category(character) not in _INVISIBLE
