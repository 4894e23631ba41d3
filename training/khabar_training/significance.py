"""Is one model better than another, or were the documents kind to it? A paired test by document.

    counts of both models [documents, 3] -> difference in F1 -> approximate randomization -> p
                                                            -> bootstrap over documents -> interval

Approximate randomization (Noreen 1989; for F scores Yeh 2000): if the two models were alike, it would not
matter which of them gave a document's predictions, so these change sides at random. p is the part of
such exchanges that part the two at least as far as they are, doubled for the two directions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from scipy.stats import permutation_test

from khabar_training.confidence import Floats, Interval, count_interval, f1_percent

_RESAMPLES: Final = 9999
#: Exchanges held in memory together, so that a test of thousands of documents stays small.
_BATCH: Final = 500


@dataclass(frozen=True, slots=True)
class Comparison:
    """One score of two models over the same documents.

    Attributes:
        difference: F1 of the first model less that of the second, in percent.
        interval: 95 % interval of the difference, by bootstrap over documents; ``None`` for fewer than two.
        p_value: two-sided; ``None`` for fewer than two documents.
        better: documents in which the first model's F1 is higher.
        worse: documents in which it is lower.
        equal: documents in which it is the same.
    """

    difference: float
    interval: Interval | None
    p_value: float | None
    better: int
    worse: int
    equal: int

    def to_dict(self) -> dict[str, Any]:
        """The report form."""
        return {
            "difference": round(self.difference, 2),
            "interval_95": self.interval,
            "p_value": None if self.p_value is None else round(self.p_value, 4),
            "documents_better": self.better,
            "documents_worse": self.worse,
            "documents_equal": self.equal,
        }


def compare(first: Floats, second: Floats, seed: int = 17) -> Comparison:
    """Compare the micro F1 of two models.

    Args:
        first: true positives, predicted and gold of each document, [documents, 3].
        second: the same documents in the same order, as the other model has them.
        seed: of the exchanges and of the bootstrap.

    Raises:
        ValueError: the two are not about as many documents.
    """
    if first.shape != second.shape:
        raise ValueError(f"{len(first)} documents against {len(second)}: a paired test needs the same ones")
    by_document = f1_percent(first) - f1_percent(second)
    return Comparison(
        difference=float(f1_percent(first.sum(axis=0)) - f1_percent(second.sum(axis=0))),
        interval=count_interval(np.hstack([first, second]), _difference, seed),
        p_value=_randomization(first, second, seed) if len(first) > 1 else None,
        better=int((by_document > 0).sum()),
        worse=int((by_document < 0).sum()),
        equal=int((by_document == 0).sum()),
    )


def _difference(sums: Floats) -> Floats:
    """Difference in F1 of sums [..., 6]: three columns of one model, three of the other."""
    return f1_percent(sums[..., :3]) - f1_percent(sums[..., 3:])


def _randomization(first: Floats, second: Floats, seed: int) -> float:
    """The two-sided p; of all exchanges where there are fewer of them than we would draw."""
    table = np.vstack([first, second])

    def difference(one: Floats, other: Floats, axis: int = -1) -> Floats:
        # Rows of the table come here, since a document's three counts change sides together.
        sums = [table[np.moveaxis(rows, axis, -1).astype(int)].sum(axis=-2) for rows in (one, other)]
        return f1_percent(sums[0]) - f1_percent(sums[1])

    rows = np.arange(len(table)).reshape(2, -1)
    result = permutation_test(
        (rows[0], rows[1]),
        difference,
        permutation_type="samples",
        vectorized=True,
        n_resamples=_RESAMPLES,
        batch=_BATCH,
        rng=np.random.default_rng(seed),
    )
    return float(result.pvalue)
