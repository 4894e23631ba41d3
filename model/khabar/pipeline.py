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
from khabar.candidates import LABEL_IDS, candidate_pairs
from khabar.decoding import FoundEntity, TaggedWords, decode_entities, decode_relations
from khabar.document import Document, Entity, Relation
from khabar.schema import RELATION_LABELS
from khabar.session import EncoderSession, Floats
from khabar.tokenization import WordTokenizer
from khabar.windows import Window, iter_windows

_WINDOWS_AHEAD: Final = 16


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
        for chain in _chains(self._read_all(windows, threads)):
            found = decode_entities(text, _tagged_words(chain), self._options.entity_scaling)
            offset = len(entities)
            entities.extend(item.entity for item in found)
            relations.extend(self._relations(chain, found, offset))
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
        self, chain: Sequence[_ReadWindow], found: Sequence[FoundEntity], offset: int
    ) -> Iterator[Relation]:
        """Relations of a chain; a pair that two windows show whole keeps its higher score."""
        best: dict[tuple[int, int, str], float] = {}
        before = 0
        for read in chain:
            # Words of the chain count from its first owned word; the window's own from its first word.
            shift = before - read.window.owned[0]
            before += read.window.owned[1] - read.window.owned[0]
            for head, tail, label, score in self._window_relations(read, found, shift):
                key = (offset + head, offset + tail, label)
                best[key] = max(score, best.get(key, 0.0))
        return (Relation(*key, score) for key, score in sorted(best.items()))

    def _window_relations(
        self, read: _ReadWindow, found: Sequence[FoundEntity], shift: int
    ) -> Iterator[tuple[int, int, str, float]]:
        size = len(read.window.words)
        inside = [i for i, item in enumerate(found) if item.first >= shift and item.last <= shift + size]
        labels = [found[i].entity.label for i in inside]
        pairs = candidate_pairs(labels, [found[i].sentence for i in inside])
        if not len(pairs[0]):
            return
        pieces = read.window.first_piece()
        spans = (
            pieces[[found[i].first - shift for i in inside]],
            pieces[[found[i].last - shift for i in inside]],
            np.array([LABEL_IDS[label] for label in labels], dtype=np.int64),
        )
        logits = self._session.relate(read.hidden, spans, (pairs[0], pairs[1]))
        for head, tail, label, score in decode_relations(
            labels, pairs, logits, self._thresholds, self._options.relation_scaling
        ):
            yield inside[head], inside[tail], label, score


def _chains(windows: Iterable[_ReadWindow]) -> Iterator[list[_ReadWindow]]:
    """Windows of one long sentence together, every other window alone."""
    chain: list[_ReadWindow] = []
    for read in windows:
        chain.append(read)
        if not read.window.continued:
            yield chain
            chain = []
    if chain:
        yield chain


def _tagged_words(chain: Sequence[_ReadWindow]) -> TaggedWords:
    """The owned words of a chain of windows, one after the other."""
    owned = [(read, slice(*read.window.owned)) for read in chain]
    return TaggedWords(
        np.concatenate([read.window.words.start[part] for read, part in owned]),
        np.concatenate([read.window.words.end[part] for read, part in owned]),
        np.concatenate([read.window.sentence[part] for read, part in owned]),
        np.concatenate([read.tag_logits[part] for read, part in owned]),
        np.concatenate([read.proclitic_logits[part] for read, part in owned]),
    )
