"""Whether a score of 0.8 is right eight times in ten: reliability bins and the expected calibration error.

    predictions -> scores and whether each is right -> bins of equal width -> gap of each bin -> ECE

The expected calibration error is that of Naeini et al. 2015 and Guo et al. 2017 (On Calibration of Modern
Neural Networks): the mean over all predictions of how far the accuracy of their bin is from its mean
score. Only what a model gave out is here; pairs below the threshold of a relation are not.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from khabar.document import Document
from khabar_data.metrics import relation_items

DEFINITION: Final = (
    "ECE = sum over bins of (predictions in the bin / all predictions) x |accuracy - mean score|;"
    " bins of equal width (Naeini et al. 2015; Guo et al. 2017)"
)
BINS: Final = 10


@dataclass(frozen=True, slots=True)
class Bin:
    """The predictions with a score in ``[low, high)``; the last bin holds 1 as well.

    Attributes:
        low: lower edge.
        high: upper edge.
        count: predictions in it.
        mean_score: mean of their scores; 0 where there are none.
        accuracy: part of them that is right; 0 where there are none.
    """

    low: float
    high: float
    count: int
    mean_score: float
    accuracy: float


@dataclass(frozen=True, slots=True)
class Calibration:
    """A reliability diagram as figures."""

    bins: tuple[Bin, ...]

    @property
    def count(self) -> int:
        """Predictions in all bins."""
        return sum(part.count for part in self.bins)

    @property
    def expected_calibration_error(self) -> float:
        """Between 0 (scores are frequencies) and 1; 0 where there is nothing."""
        return self._mean(abs(part.accuracy - part.mean_score) for part in self.bins)

    @property
    def overconfidence(self) -> float:
        """Mean score less accuracy over all predictions: above 0 the scores promise too much."""
        return self._mean(part.mean_score - part.accuracy for part in self.bins)

    def to_dict(self) -> dict[str, Any]:
        """The report form; empty bins are left out."""
        return {
            "expected_calibration_error": round(self.expected_calibration_error, 4),
            "overconfidence": round(self.overconfidence, 4),
            "count": self.count,
            "bins": [
                {
                    "low": round(part.low, 4),
                    "high": round(part.high, 4),
                    "count": part.count,
                    "mean_score": round(part.mean_score, 4),
                    "accuracy": round(part.accuracy, 4),
                }
                for part in self.bins
                if part.count
            ],
        }

    def _mean(self, gaps: Iterator[float]) -> float:
        weighted = sum(part.count * gap for part, gap in zip(self.bins, gaps, strict=True))
        return weighted / self.count if self.count else 0.0


def calibration(scores: Sequence[float], right: Sequence[bool], bins: int = BINS) -> Calibration:
    """Put predictions into bins of equal width over [0, 1].

    Args:
        scores: probability that the model gives each prediction.
        right: whether each prediction is right, in the same order.
        bins: how many.

    Raises:
        ValueError: the two differ in length, or a score is no probability.
    """
    if len(scores) != len(right):
        raise ValueError(f"{len(scores)} scores for {len(right)} predictions")
    given, hits = np.asarray(scores, dtype=float), np.asarray(right, dtype=float)
    # Written so that NaN fails as well.
    if not np.all((given >= 0) & (given <= 1)):
        raise ValueError("a score is not between 0 and 1")
    # Not linspace: its third edge of ten lies above 0.3, and scores come rounded.
    edges = np.arange(bins + 1) / bins
    place = np.digitize(given, edges[1:-1])
    counts = np.bincount(place, minlength=bins)
    some = np.maximum(counts, 1)
    mean_scores = np.bincount(place, given, minlength=bins) / some
    accuracies = np.bincount(place, hits, minlength=bins) / some
    rows = zip(edges, edges[1:], counts, mean_scores, accuracies, strict=False)
    return Calibration(
        tuple(Bin(float(a), float(b), int(n), float(mean), float(rate)) for a, b, n, mean, rate in rows)
    )


def scored_entities(gold: Sequence[Document], predicted: Sequence[Document]) -> list[tuple[float, bool]]:
    """Score of each entity and whether a gold entity has its span and label; unscored ones are left out."""
    return [
        (entity.score, entity in known)
        for document, known in zip(predicted, (set(item.entities) for item in gold), strict=True)
        for entity in document.entities
        if entity.score is not None
    ]


def scored_relations(gold: Sequence[Document], predicted: Sequence[Document]) -> list[tuple[float, bool]]:
    """Score of each relation and whether it is right as Rel+ has it; unscored ones are left out."""
    scored: list[tuple[float, bool]] = []
    for wanted, found in zip(gold, predicted, strict=True):
        known = set(relation_items(wanted, typed=True))
        for relation, item in zip(found.relations, relation_items(found, typed=True), strict=True):
            if relation.score is not None:
                scored.append((relation.score, item in known))
    return scored


def entity_calibration(gold: Sequence[Document], predicted: Sequence[Document]) -> Calibration:
    """The diagram of entity scores."""
    scored = scored_entities(gold, predicted)
    return calibration([score for score, _ in scored], [right for _, right in scored])


def relation_calibration(gold: Sequence[Document], predicted: Sequence[Document]) -> Calibration:
    """The diagram of relation scores."""
    scored = scored_relations(gold, predicted)
    return calibration([score for score, _ in scored], [right for _, right in scored])
