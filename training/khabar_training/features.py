"""Documents -> windows with training targets.

    Document (character spans) -> windows -> tag sets a word, proclitic letters, pairs and relations

The windows are those of the runtime (``khabar.windows``), so that a model learns from what it will
be served. What a target cannot reach is counted, never dropped in silence.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from khabar.candidates import LABEL_IDS, Mask, candidate_pairs
from khabar.document import Document, Entity
from khabar.modeling import PROCLITIC_CLASSES
from khabar.schema import RELATION_LABELS, RELATION_TYPES
from khabar.tokenization import WordTokenizer, count_letters
from khabar.windows import Window, iter_windows
from khabar_data.coverage import ANY_TAG, Coverage

Ids = npt.NDArray[np.int64]
IGNORED = -100


@dataclass(frozen=True, slots=True)
class Example:
    """One window and its targets; shapes by token ``T``, entity ``E``, pair ``P``.

    Attributes:
        input_ids: ``[T]``.
        tag_bits: tags that each token may have, as bit sets ``[T]``; all tags where nothing is asked.
        proclitic: letters before the name at its first token, ``IGNORED`` elsewhere ``[T]``.
        spans: first token, token after the last, label id ``[3, E]``.
        pairs: head and tail ``[2, P]``.
        relations: targets ``[P, 14]``.
        allowed: relations that each pair may carry ``[P, 14]``.
    """

    input_ids: Ids
    tag_bits: Ids
    proclitic: Ids
    spans: Ids
    pairs: Ids
    relations: Mask
    allowed: Mask


@dataclass(slots=True)
class Unreachable:
    """Gold annotation that no prediction of this model could equal, by cause."""

    counts: dict[str, int] = field(default_factory=dict)

    def add(self, cause: str) -> None:
        """Count one."""
        self.counts[cause] = self.counts.get(cause, 0) + 1


@dataclass(frozen=True, slots=True)
class _Placed:
    """A gold entity in the words of a window; ``whole`` where the window holds all of it."""

    index: int
    first: int
    last: int
    letters: int
    opens: bool
    whole: bool


class FeatureBuilder:
    """Builds examples with one tokenizer and window size."""

    def __init__(self, tokenizer: WordTokenizer, max_tokens: int, overlap: int) -> None:
        self._tokenizer, self._max_tokens, self._overlap = tokenizer, max_tokens, overlap
        self.unreachable = Unreachable()

    def examples(self, document: Document, coverage: Coverage, *, complete: bool) -> Iterator[Example]:
        """The windows of a document.

        Args:
            document: text and annotation, with the labels of its source.
            coverage: what these labels mean.
            complete: whether the document carries the whole schema, relations and proclitics included.
        """
        related: set[int] = set()
        whole: set[int] = set()
        for window in iter_windows(document.text, self._tokenizer, self._max_tokens, self._overlap):
            placed = list(self._place(document, window))
            whole |= {item.index for item in placed if item.whole}
            yield self._example(document, window, placed, coverage, related, complete)
        for index in range(len(document.entities)):
            if index not in whole:
                self.unreachable.add("entity that no window shows whole within one sentence")
        lost = len(document.relations) - len(related) if complete else 0
        for _ in range(lost):
            self.unreachable.add("relation whose ends no window holds together")

    def _place(self, document: Document, window: Window) -> Iterator[_Placed]:
        start, end = window.words.start, window.words.end
        for index, entity in enumerate(document.entities):
            first = int(np.searchsorted(end, entity.start, side="right"))
            last = int(np.searchsorted(start, entity.end, side="left"))
            if first >= last:
                continue
            opens = bool(start[first] <= entity.start)
            whole = opens and bool(end[last - 1] >= entity.end)
            # An entity never crosses the end of its sentence in decoding.
            whole = whole and bool(window.sentence[first] == window.sentence[last - 1])
            yield _Placed(index, first, last, self._letters(document, entity, window, first), opens, whole)
            if end[last - 1] > entity.end and entity.end > start[last - 1]:
                self.unreachable.add("entity that ends inside a word")

    def _letters(self, document: Document, entity: Entity, window: Window, first: int) -> int:
        word_start = int(window.words.start[first])
        if entity.start <= word_start:
            return 0
        letters = count_letters(document.text, word_start, entity.start)
        if letters >= PROCLITIC_CLASSES:
            self.unreachable.add(
                f"entity that begins more than {PROCLITIC_CLASSES - 1} letters inside a word"
            )
        return min(letters, PROCLITIC_CLASSES - 1)

    def _example(
        self,
        document: Document,
        window: Window,
        placed: list[_Placed],
        coverage: Coverage,
        related: set[int],
        complete: bool,
    ) -> Example:
        first_piece = window.first_piece()
        bits = np.full(len(window.words), coverage.outside(), dtype=np.int64)
        proclitic = np.full(len(window.words), IGNORED, dtype=np.int64)
        taken, apart = 0, []
        for item in placed:
            label = document.entities[item.index].label
            if item.first < taken:
                self.unreachable.add("entity that shares a word with the one before")
                continue
            apart.append(item)
            bits[item.first : item.last] = coverage.inside(label, first=False)
            if item.opens:
                bits[item.first] = coverage.inside(label, first=True)
                if complete:
                    proclitic[item.first] = item.letters
            taken = item.last
        ids = window.input_ids(self._tokenizer)
        tag_bits = np.full(len(ids), ANY_TAG, dtype=np.int64)
        tag_bits[first_piece[:-1]] = bits
        letters = np.full(len(ids), IGNORED, dtype=np.int64)
        letters[first_piece[:-1]] = proclitic
        # The relation head reads entities in the order of the text, and none over another.
        whole = [item for item in apart if item.whole] if complete else []
        spans, pairs, relations, allowed = _relation_targets(document, window, whole, related)
        return Example(ids, tag_bits, letters, spans, pairs, relations, allowed)


def _relation_targets(
    document: Document, window: Window, whole: list[_Placed], related: set[int]
) -> tuple[Ids, Ids, Mask, Mask]:
    pieces = window.first_piece()
    labels = [document.entities[item.index].label for item in whole]
    spans = np.array(
        [
            [pieces[item.first] for item in whole],
            [pieces[item.last] for item in whole],
            [LABEL_IDS[label] for label in labels],
        ],
        dtype=np.int64,
    ).reshape(3, -1)
    heads, tails, allowed = candidate_pairs(labels, [window.sentence[item.first] for item in whole])
    row = {(head, tail): i for i, (head, tail) in enumerate(zip(heads.tolist(), tails.tolist(), strict=True))}
    place = {item.index: i for i, item in enumerate(whole)}
    targets = np.zeros((len(heads), len(RELATION_LABELS)), dtype=np.bool_)
    for number, relation in enumerate(document.relations):
        if relation.head not in place or relation.tail not in place:
            continue
        head, tail = place[relation.head], place[relation.tail]
        kind = RELATION_LABELS.index(relation.label)
        if RELATION_TYPES[kind].symmetric:
            head, tail = min(head, tail), max(head, tail)
        if (head, tail) in row:
            targets[row[head, tail], kind] = True
            related.add(number)
    return spans, np.stack([heads, tails]), targets, allowed


def build_examples(
    documents: Iterable[Document], coverage: Coverage, builder: FeatureBuilder, *, complete: bool
) -> list[Example]:
    """The examples of many documents."""
    return [
        example
        for document in documents
        for example in builder.examples(document, coverage, complete=complete)
    ]
