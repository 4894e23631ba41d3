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
from khabar.candidates import LABEL_IDS, Indices, Mask, candidate_pairs
from khabar.decoding import FoundEntity, TaggedWords, decode_entities, decode_relations
from khabar.document import Document, Entity, Relation
from khabar.schema import RELATION_LABELS
from khabar.session import EncoderSession, Floats
from khabar.tag_path import transition_matrix
from khabar.tokenization import WordTokenizer
from khabar.windows import Window, iter_windows

_WINDOWS_AHEAD: Final = 16
#: Decoding has a price for each call: it is paid for so many word pieces at once. Equal words are asked
#: together as far as this (``khabar.repeated_words``), so another number gives other results.
_PIECES_AT_ONCE: Final = 500


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
        self._transitions = transition_matrix(options.transitions)

    def tag(self, text: str, id: str | None, *, threads: int) -> Document:
        """Tag ``text``; ``threads`` read its windows side by side, with the same result."""
        entities: list[Entity] = []
        relations: list[Relation] = []
        for group in self._read_groups(text, threads):
            found = decode_entities(
                text, _tagged_words(group), self._options.entity_scaling, self._transitions
            )
            if found:
                relations.extend(self._relations(group, found, len(entities)))
                entities.extend(item.entity for item in found)
        return Document(text, tuple(entities), tuple(relations), id)

    def read(self, text: str) -> Iterator[TaggedWords]:
        """What the encoder says of the words of ``text``, run by run, each as it is decoded."""
        return map(_tagged_words, self._read_groups(text, threads=1))

    def _read_groups(self, text: str, threads: int) -> Iterator[list[_ReadWindow]]:
        windows = iter_windows(text, self._tokenizer, self._options.max_tokens, self._options.overlap)
        return _groups(self._read_all(windows, threads))

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
        scored = list(self._scored_pairs(group, found, labels))
        if not scored:
            return
        heads, tails, allowed, logits = (np.concatenate(column) for column in zip(*scored, strict=True))
        best: dict[tuple[int, int, str], float] = {}
        certainties = np.array([item.certainty for item in found])
        pairs, scaling = (heads, tails, allowed), self._options.relation_scaling
        for head, tail, label, score in decode_relations(
            labels, certainties, pairs, logits, self._thresholds, scaling
        ):
            key = (offset + head, offset + tail, label)
            best[key] = max(score, best.get(key, 0.0))
        yield from (Relation(*key, score) for key, score in sorted(best.items()))

    def _scored_pairs(
        self, group: Sequence[_ReadWindow], found: Sequence[FoundEntity], labels: Sequence[str]
    ) -> Iterator[tuple[Indices, Indices, Mask, Floats]]:
        """Window by window the pairs that it shows whole: head, tail, what they may carry, logits."""
        first, last, sentence = np.array([(item.first, item.last, item.sentence) for item in found]).T
        kinds = np.array([LABEL_IDS[label] for label in labels], dtype=np.int64)
        before = 0
        for read in group:
            # Words of the group count from its first owned word; the window's own from its first word.
            shift = before - read.window.owned[0]
            before += read.window.owned[1] - read.window.owned[0]
            low = int(np.searchsorted(first, shift))
            high = int(np.searchsorted(last, shift + len(read.window.words), side="right"))
            if high - low < 2:
                continue
            heads, tails, allowed = candidate_pairs(labels[low:high], sentence[low:high])
            if len(heads):
                pieces, inside = read.window.first_piece(), slice(low, high)
                spans = (pieces[first[inside] - shift], pieces[last[inside] - shift], kinds[inside])
                yield (
                    heads + low,
                    tails + low,
                    allowed,
                    self._session.relate(read.hidden, spans, (heads, tails)),
                )


def _groups(windows: Iterable[_ReadWindow]) -> Iterator[list[_ReadWindow]]:
    """Windows that are decoded together; a sentence that goes on in the next window is not parted."""
    group: list[_ReadWindow] = []
    pieces = 0
    for read in windows:
        group.append(read)
        pieces += len(read.window.words.ids)
        if pieces >= _PIECES_AT_ONCE and not read.window.continued:
            yield group
            group, pieces = [], 0
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
