"""Bootstrap intervals by document: whole documents are drawn again, since their errors hang together."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
from scipy.stats import bootstrap

from khabar.document import Document
from khabar_data.metrics import Evaluation, Score, evaluate

Floats = npt.NDArray[np.float64]

_RESAMPLES = 2000


def document_interval(
    gold: Sequence[Document],
    predicted: Sequence[Document],
    score: Callable[[Evaluation], Score],
    seed: int = 17,
) -> tuple[float, float] | None:
    """The 95 % percentile interval of an F1, in percent; ``None`` for fewer than two documents."""
    if len(gold) < 2:
        return None
    counts = [score(evaluate([wanted], [found])) for wanted, found in zip(gold, predicted, strict=True)]
    table = np.array([[c.true_positives, c.predicted, c.gold] for c in counts], dtype=float)

    def f1(rows: Floats, axis: int = -1) -> Floats:
        true, found, wanted = (table[rows.astype(int), column].sum(axis=axis) for column in range(3))
        percent: Floats = 200 * true / np.maximum(found + wanted, 1)
        return percent

    result = bootstrap(
        (np.arange(len(gold)),),
        f1,
        n_resamples=_RESAMPLES,
        method="percentile",
        vectorized=True,
        rng=np.random.default_rng(seed),
    )
    low, high = result.confidence_interval
    return round(float(low), 2), round(float(high), 2)
