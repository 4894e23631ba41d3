"""Relation thresholds from development documents: for each relation the one with the best F1."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from khabar.document import Document, Relation
from khabar.schema import RELATION_LABELS
from khabar_data.metrics import Tally, relation_items

DEFAULT_THRESHOLD: Final = 0.5
#: Raw probability from which a pair is looked at when thresholds and scaling are chosen.
LOWEST: Final = 0.05
_GRID: Final = tuple(round(0.05 + 0.025 * i, 3) for i in range(37))
#: Below so many gold relations a threshold of their own is noise: the shared one is taken.
_ENOUGH: Final = 15


def choose_thresholds(gold: Sequence[Document], predicted: Sequence[Document]) -> dict[str, float]:
    """The best threshold of each relation, and the best shared one for relations rare in ``gold``.

    Args:
        gold: annotated documents.
        predicted: the same texts tagged with low thresholds, so that scores tell the rest.
    """
    shared = _best(gold, predicted, None)
    support = Tally()
    for document in gold:
        support.add(relation_items(document, typed=True), [])
    return {
        label: _best(gold, predicted, label) if support.gold[label] >= _ENOUGH else shared
        for label in RELATION_LABELS
    }


def _best(gold: Sequence[Document], predicted: Sequence[Document], label: str | None) -> float:
    scores = {threshold: _f1(gold, predicted, label, threshold) for threshold in _GRID}
    # Among equals the one nearest to the default: the flat top of the curve, not its edge.
    return max(scores, key=lambda threshold: (scores[threshold], -abs(threshold - DEFAULT_THRESHOLD)))


def _f1(
    gold: Sequence[Document], predicted: Sequence[Document], label: str | None, threshold: float
) -> float:
    tally = Tally()
    for wanted, found in zip(gold, predicted, strict=True):
        kept = above_threshold(found, dict.fromkeys(RELATION_LABELS, threshold))
        tally.add(
            [item for item in relation_items(wanted, typed=True) if label in (None, item[0])],
            [item for item in relation_items(kept, typed=True) if label in (None, item[0])],
        )
    return tally.micro().f1


def above_threshold(document: Document, thresholds: dict[str, float]) -> Document:
    """The document with only the relations whose score reaches their threshold."""
    kept = tuple(
        relation for relation in document.relations if _score(relation) >= thresholds[relation.label]
    )
    return Document(document.text, document.entities, kept, document.id, document.meta)


def _score(relation: Relation) -> float:
    return 1.0 if relation.score is None else relation.score
