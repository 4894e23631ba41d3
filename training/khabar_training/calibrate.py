"""Fit Platt scaling of entity and relation scores on development documents.

gold, predictions with raw scores -> log-odds and whether each is right -> slope, bias and ends -> thresholds
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np
from scipy.optimize import minimize

from khabar.bundle import DecodingOptions
from khabar.calibration import PlattScaling
from khabar.document import Document
from khabar.probabilities import log_probability
from khabar.session import Floats
from khabar_training.calibration_error import scored_entities, scored_relations
from khabar_training.thresholds import choose_thresholds

#: Fewer predictions than this say nothing: their scores stay as they are.
_ENOUGH: Final = 50
_LEAST_SLOPE: Final = 0.05


def fit_platt(
    scores: Sequence[float], right: Sequence[bool], certainty: Sequence[float] | None = None
) -> PlattScaling:
    """The slope, bias and weight of both ends of the greatest likelihood, with Platt's smoothed targets.

    Args:
        scores: raw probability of each prediction.
        right: whether each is right, in the same order.
        certainty: for relations, sum of the logarithms of the raw probabilities of their ends.
    """
    hits = np.asarray(right, dtype=float)
    positives, negatives = hits.sum(), len(hits) - hits.sum()
    if len(hits) < _ENOUGH or not positives or not negatives:
        return PlattScaling()
    probabilities = np.clip(np.asarray(scores, dtype=float), 1e-6, 1 - 1e-6)
    log_odds = np.log(probabilities / (1 - probabilities))
    targets = np.where(hits > 0, (positives + 1) / (positives + 2), 1 / (negatives + 2))

    ends = np.zeros(len(hits)) if certainty is None else np.asarray(certainty, dtype=float)

    def loss(parameters: Floats) -> float:
        margin = parameters[0] * log_odds + parameters[1] + parameters[2] * ends
        return float(np.mean(np.logaddexp(0, margin) - targets * margin))

    bounds = [(_LEAST_SLOPE, None), (None, None), (0.0, None)]
    found = minimize(loss, x0=[1.0, 0.0, 0.0], bounds=bounds, method="L-BFGS-B")
    return PlattScaling(*(round(float(value), 4) for value in found.x))


def fit_entities(gold: Sequence[Document], predicted: Sequence[Document]) -> PlattScaling:
    """Scaling of entity scores; right is what has span and label of a gold entity."""
    scored = scored_entities(gold, predicted)
    return fit_platt([score for score, _ in scored], [right for _, right in scored])


def fit_relations(gold: Sequence[Document], predicted: Sequence[Document]) -> PlattScaling:
    """Scaling of relation scores; right as Rel+ has it, so it answers for both ends as well.

    Args:
        gold: annotated documents.
        predicted: the same texts with raw scores, those of all entities too.
    """
    scored = scored_relations(gold, predicted)
    certainty = np.concatenate([_certainty(document) for document in predicted])
    return fit_platt([score for score, _ in scored], [right for _, right in scored], certainty.tolist())


def _certainty(document: Document) -> Floats:
    """The logarithm of the probability of both ends of each relation, as the runtime takes it."""
    raw = np.array([_given(entity.score) for entity in document.entities])
    ends = np.array([(relation.head, relation.tail) for relation in document.relations], dtype=int)
    summed: Floats = log_probability(raw)[ends.reshape(-1, 2)].sum(axis=1)
    return summed


def _given(score: float | None) -> float:
    return 1.0 if score is None else score


def calibrated(
    options: DecodingOptions, gold: Sequence[Document], predicted: Sequence[Document]
) -> DecodingOptions:
    """``options`` with the scaling of scores, and with thresholds chosen on scaled scores.

    Args:
        options: without scaling.
        gold: annotated documents.
        predicted: the same texts tagged by ``options`` with thresholds of ``thresholds.LOWEST``.
    """
    relations = fit_relations(gold, predicted)
    thresholds = choose_thresholds(gold, [_scaled(document, relations) for document in predicted])
    return replace(
        options,
        thresholds=thresholds,
        entity_scaling=fit_entities(gold, predicted),
        relation_scaling=relations,
    )


def _scaled(document: Document, scaling: PlattScaling) -> Document:
    raw = np.array([relation.score for relation in document.relations], dtype=float)
    scores = scaling(raw, _certainty(document))
    scored = zip(document.relations, scores.tolist(), strict=True)
    return replace(document, relations=tuple(replace(relation, score=score) for relation, score in scored))
