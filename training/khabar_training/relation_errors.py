"""Which prediction stands for which gold relation, and what is wrong with it.

    gold, predicted, paired entities -> relations that stand for one another -> a kind for each

A relation is right as Rel+ has it: both ends to the letter, with their labels.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from khabar.document import Document, Entity
from khabar.schema import RELATIONS_BY_LABEL
from khabar_training.entity_errors import EntityPair


class RelationKind(StrEnum):
    """What became of a relation; the kinds of pairs in the order in which they are preferred."""

    CORRECT = "correct"
    DIRECTION = "wrong_direction"
    LABEL = "wrong_label"
    ENTITY = "wrong_entity"
    MISSED_BOTH_FOUND = "missed_both_found"
    MISSED_ENTITY = "missed_entity"
    SPURIOUS = "spurious"


@dataclass(frozen=True, slots=True)
class Mention:
    """A relation with its ends; of a symmetric one the end that comes first in the text is the head."""

    label: str
    head: Entity
    tail: Entity
    score: float | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class RelationPair:
    """A gold relation and the prediction that stands for it; one of them is missing where there is none."""

    kind: RelationKind
    gold: Mention | None
    predicted: Mention | None


def align_relations(
    gold: Document, predicted: Document, entities: Sequence[EntityPair]
) -> list[RelationPair]:
    """Pair the relations of a document one to one.

    A prediction that equals no gold relation may stand for one turned round, for one of another label
    between the same two entities, or for the same label between entities that were found with a wrong
    boundary or type. What is left over is missed, with both entities found to the letter or not, or
    spurious.

    Args:
        gold: the annotation.
        predicted: what a model found in the same text.
        entities: what ``align_entities`` says of the two.
    """
    wanted, found = dict.fromkeys(_mentions(gold)), dict.fromkeys(_mentions(predicted))
    pairs = [RelationPair(RelationKind.CORRECT, mention, mention) for mention in wanted if mention in found]
    left = [mention for mention in wanted if mention not in found]
    over = [mention for mention in found if mention not in wanted]
    stands_for = {pair.gold: pair.predicted for pair in entities if pair.gold and pair.predicted}
    for kind, gold_key, predicted_key in (
        (RelationKind.DIRECTION, _turned, _itself),
        (RelationKind.LABEL, _both_ends, _both_ends),
        (RelationKind.ENTITY, lambda mention: _translated(mention, stands_for), _itself),
    ):
        pairs += _paired_off(kind, left, over, gold_key, predicted_key)
    present = set(predicted.entities)
    for mention in left:
        both = mention.head in present and mention.tail in present
        kind = RelationKind.MISSED_BOTH_FOUND if both else RelationKind.MISSED_ENTITY
        pairs.append(RelationPair(kind, mention, None))
    return pairs + [RelationPair(RelationKind.SPURIOUS, None, mention) for mention in over]


def _mentions(document: Document) -> Iterator[Mention]:
    for relation in document.relations:
        head, tail = document.entities[relation.head], document.entities[relation.tail]
        yield _mention(relation.label, head, tail, relation.score)


def _mention(label: str, head: Entity, tail: Entity, score: float | None = None) -> Mention:
    kind = RELATIONS_BY_LABEL.get(label)
    if kind is not None and kind.symmetric:
        head, tail = sorted((head, tail), key=lambda entity: (entity.start, entity.end, entity.label))
    return Mention(label, head, tail, score)


def _paired_off(
    kind: RelationKind,
    left: list[Mention],
    over: list[Mention],
    gold_key: Callable[[Mention], Hashable],
    predicted_key: Callable[[Mention], Hashable],
) -> list[RelationPair]:
    """Pair mentions whose keys are equal, one to one, and take them out of ``left`` and ``over``."""
    pairs = []
    for wanted in list(left):
        key = gold_key(wanted)
        match = next((found for found in over if key is not None and predicted_key(found) == key), None)
        if match is not None:
            pairs.append(RelationPair(kind, wanted, match))
            left.remove(wanted)
            over.remove(match)
    return pairs


def _itself(mention: Mention) -> Mention:
    return mention


def _turned(mention: Mention) -> Mention:
    return Mention(mention.label, mention.tail, mention.head)


def _both_ends(mention: Mention) -> frozenset[Entity]:
    return frozenset((mention.head, mention.tail))


def _translated(mention: Mention, stands_for: Mapping[Entity, Entity]) -> Mention | None:
    """The mention between the predictions that stand for its ends; ``None`` where an end was missed."""
    head, tail = stands_for.get(mention.head), stands_for.get(mention.tail)
    return _mention(mention.label, head, tail) if head and tail else None
