"""Check documents against the schema and the annotation guidelines, before anyone learns from them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from khabar.document import Document, Entity, Relation
from khabar.schema import ENTITY_LABELS, RELATIONS_BY_LABEL
from khabar.sentences import split_sentences


@dataclass(frozen=True, slots=True)
class Issue:
    """One broken rule: the document, the place in it, what is wrong and what would mend it."""

    document: str
    place: str
    problem: str

    def __str__(self) -> str:
        return f"{self.document}: {self.place}: {self.problem}"


def validate(documents: Iterable[Document]) -> list[Issue]:
    """Every issue of every document, in order; an empty list where all is well."""
    issues: list[Issue] = []
    seen: set[str] = set()
    for position, document in enumerate(documents):
        name = document.id or f"document {position}"
        if name in seen:
            issues.append(Issue(name, "id", "stands twice; give each document its own id"))
        seen.add(name)
        issues.extend(Issue(name, place, problem) for place, problem in _problems(document))
    return issues


def _problems(document: Document) -> Iterator[tuple[str, str]]:
    if not document.text.strip():
        yield "text", "is empty"
    for i, entity in enumerate(document.entities):
        for problem in _entity_problems(entity):
            yield f"entities[{i}] {entity.text!r}", problem
    for i, (left, right) in enumerate(zip(document.entities, document.entities[1:], strict=False)):
        if left.end > right.start:
            yield f"entities[{i}] {left.text!r}", f"overlaps {right.text!r}; spans are flat"
    starts = [start for start, _ in split_sentences(document.text)]
    seen: set[tuple[int, int, str]] = set()
    for i, relation in enumerate(document.relations):
        place = f"relations[{i}] {_describe(document, relation)}"
        for problem in _relation_problems(document, relation, starts):
            yield place, problem
        if _key(relation) in seen:
            yield place, "stands twice"
        seen.add(_key(relation))


def _entity_problems(entity: Entity) -> Iterator[str]:
    if entity.label not in ENTITY_LABELS:
        yield f"unknown label {entity.label!r}; the schema has {', '.join(ENTITY_LABELS)}"
    if entity.text != entity.text.strip():
        yield "begins or ends in white space"
    if "\n" in entity.text:
        yield "runs over a line break"


def _relation_problems(document: Document, relation: Relation, starts: list[int]) -> Iterator[str]:
    head, tail = document.entities[relation.head], document.entities[relation.tail]
    kind = RELATIONS_BY_LABEL.get(relation.label)
    if kind is None:
        yield f"unknown relation; the schema has {', '.join(RELATIONS_BY_LABEL)}"
    elif not kind.joins(head.label, tail.label):
        yield f"the schema does not allow {relation.label} from {head.label} to {tail.label}"
    if relation.head == relation.tail:
        yield "joins an entity to itself"
    if bisect_right(starts, head.start) != bisect_right(starts, tail.start):
        yield "joins two sentences; both ends stand in one"


def _key(relation: Relation) -> tuple[int, int, str]:
    kind = RELATIONS_BY_LABEL.get(relation.label)
    if kind is not None and kind.symmetric and relation.head > relation.tail:
        return relation.tail, relation.head, relation.label
    return relation.head, relation.tail, relation.label


def _describe(document: Document, relation: Relation) -> str:
    head, tail = document.entities[relation.head], document.entities[relation.tail]
    return f"{head.text!r} {relation.label} {tail.text!r}"
