"""The label schema: 13 entity types, 14 relations, and which types each relation may join.

The schema is data, not behaviour: the corpus, the models, the metrics and the published bundles
all name their labels from here. ``SCHEMA_VERSION`` travels in every bundle, so that a model trained
under other labels is refused instead of being misread.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

SCHEMA_VERSION: Final = "1.3"

ENTITY_LABELS: Final[tuple[str, ...]] = (
    "PER",
    "TITLE",
    "ORG",
    "GPE",
    "LOC",
    "FAC",
    "NORP",
    "EVENT",
    "LAW",
    "WEAPON",
    "DATE",
    "MONEY",
    "QUANTITY",
)

_ANY: Final = frozenset(ENTITY_LABELS)
_ACTOR: Final = frozenset({"PER", "TITLE", "ORG", "GPE", "NORP"})
_PLACE: Final = frozenset({"GPE", "LOC", "FAC"})


@dataclass(frozen=True, slots=True)
class RelationType:
    """What one relation label may join.

    Attributes:
        label: the relation's name, for instance ``HOLDS_TITLE``.
        head_labels: entity labels that may stand at the head.
        tail_labels: entity labels that may stand at the tail.
        symmetric: whether head and tail may be swapped without a change of meaning; such a relation
            is annotated once and scored in either order.
        same_label: whether head and tail must carry one label (HAS_ALIAS).
    """

    label: str
    head_labels: frozenset[str]
    tail_labels: frozenset[str]
    symmetric: bool = False
    same_label: bool = False

    def allows(self, head_label: str, tail_label: str) -> bool:
        """Whether the relation may run from ``head_label`` to ``tail_label``, in that order."""
        if self.same_label and head_label != tail_label:
            return False
        return head_label in self.head_labels and tail_label in self.tail_labels

    def joins(self, head_label: str, tail_label: str) -> bool:
        """Like ``allows``, but a symmetric relation may also be read from tail to head."""
        return self.allows(head_label, tail_label) or (self.symmetric and self.allows(tail_label, head_label))


RELATION_TYPES: Final[tuple[RelationType, ...]] = (
    RelationType("HOLDS_TITLE", frozenset({"PER"}), frozenset({"TITLE"})),
    RelationType("AFFILIATED_WITH", frozenset({"PER", "TITLE"}), frozenset({"ORG", "GPE", "NORP", "FAC"})),
    RelationType("MEMBER_OF", frozenset({"GPE", "ORG", "NORP"}), frozenset({"ORG"})),
    RelationType("PART_OF", frozenset({"ORG", "FAC"}), frozenset({"ORG", "GPE"})),
    RelationType("LOCATED_IN", _PLACE | {"ORG", "EVENT"}, _PLACE),
    RelationType("PRESENT_AT", frozenset({"PER", "TITLE", "ORG", "NORP", "WEAPON"}), _PLACE),
    RelationType("PARTICIPATES_IN", _ACTOR, frozenset({"EVENT", "LAW"})),
    RelationType("MEETS_WITH", _ACTOR, _ACTOR, symmetric=True),
    RelationType("COOPERATES_WITH", _ACTOR, _ACTOR, symmetric=True),
    RelationType("CONFLICTS_WITH", _ACTOR, _ACTOR | {"FAC"}, symmetric=True),
    RelationType("HAS_WEAPON", frozenset({"GPE", "ORG", "PER", "TITLE", "NORP"}), frozenset({"WEAPON"})),
    RelationType("HAS_ALIAS", _ANY, _ANY, symmetric=True, same_label=True),
    RelationType("HAS_DATE", frozenset({"EVENT", "LAW", "ORG", "PER"}), frozenset({"DATE"})),
    RelationType(
        "HAS_QUANTITY",
        frozenset({"ORG", "GPE", "NORP", "WEAPON", "LAW", "EVENT"}),
        frozenset({"QUANTITY", "MONEY"}),
    ),
)

RELATION_LABELS: Final[tuple[str, ...]] = tuple(relation.label for relation in RELATION_TYPES)
RELATIONS_BY_LABEL: Final[dict[str, RelationType]] = {relation.label: relation for relation in RELATION_TYPES}
