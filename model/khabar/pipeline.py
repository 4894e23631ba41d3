"""One text through the model: windows, encoder, entities, candidate pairs, relations.

str -> windows -> encoder graph -> entities -> candidate pairs -> relation graph -> Document
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import Final

import numpy as np

from khabar.bundle import DecodingOptions
from khabar.candidates import LABEL_IDS, Indices, candidate_pairs
from khabar.decoding import FoundEntity, TaggedWords, decode_entities, decode_relations
from khabar.document import Document, Entity, Relation
from khabar.schema import RELATION_LABELS
from khabar.session import EncoderSession, Floats
from khabar.tokenization import WordTokenizer
from khabar.windows import Window, iter_windows

_WINDOWS_AHEAD: Final = 16
#: Decoding has a price for each call: it is paid for so many words at once.
_WORDS_AT_ONCE: Final = 400


@dataclass(frozen=True, slots=True)
class _ReadWindow:
    """A window with what the encoder said about it; logits by word, hidden state by token."""

    window: Window
    tag_logits: Floats
    proclitic_logits: Floats
    hidden: Floats


class Pipeline:
    """A tokenizer, a model's graphs and its decoding options, put together; holds no state between texts."""

    def __init__(self, tokenizer: WordTokenizer, session: EncoderSession, options: DecodingOptions) -> None:
        self._tokenizer, self._session, self._options = tokenizer, session, options
        self._thresholds = np.array([options.thresholds[label] for label in RELATION_LABELS])

    def tag(self, text: str, id: str | None, *, threads: int) -> Document:
        """Tag ``text``; ``threads`` read its windows side by side, with the same result."""
        windows = iter_windows(text, self._tokenizer, self._options.max_tokens, self._options.overlap)
        entities: list[Entity] = []
        relations: list[Relation] = []
        for group in _groups(self._read_all(windows, threads)):
            found = decode_entities(text, _tagged_words(group), self._options.entity_scaling)
            if found:
                relations.extend(self._relations(group, found, len(entities)))
                entities.extend(item.entity for item in found)
        return Document(text, tuple(entities), tuple(relations), id)

    def _read_all(self, windows: Iterable[Window], threads: int) -> Iterator[_ReadWindow]:
        if threads == 1:
            yield from map(self._read, windows)
            return
        source = iter(windows)
        with ThreadPoolExecutor(threads) as pool:
            while ahead := list(islice(source, _WINDOWS_AHEAD * threads)):
                yield from pool.map(self._read, ahead)

    def _read(self, window: Window) -> _ReadWindow:
        logits, hidden, proclitic = self._session.encode(window.input_ids(self._tokenizer))
        first = window.first_piece()[:-1]
        return _ReadWindow(window, logits[first], proclitic[first], hidden)

    def _relations(
        self, group: Sequence[_ReadWindow], found: Sequence[FoundEntity], offset: int
    ) -> Iterator[Relation]:
        """Relations of a group; a pair that two windows show whole keeps its higher score."""
        labels = [item.entity.label for item in found]
        heads, tails, allowed = candidate_pairs(labels, [item.sentence for item in found])
        scored = list(self._scored_pairs(group, found, (heads, tails)))
        if not scored:
            return
        rows = np.concatenate([rows for rows, _ in scored])
        pairs = (heads[rows], tails[rows], allowed[rows])
        logits = np.concatenate([logits for _, logits in scored])
        best: dict[tuple[int, int, str], float] = {}
        for head, tail, label, score in decode_relations(
            labels, pairs, logits, self._thresholds, self._options.relation_scaling
        ):
            key = (offset + head, offset + tail, label)
            best[key] = max(score, best.get(key, 0.0))
        yield from (Relation(*key, score) for key, score in sorted(best.items()))

    def _scored_pairs(
        self, group: Sequence[_ReadWindow], found: Sequence[FoundEntity], pairs: tuple[Indices, Indices]
    ) -> Iterator[tuple[Indices, Floats]]:
        """Window by window the pairs that it shows whole, as rows of ``pairs``, and their logits."""
        first, last = (np.array([getattr(item, edge) for item in found]) for edge in ("first", "last"))
        kinds = np.array([LABEL_IDS[item.entity.label] for item in found], dtype=np.int64)
        before = 0
        for read in group:
            # Words of the group count from its first owned word; the window's own from its first word.
            shift = before - read.window.owned[0]
            before += read.window.owned[1] - read.window.owned[0]
            low = int(np.searchsorted(first, shift))
            high = int(np.searchsorted(last, shift + len(read.window.words), side="right"))
            rows = np.flatnonzero(
                (pairs[0] >= low) & (pairs[0] < high) & (pairs[1] >= low) & (pairs[1] < high)
            )
            if len(rows):
                pieces, inside = read.window.first_piece(), slice(low, high)
                spans = (pieces[first[inside] - shift], pieces[last[inside] - shift], kinds[inside])
                yield (
                    rows,
                    self._session.relate(read.hidden, spans, (pairs[0][rows] - low, pairs[1][rows] - low)),
                )


def _groups(windows: Iterable[_ReadWindow]) -> Iterator[list[_ReadWindow]]:
    """Windows that are decoded together, some hundred words; no sentence is parted between two groups."""
    group: list[_ReadWindow] = []
    words = 0
    for read in windows:
        group.append(read)
        words += len(read.window.words)
        if words >= _WORDS_AT_ONCE and not read.window.continued:
            yield group
            group, words = [], 0
    if group:
        yield group


def _tagged_words(group: Sequence[_ReadWindow]) -> TaggedWords:
    """The owned words of a group of windows, one after the other."""
    owned = [(read, slice(*read.window.owned)) for read in group]
    return TaggedWords(
        np.concatenate([read.window.words.start[part] for read, part in owned]),
        np.concatenate([read.window.words.end[part] for read, part in owned]),
        np.concatenate([read.window.sentence[part] for read, part in owned]),
        np.concatenate([read.tag_logits[part] for read, part in owned]),
        np.concatenate([read.proclitic_logits[part] for read, part in owned]),
    )
