"""Relation thresholds from development documents: for each relation the one with the best F1.

What is best for a relation with few examples is half chance, so each leans on all of them together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from khabar.document import Document, Relation
from khabar.schema import RELATION_LABELS
from khabar_data.metrics import Tally, relation_items

DEFAULT_THRESHOLD: Final = 0.5
#: Raw probability from which a pair is looked at when thresholds and scaling are chosen.
LOWEST: Final = 0.05
_GRID: Final = tuple(round(0.05 + 0.025 * i, 3) for i in range(37))
#: As many gold relations of the average kind stand beside those of each relation. Chosen on two of the
#: development sets and tried on the third one (docs/experiments.md).
_SHARED: Final = 250


def choose_thresholds(gold: Sequence[Document], predicted: Sequence[Document]) -> dict[str, float]:
    """The best threshold of each relation and its share of all the others.

    Args:
        gold: annotated documents.
        predicted: the same texts tagged with low thresholds, so that scores tell the rest.
    """
    tallies = {threshold: _tally(gold, predicted, threshold) for threshold in _GRID}
    return {label: _best({t: _f1(tally, label) for t, tally in tallies.items()}) for label in RELATION_LABELS}


def _best(scores: dict[float, float]) -> float:
    # Among equals the one nearest to the default: the flat top of the curve, not its edge.
    return max(scores, key=lambda threshold: (scores[threshold], -abs(threshold - DEFAULT_THRESHOLD)))


def _tally(gold: Sequence[Document], predicted: Sequence[Document], threshold: float) -> Tally:
    tally = Tally()
    for wanted, found in zip(gold, predicted, strict=True):
        kept = replace(found, relations=tuple(r for r in found.relations if _score(r) >= threshold))
        tally.add(relation_items(wanted, typed=True), relation_items(kept, typed=True))
    return tally


def _f1(tally: Tally, label: str) -> float:
    """F1 of a relation together with ``_SHARED`` relations of the average kind."""
    everything = tally.micro()
    weight = _SHARED / max(everything.gold, 1)
    right = tally.true_positives[label] + weight * everything.true_positives
    asked = tally.gold[label] + tally.predicted[label] + weight * (everything.gold + everything.predicted)
    return 2 * right / asked if asked else 0.0


def _score(relation: Relation) -> float:
    return 1.0 if relation.score is None else relation.score
