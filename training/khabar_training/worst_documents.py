"""The documents that a model read worst, for somebody who wants to see its errors in their place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from khabar.document import Document
from khabar_data.metrics import Evaluation, Score


@dataclass(frozen=True, slots=True)
class DocumentScore:
    """The scores of one document.

    Attributes:
        position: its place among the documents that were scored, from 0.
        name: its id, else its number, from 1.
        entities: strict.
        relations: Rel+.
    """

    position: int
    name: str
    entities: Score
    relations: Score

    @property
    def together(self) -> Score:
        """Entities and relations in one count."""
        parts = (self.entities, self.relations)
        return Score(
            sum(part.true_positives for part in parts),
            sum(part.predicted for part in parts),
            sum(part.gold for part in parts),
        )

    @property
    def errors(self) -> int:
        """What was missed, and what was predicted and is wrong."""
        return self.together.predicted + self.together.gold - 2 * self.together.true_positives

    def to_dict(self) -> dict[str, Any]:
        """The report form, in percent; no text."""
        return {
            "position": self.position,
            "name": self.name,
            "f1": round(100 * self.together.f1, 2),
            "ner_strict": self.entities.to_dict(),
            "rel_plus": self.relations.to_dict(),
            "errors": self.errors,
        }


def worst_documents(
    gold: Sequence[Document], evaluations: Sequence[Evaluation], count: int
) -> list[DocumentScore]:
    """The documents with the lowest F1 over entities and relations together, the lowest first.

    Of two with the same F1 the one with more errors comes first. Documents without an error are left out.

    Args:
        gold: the documents.
        evaluations: of each of them, alone, in the same order.
        count: how many at most.
    """
    scores = [
        DocumentScore(
            position,
            document.id or f"document {position + 1}",
            evaluation.entities.micro(),
            evaluation.relations_strict.micro(),
        )
        for position, (document, evaluation) in enumerate(zip(gold, evaluations, strict=True))
    ]
    wrong = [score for score in scores if score.errors]
    return sorted(wrong, key=lambda score: (score.together.f1, -score.errors, score.position))[:count]
