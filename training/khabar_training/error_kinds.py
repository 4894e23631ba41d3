"""What kind of error each prediction and each missed annotation is, counted by label.

    gold, predicted -> paired entities -> paired relations -> counts by kind and label, confusion of labels

Every gold item and every prediction has exactly one kind.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from khabar.document import Document
from khabar.schema import ENTITY_LABELS, RELATION_LABELS
from khabar_data.metrics import Score
from khabar_training.entity_errors import EntityKind, EntityPair, align_entities
from khabar_training.relation_errors import RelationKind, RelationPair, align_relations

_OVERLAPPING: Final = (EntityKind.CORRECT, EntityKind.PROCLITIC, EntityKind.BOUNDARY)


@dataclass(frozen=True, slots=True)
class DocumentErrors:
    """Every entity and every relation of one document with its kind."""

    entities: tuple[EntityPair, ...]
    relations: tuple[RelationPair, ...]

    @classmethod
    def between(cls, gold: Document, predicted: Document) -> DocumentErrors:
        """Compare a prediction with the annotation of the same text."""
        entities = align_entities(gold, predicted)
        return cls(tuple(entities), tuple(align_relations(gold, predicted, entities)))

    def overlap_score(self) -> Score:
        """The lenient entity score: the label right and any character shared (SemEval-2013's "type")."""
        return Score(
            sum(pair.kind in _OVERLAPPING for pair in self.entities),
            sum(pair.predicted is not None for pair in self.entities),
            sum(pair.gold is not None for pair in self.entities),
        )


def entity_error_table(documents: Iterable[DocumentErrors]) -> dict[str, Any]:
    """Counts of kinds, overall and by label, and the confusion of labels.

    Returns:
        ``kinds``: kind -> count. ``by_label``: label -> kind -> count, spurious ones under the label
        that was predicted and all others under gold's. ``confusion``: gold label -> predicted label
        -> count over all pairs, whatever their boundaries; ``missed`` as a column, ``spurious`` as a
        row; only what occurs.
    """
    pairs = [pair for document in documents for pair in document.entities]
    confusion: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for pair in pairs:
        row = pair.gold.label if pair.gold else EntityKind.SPURIOUS.value
        confusion[row][pair.predicted.label if pair.predicted else EntityKind.MISSED.value] += 1
    labelled = [(pair.kind, (pair.gold or pair.predicted)) for pair in pairs]
    return {
        **_by_kind([(kind, item.label) for kind, item in labelled if item], EntityKind, ENTITY_LABELS),
        "confusion": {label: dict(confusion[label]) for label in sorted(confusion)},
    }


def relation_error_table(documents: Iterable[DocumentErrors]) -> dict[str, Any]:
    """Counts of kinds, overall and by label, and which label was taken for which.

    Returns:
        ``kinds`` and ``by_label`` as for entities. ``wrong_labels``: gold label -> predicted label ->
        count, over relations between the right pair; only what occurs.
    """
    pairs = [pair for document in documents for pair in document.relations]
    wrong: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for pair in pairs:
        if pair.kind is RelationKind.LABEL and pair.gold and pair.predicted:
            wrong[pair.gold.label][pair.predicted.label] += 1
    labelled = [(pair.kind, (pair.gold or pair.predicted)) for pair in pairs]
    return {
        **_by_kind([(kind, item.label) for kind, item in labelled if item], RelationKind, RELATION_LABELS),
        "wrong_labels": {label: dict(wrong[label]) for label in sorted(wrong)},
    }


def _by_kind(
    items: Sequence[tuple[StrEnum, str]], kinds: type[StrEnum], labels: Sequence[str]
) -> dict[str, Any]:
    counts = Counter((kind.value, label) for kind, label in items)
    present = {label for _, label in items}
    rows = [*(label for label in labels if label in present), *sorted(present - set(labels))]
    return {
        "kinds": {kind.value: sum(counts[kind.value, label] for label in rows) for kind in kinds},
        "by_label": {label: {kind.value: counts[kind.value, label] for kind in kinds} for label in rows},
    }
