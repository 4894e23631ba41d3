"""Counts over annotated documents: sizes, labels, relations and the coverage that ``meta`` records."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from khabar.document import Document
from khabar.schema import ENTITY_LABELS, RELATION_LABELS


@dataclass(slots=True)
class Statistics:
    """Counts over a set of documents; words are runs between white space."""

    documents: int = 0
    words: int = 0
    entities: Counter[str] = field(default_factory=Counter)
    relations: Counter[str] = field(default_factory=Counter)
    meta: dict[str, Counter[str]] = field(default_factory=dict)

    @classmethod
    def of(cls, documents: Iterable[Document]) -> Statistics:
        """Count ``documents``."""
        counts = cls()
        for document in documents:
            counts.documents += 1
            counts.words += len(document.text.split())
            counts.entities.update(entity.label for entity in document.entities)
            counts.relations.update(relation.label for relation in document.relations)
            for key, value in (document.meta or {}).items():
                if isinstance(value, str):
                    counts.meta.setdefault(key, Counter())[value] += 1
        return counts

    def table(self) -> str:
        """The counts as text: totals, then a line a label, every label of the schema named."""
        lines = [
            f"documents {self.documents}, words {self.words}, "
            f"entities {self.entities.total()}, relations {self.relations.total()}"
        ]
        lines += [f"  {label:<18}{self.entities[label]:>7}" for label in ENTITY_LABELS]
        lines += [f"  {label:<18}{self.relations[label]:>7}" for label in RELATION_LABELS]
        return "\n".join(lines)
