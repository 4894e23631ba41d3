"""Strict scores: entities by exact characters and label, relations by both ends.

    Rel+   relation, both spans and both labels right, on predicted entities   (the headline)
    Rel    the same without the entities' labels

Definitions as in PURE (Zhong and Chen 2021) and Taillé et al. 2020. A symmetric relation counts in
either order. All counts are of sets: a relation found twice counts once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field

from khabar.document import Document, Relation
from khabar.schema import ENTITY_LABELS, RELATION_LABELS, RELATIONS_BY_LABEL

Span = tuple[int, int, str]


@dataclass(frozen=True, slots=True)
class Score:
    """Counts of one comparison, and precision, recall and F1 from them; 0 where there is nothing."""

    true_positives: int
    predicted: int
    gold: int

    @property
    def precision(self) -> float:
        """Part of the predictions that are right."""
        return self.true_positives / self.predicted if self.predicted else 0.0

    @property
    def recall(self) -> float:
        """Part of the gold that was found."""
        return self.true_positives / self.gold if self.gold else 0.0

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall."""
        return 2 * self.true_positives / (self.predicted + self.gold) if self.predicted + self.gold else 0.0

    def to_dict(self) -> dict[str, float | int]:
        """Percentages with two decimals, and the support."""
        return {
            "precision": round(100 * self.precision, 2),
            "recall": round(100 * self.recall, 2),
            "f1": round(100 * self.f1, 2),
            "support": self.gold,
            "predicted": self.predicted,
        }


@dataclass(slots=True)
class Tally:
    """Counts by label over many documents."""

    true_positives: Counter[str] = field(default_factory=Counter)
    predicted: Counter[str] = field(default_factory=Counter)
    gold: Counter[str] = field(default_factory=Counter)

    def add(self, gold: Iterable[tuple[str, Hashable]], predicted: Iterable[tuple[str, Hashable]]) -> None:
        """Add one document's (label, thing) sets."""
        wanted, found = set(gold), set(predicted)
        self.gold.update(label for label, _ in wanted)
        self.predicted.update(label for label, _ in found)
        self.true_positives.update(label for label, _ in wanted & found)

    def micro(self) -> Score:
        """The score over all labels together."""
        return Score(self.true_positives.total(), self.predicted.total(), self.gold.total())

    def by_label(self, labels: Sequence[str]) -> dict[str, Score]:
        """The score of each label."""
        return {
            label: Score(self.true_positives[label], self.predicted[label], self.gold[label])
            for label in labels
        }


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Scores of predicted documents against gold ones."""

    entities: Tally
    relations_strict: Tally
    relations_boundaries: Tally
    proclitic_errors: int

    def to_dict(self) -> dict[str, object]:
        """The report form."""
        per_relation = self.relations_strict.by_label(RELATION_LABELS)
        present = [score.f1 for score in per_relation.values() if score.gold]
        return {
            "ner_strict": self.entities.micro().to_dict(),
            "rel_plus": self.relations_strict.micro().to_dict(),
            "rel": self.relations_boundaries.micro().to_dict(),
            "rel_plus_macro_f1": round(100 * sum(present) / len(present), 2) if present else 0.0,
            "proclitic_only_errors": self.proclitic_errors,
            "entities": {
                label: score.to_dict() for label, score in self.entities.by_label(ENTITY_LABELS).items()
            },
            "relations": {label: score.to_dict() for label, score in per_relation.items()},
        }


def evaluate(gold: Sequence[Document], predicted: Sequence[Document]) -> Evaluation:
    """Compare predictions with gold, document by document.

    Raises:
        ValueError: the lists differ in length, or a pair of documents in its text.
    """
    evaluation = Evaluation(Tally(), Tally(), Tally(), sum(map(_proclitic_only, gold, predicted)))
    for wanted, found in zip(gold, predicted, strict=True):
        if wanted.text != found.text:
            raise ValueError(f"document {wanted.id}: gold and predicted text differ")
        evaluation.entities.add(_entities(wanted), _entities(found))
        evaluation.relations_strict.add(relation_items(wanted, typed=True), relation_items(found, typed=True))
        evaluation.relations_boundaries.add(
            relation_items(wanted, typed=False), relation_items(found, typed=False)
        )
    return evaluation


def _entities(document: Document) -> list[tuple[str, Hashable]]:
    return [(entity.label, (entity.start, entity.end)) for entity in document.entities]


def relation_items(document: Document, *, typed: bool) -> list[tuple[str, Hashable]]:
    """The relations of a document as comparable things; without the entities' labels if not ``typed``."""
    return [(relation.label, _ends(document, relation, typed)) for relation in document.relations]


def _ends(document: Document, relation: Relation, typed: bool) -> Hashable:
    ends = tuple(
        (entity.start, entity.end, entity.label if typed else "")
        for entity in (document.entities[relation.head], document.entities[relation.tail])
    )
    kind = RELATIONS_BY_LABEL.get(relation.label)
    return frozenset(ends) if kind is not None and kind.symmetric else ends


def _proclitic_only(gold: Document, predicted: Document) -> int:
    """Gold entities found with their end and label, but a start 1 to 3 characters off."""
    starts = {(entity.end, entity.label): entity.start for entity in predicted.entities}
    return sum(
        0 < abs(starts.get((entity.end, entity.label), entity.start) - entity.start) <= 3
        for entity in gold.entities
    )
