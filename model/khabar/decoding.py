"""Logits -> entities -> candidate pairs -> relations, for a group of windows at once.

tag logits [words, 27], proclitic logits [words, 4] -> entities with offsets
relation logits [pairs, 14] -> relations above their thresholds
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from khabar.calibration import UNSCALED, PlattScaling
from khabar.candidates import Indices, Mask, canonical
from khabar.document import Entity
from khabar.probabilities import Floats, log_probability, softmax
from khabar.repeated_words import share_between_equal_words
from khabar.schema import RELATION_LABELS
from khabar.span_edges import tidy_edges
from khabar.tag_path import Logits, best_path
from khabar.tagging import TagIds, tags_to_spans
from khabar.tokenization import skip_letters


@dataclass(frozen=True, slots=True)
class TaggedWords:
    """What the encoder said about the words of a group of windows.

    Attributes:
        start: first character of each word ``[words]``.
        end: the character after each word ``[words]``.
        sentence: number of each word's sentence ``[words]``.
        tag_logits: ``[words, 27]``.
        proclitic_logits: ``[words, 4]``: 0 to 3 letters stand before the name that begins here.
    """

    start: Indices
    end: Indices
    sentence: Indices
    tag_logits: Floats
    proclitic_logits: Floats

    def sentence_breaks(self) -> Indices:
        """The words that begin the second and every later sentence."""
        return np.flatnonzero(np.diff(self.sentence)) + 1


@dataclass(frozen=True, slots=True)
class FoundEntity:
    """An entity with its place in the words of its group: ``[first, last)``.

    Attributes:
        entity: with the score that is given out.
        first: its first word.
        last: the word after its last one.
        sentence: number of its sentence.
        certainty: logarithm of its raw probability.
    """

    entity: Entity
    first: int
    last: int
    sentence: int
    certainty: float


def asked_together(text: str, words: TaggedWords) -> Floats:
    """The tag logits ``[words, 27]`` from which tags are chosen: equal words know of each other."""
    surfaces = [text[start:end] for start, end in zip(words.start.tolist(), words.end.tolist(), strict=True)]
    return share_between_equal_words(words.tag_logits, surfaces)


def decode_entities(
    text: str, words: TaggedWords, scaling: PlattScaling = UNSCALED, transitions: Logits | None = None
) -> list[FoundEntity]:
    """The entities of a run of words, in text order; their scores are mean word probabilities, scaled.

    Args:
        text: the whole text.
        words: some of its words, in text order.
        scaling: raw score -> score.
        transitions: what a tag adds behind another one ``[27, 27]``.
    """
    if not len(words.start):
        return []
    logits = asked_together(text, words)
    # An entity never crosses the end of its sentence: no sequence begins with I-.
    tags = best_path(logits, words.sentence_breaks(), transitions)
    spans = tags_to_spans(tags)
    if not spans:
        return []
    letters = words.proclitic_logits[[span.first for span in spans]].argmax(axis=1).tolist()
    raw = _mean_probabilities(logits, tags)
    scores, certainties = scaling(raw).tolist(), log_probability(raw).tolist()
    # A span may grow over marks, never into the next one.
    limits = [*words.start[[span.first for span in spans[1:]]].tolist(), len(text)]
    found = []
    for span, limit, skipped, score, certainty in zip(
        spans, limits, letters, scores, certainties, strict=True
    ):
        first, last = span.first, span.last
        start = skip_letters(text, int(words.start[first]), int(words.end[first]), skipped)
        start, end = tidy_edges(text, start, int(words.end[last - 1]), limit)
        if start < end:
            entity = Entity(start, end, span.label, text[start:end], round(score, 4))
            found.append(FoundEntity(entity, first, last, int(words.sentence[first]), certainty))
    return found


def _mean_probabilities(logits: Floats, tags: TagIds) -> Floats:
    """The mean probability of the chosen tags over the words of each span of a valid sequence ``[spans]``."""
    rows = np.flatnonzero(tags)
    chosen = tags[rows]
    probabilities = softmax(logits[rows])[np.arange(len(rows)), chosen]
    first = np.flatnonzero(chosen % 2)
    sizes = np.diff(np.append(first, len(rows)))
    means: Floats = np.add.reduceat(probabilities, first) / sizes
    return means


def decode_relations(
    labels: Sequence[str],
    certainties: Floats,
    pairs: tuple[Indices, Indices, Mask],
    logits: Floats,
    thresholds: Floats,
    scaling: PlattScaling = UNSCALED,
) -> list[tuple[int, int, str, float]]:
    """The relations whose score reaches their threshold, as (head, tail, label, score).

    Args:
        labels: labels of the entities that the pairs index.
        certainties: logarithms of their raw probabilities ``[entities]``.
        pairs: heads, tails and allowed relations, from ``candidate_pairs``.
        logits: ``[pairs, 14]``.
        thresholds: of the scores, one for each relation in the order of the schema ``[14]``.
        scaling: log-odds -> score.
    """
    heads, tails, allowed = pairs
    scores = scaling.of_log_odds(logits, (certainties[heads] + certainties[tails])[:, None])
    found = []
    for pair, relation in np.argwhere(allowed & (scores >= thresholds)).tolist():
        head, tail = int(heads[pair]), int(tails[pair])
        head, tail = canonical(head, tail, relation, labels[head], labels[tail])
        found.append((head, tail, RELATION_LABELS[relation], round(float(scores[pair, relation]), 4)))
    return found
