"""What a data set's annotation says about each label of the schema, and what it leaves open.

A data set that knows four types says nothing about the other nine: where it writes O, a title or a
date may well stand. A ``Coverage`` turns source labels into the sets of tags that each word may have.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from khabar.schema import ENTITY_LABELS
from khabar.tagging import OUTSIDE, TAG_IDS, TAGS


@dataclass(frozen=True, slots=True)
class Coverage:
    """The reading of one data set's labels.

    Attributes:
        labels: for each source label the labels of the schema that it may be; an empty tuple says
            that nothing is known about the words it marks.
        covers: labels of the schema that the data set marks wherever they stand.
    """

    labels: Mapping[str, tuple[str, ...]]
    covers: frozenset[str]

    def __post_init__(self) -> None:
        known = frozenset(ENTITY_LABELS)
        unknown = (
            set(self.covers) | {label for targets in self.labels.values() for label in targets}
        ) - known
        if unknown:
            raise ValueError(f"labels {sorted(unknown)} are not in the schema: {', '.join(ENTITY_LABELS)}")

    @classmethod
    def full(cls) -> Coverage:
        """The coverage of data annotated with the whole schema."""
        return cls({label: (label,) for label in ENTITY_LABELS}, frozenset(ENTITY_LABELS))

    def outside(self) -> int:
        """Tags, as a bit set, that a word outside every span may have."""
        open_labels = [label for label in ENTITY_LABELS if label not in self.covers]
        return tag_bits([OUTSIDE, *(f"{prefix}-{label}" for label in open_labels for prefix in "BI")])

    def inside(self, source_label: str, *, first: bool) -> int:
        """Tags, as a bit set, that the first word or a later one of a span may have.

        Raises:
            KeyError: the label map does not say what ``source_label`` is.
        """
        targets = self.labels[source_label]
        if not targets:
            return ANY_TAG
        prefix = "B" if first else "I"
        return tag_bits([f"{prefix}-{label}" for label in targets])


def tag_bits(tags: Sequence[str]) -> int:
    """A set of tags as an integer: bit ``i`` is set for ``TAGS[i]``."""
    return sum(1 << TAG_IDS[tag] for tag in tags)


ANY_TAG = (1 << len(TAGS)) - 1
