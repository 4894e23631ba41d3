"""Bootstrap intervals by document: whole documents are drawn again, since their errors hang together.

scores of every document -> a table of counts [documents, columns] -> sums of drawn rows -> a statistic
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
from scipy.stats import bootstrap

from khabar.document import Document
from khabar_data.metrics import Evaluation, Score, evaluate

Floats = npt.NDArray[np.float64]
Interval = tuple[float, float]

_RESAMPLES = 2000


def document_interval(
    gold: Sequence[Document],
    predicted: Sequence[Document],
    score: Callable[[Evaluation], Score],
    seed: int = 17,
) -> Interval | None:
    """The 95 % percentile interval of an F1, in percent; ``None`` for fewer than two documents."""
    scores = [score(evaluate([wanted], [found])) for wanted, found in zip(gold, predicted, strict=True)]
    return count_interval(count_table(scores), f1_percent, seed)


def count_table(scores: Sequence[Score]) -> Floats:
    """The counts of each document's score: true positives, predicted, gold; [documents, 3]."""
    counts = [[score.true_positives, score.predicted, score.gold] for score in scores]
    return np.array(counts, dtype=float).reshape(-1, 3)


def f1_percent(sums: Floats) -> Floats:
    """F1 in percent of summed counts [..., 3] -> [...]; 0 where there is nothing."""
    percent: Floats = 200 * sums[..., 0] / np.maximum(sums[..., 1] + sums[..., 2], 1)
    return percent


def count_interval(table: Floats, statistic: Callable[[Floats], Floats], seed: int = 17) -> Interval | None:
    """The 95 % percentile interval of a statistic of the summed counts of documents.

    Args:
        table: counts of each document, [documents, columns].
        statistic: from sums of columns, [..., columns], to values, [...].
        seed: the same documents are drawn for the same seed.

    Returns:
        The interval, rounded to two decimals; ``None`` for fewer than two documents.
    """
    if len(table) < 2:
        return None

    def of_rows(rows: Floats, axis: int = -1) -> Floats:
        drawn = table[rows.astype(int)]
        return statistic(drawn.sum(axis=axis if axis >= 0 else axis - 1))

    result = bootstrap(
        (np.arange(len(table)),),
        of_rows,
        n_resamples=_RESAMPLES,
        method="percentile",
        vectorized=True,
        rng=np.random.default_rng(seed),
    )
    low, high = result.confidence_interval
    return round(float(low), 2), round(float(high), 2)
