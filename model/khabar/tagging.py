"""Word spans <-> IOB2 tags, and the tag that the best valid sequence gives each word."""

from __future__ import annotations

import itertools
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from khabar.document import Entity
from khabar.schema import ENTITY_LABELS

Logits = npt.NDArray[np.floating[Any]]
TagIds = npt.NDArray[np.int64]

OUTSIDE: Final = "O"
#: The 27 tags in the order of the model's logits: O, then B- and I- of each entity label.
TAGS: Final[tuple[str, ...]] = (OUTSIDE, *(f"{prefix}-{label}" for label in ENTITY_LABELS for prefix in "BI"))
TAG_IDS: Final[dict[str, int]] = {tag: index for index, tag in enumerate(TAGS)}


@dataclass(frozen=True, slots=True)
class WordSpan:
    """An entity over words ``[first, last)`` of a sequence."""

    first: int
    last: int
    label: str


def spans_to_tags(spans: Iterable[WordSpan], words: int) -> list[str]:
    """IOB2 tags of ``words`` words.

    Raises:
        ValueError: a span is empty, outside the words, or overlaps another one.
    """
    tags = [OUTSIDE] * words
    for span in spans:
        if not 0 <= span.first < span.last <= words:
            raise ValueError(f"span [{span.first}, {span.last}) is empty or outside of {words} words")
        if any(tag != OUTSIDE for tag in tags[span.first : span.last]):
            raise ValueError(f"span [{span.first}, {span.last}) overlaps another one")
        tags[span.first] = f"B-{span.label}"
        tags[span.first + 1 : span.last] = [f"I-{span.label}"] * (span.last - span.first - 1)
    return tags


def tags_to_spans(tags: TagIds) -> list[WordSpan]:
    """Spans of strict IOB2 tags ``[words]``; an ``I-`` that nothing opened opens nothing."""
    kinds = (tags + 1) // 2
    opens = np.flatnonzero(tags % 2)
    goes_on = (tags[1:] % 2 == 0) & (kinds[1:] == kinds[:-1]) & (tags[1:] > 0)
    stops = np.append(np.flatnonzero(~goes_on) + 1, len(tags))
    ends = stops[np.searchsorted(stops, opens, side="right")]
    return [
        WordSpan(first, last, ENTITY_LABELS[kind - 1])
        for first, last, kind in zip(opens.tolist(), ends.tolist(), kinds[opens].tolist(), strict=True)
    ]


def word_tags(words: Sequence[str], entities: Iterable[Entity]) -> list[str]:
    """IOB2 tags of words from entities of the text ``" ".join(words)``; of two in a word the first counts.

    Args:
        words: any strings, empty ones too.
        entities: in text order, not overlapping.
    """
    starts = [0, *itertools.accumulate(len(word) + 1 for word in words)]
    tags, free = [OUTSIDE] * len(words), 0
    for entity in entities:
        first = max(bisect_right(starts, entity.start) - 1, free)
        last = min(bisect_left(starts, entity.end), len(words))
        if first < last:
            tags[first] = f"B-{entity.label}"
            tags[first + 1 : last] = [f"I-{entity.label}"] * (last - first - 1)
            free = last
    return tags


@cache
def _grammar(tags: tuple[str, ...]) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Which tags are I- ``[L]``, and whether tag b may follow tag a ``[L, L]``: I-X only B-X and I-X."""
    inside = np.array([tag.startswith("I-") for tag in tags])
    follows = [[not b.startswith("I-") or (a != OUTSIDE and a[2:] == b[2:]) for b in tags] for a in tags]
    return inside, np.array(follows)


def best_tags(logits: Logits, tags: tuple[str, ...] = TAGS) -> TagIds:
    """The valid IOB2 sequence ``[words]`` over ``tags`` with the greatest sum of ``logits`` ``[words, L]``.

    Where the best tag of every word happens to make a valid sequence, that is it; only otherwise
    the Viterbi recursion (Forney 1973) has to run.
    """
    inside, may_follow = _grammar(tags)
    greedy: TagIds = logits.argmax(axis=1).astype(np.int64)
    if not len(greedy) or (not inside[greedy[0]] and may_follow[greedy[:-1], greedy[1:]].all()):
        return greedy
    penalty = np.where(may_follow, 0.0, -np.inf)
    score = np.where(inside, -np.inf, logits[0])
    back = np.empty((len(logits), len(tags)), dtype=np.int64)
    for position in range(1, len(logits)):
        paths = score[:, None] + penalty
        back[position] = paths.argmax(axis=0)
        score = paths.max(axis=0) + logits[position]
    best = np.empty(len(logits), dtype=np.int64)
    best[-1] = score.argmax()
    for position in range(len(logits) - 1, 0, -1):
        best[position - 1] = back[position, best[position]]
    return best


def best_tags_of_runs(logits: Logits, breaks: Sequence[int] | TagIds) -> TagIds:
    """``best_tags`` of several sequences that stand one after the other.

    Args:
        logits: ``[words, 27]``.
        breaks: where the second and every later sequence begins.
    """
    inside, may_follow = _grammar(TAGS)
    tags: TagIds = logits.argmax(axis=1).astype(np.int64)
    wrong = inside[tags]
    wrong[1:] &= ~may_follow[tags[:-1], tags[1:]]
    wrong[breaks] = inside[tags[breaks]]
    if wrong.any():
        for low, high in itertools.pairwise([0, *breaks, len(tags)]):
            if wrong[low:high].any():
                tags[low:high] = best_tags(logits[low:high])
    return tags
