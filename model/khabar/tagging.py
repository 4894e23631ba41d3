"""Word spans <-> IOB2 tags."""

from __future__ import annotations

import itertools
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from khabar.document import Entity
from khabar.schema import ENTITY_LABELS

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
