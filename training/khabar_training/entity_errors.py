"""Which prediction stands for which gold entity, and what is wrong with it.

    gold, predicted -> pairs that overlap -> the best ones, one to one -> a kind for each

The kinds follow MUC-5 (Chinchor and Sundheim 1993) and SemEval-2013 task 9 (Segura-Bedmar et al. 2013):
right, wrong type, wrong boundary, missing, spurious.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from khabar.document import Document, Entity

#: As ``khabar_data.metrics`` counts ``proclitic_only_errors``: a start this many characters off at most.
_PROCLITIC: Final = 3


class EntityKind(StrEnum):
    """What became of an entity; the kinds of pairs in the order in which they are preferred."""

    CORRECT = "correct"
    TYPE = "type"
    PROCLITIC = "proclitic"
    BOUNDARY = "boundary"
    TYPE_AND_BOUNDARY = "type_and_boundary"
    MISSED = "missed"
    SPURIOUS = "spurious"


_RANK: Final = {kind: rank for rank, kind in enumerate(EntityKind)}


@dataclass(frozen=True, slots=True)
class EntityPair:
    """A gold entity and the prediction that stands for it; one of them is missing where there is none."""

    kind: EntityKind
    gold: Entity | None
    predicted: Entity | None


def align_entities(gold: Document, predicted: Document) -> list[EntityPair]:
    """Pair the entities of a document one to one, in text order.

    Only entities that overlap make a pair. Where several could, the kind that comes first in
    ``EntityKind`` wins, then the longer overlap: of a name found in two parts, one part is a boundary
    error and the other is spurious. Spans are taken to be flat, as the schema has them.
    """
    wanted, found = _in_order(gold), _in_order(predicted)
    candidates = sorted(
        (_RANK[_pair_kind(wanted[i], found[j])], -_overlap(wanted[i], found[j]), i, j)
        for i, j in _overlapping(wanted, found)
    )
    partner: dict[int, int] = {}
    taken: set[int] = set()
    for _, _, i, j in candidates:
        if i not in partner and j not in taken:
            partner[i] = j
            taken.add(j)
    pairs = [
        EntityPair(_pair_kind(entity, found[partner[i]]), entity, found[partner[i]])
        if i in partner
        else EntityPair(EntityKind.MISSED, entity, None)
        for i, entity in enumerate(wanted)
    ]
    pairs += [EntityPair(EntityKind.SPURIOUS, None, e) for j, e in enumerate(found) if j not in taken]
    return sorted(pairs, key=_place)


def _in_order(document: Document) -> list[Entity]:
    return sorted(dict.fromkeys(document.entities), key=lambda entity: (entity.start, entity.end))


def _overlapping(wanted: Sequence[Entity], found: Sequence[Entity]) -> Iterator[tuple[int, int]]:
    ends = [entity.end for entity in found]
    for i, entity in enumerate(wanted):
        j = bisect_right(ends, entity.start)
        while j < len(found) and found[j].start < entity.end:
            yield i, j
            j += 1


def _overlap(one: Entity, other: Entity) -> int:
    return min(one.end, other.end) - max(one.start, other.start)


def _pair_kind(gold: Entity, predicted: Entity) -> EntityKind:
    same_span = (gold.start, gold.end) == (predicted.start, predicted.end)
    if gold.label != predicted.label:
        return EntityKind.TYPE if same_span else EntityKind.TYPE_AND_BOUNDARY
    if same_span:
        return EntityKind.CORRECT
    near = gold.end == predicted.end and abs(gold.start - predicted.start) <= _PROCLITIC
    return EntityKind.PROCLITIC if near else EntityKind.BOUNDARY


def _place(pair: EntityPair) -> tuple[int, int]:
    entity = pair.gold or pair.predicted
    return (entity.start, entity.end) if entity else (0, 0)
