"""Document, Entity and Relation: one frozen type for what people annotated and what a model predicted.

Offsets are half-open ranges of Unicode code points in the original text, as Python slicing counts
them. A score takes no part in comparison, so a prediction equals the annotation it reproduces.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any


class DocumentError(ValueError):
    """A record that is no valid document; the message names the field and what was expected."""


@dataclass(frozen=True, slots=True)
class Entity:
    """A mention of an entity: ``text == document.text[start:end]``."""

    start: int
    end: int
    label: str
    text: str
    score: float | None = field(default=None, compare=False)

    def to_dict(self) -> dict[str, Any]:
        """The entity in the reference JSON form; ``score`` only where there is one."""
        record: dict[str, Any] = {
            "start": self.start,
            "end": self.end,
            "label": self.label,
            "text": self.text,
        }
        return record if self.score is None else {**record, "score": self.score}


@dataclass(frozen=True, slots=True)
class Relation:
    """A directed relation; ``head`` and ``tail`` index ``Document.entities``."""

    head: int
    tail: int
    label: str
    score: float | None = field(default=None, compare=False)

    def to_dict(self) -> dict[str, Any]:
        """The relation in the reference JSON form; ``score`` only where there is one."""
        record: dict[str, Any] = {"head": self.head, "tail": self.tail, "label": self.label}
        return record if self.score is None else {**record, "score": self.score}


@dataclass(frozen=True, slots=True)
class Document:
    """A text with its entities, in order of ``start``, and the relations between them."""

    text: str
    entities: tuple[Entity, ...] = ()
    relations: tuple[Relation, ...] = ()
    id: str | None = None
    meta: Mapping[str, Any] | None = field(default=None, compare=False)

    def to_dict(self) -> dict[str, Any]:
        """The document in the reference JSON form: plain types only, ready for ``json.dumps``."""
        record: dict[str, Any] = {} if self.id is None else {"id": self.id}
        record["text"] = self.text
        record["entities"] = [entity.to_dict() for entity in self.entities]
        record["relations"] = [relation.to_dict() for relation in self.relations]
        return record if self.meta is None else {**record, "meta": dict(self.meta)}

    def with_min_score(self, min_score: float) -> Document:
        """The document without entities and relations of a lower score; what has no score stays.

        A relation goes with either of its ends.
        """
        kept = [i for i, entity in enumerate(self.entities) if _reaches(entity.score, min_score)]
        rank = {old: new for new, old in enumerate(kept)}
        relations = tuple(
            replace(relation, head=rank[relation.head], tail=rank[relation.tail])
            for relation in self.relations
            if relation.head in rank and relation.tail in rank and _reaches(relation.score, min_score)
        )
        return replace(self, entities=tuple(self.entities[i] for i in kept), relations=relations)

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> Document:
        """Read the reference JSON form. Entities are put in text order and relations re-indexed.

        Raises:
            DocumentError: a field is missing, has another type, or points outside the text or the
                list of entities. The message names the field, such as ``entities[3].end``.
        """
        if not isinstance(record, Mapping):
            raise DocumentError(f"a document is an object with 'text', got {type(record).__name__}")
        text = record.get("text")
        if not isinstance(text, str):
            raise DocumentError(f"field 'text': expected a string, got {type(text).__name__}")
        doc_id, meta = record.get("id"), record.get("meta")
        if doc_id is not None and not isinstance(doc_id, str):
            raise DocumentError(f"field 'id': expected a string, got {type(doc_id).__name__}")
        if meta is not None and not isinstance(meta, Mapping):
            raise DocumentError(f"field 'meta': expected an object, got {type(meta).__name__}")
        entities = [
            _entity(item, f"entities[{i}]", text) for i, item in enumerate(_items(record, "entities"))
        ]
        order = sorted(range(len(entities)), key=lambda i: (entities[i].start, entities[i].end))
        rank = {old: new for new, old in enumerate(order)}
        relations = tuple(
            _relation(item, f"relations[{i}]", rank) for i, item in enumerate(_items(record, "relations"))
        )
        return cls(text, tuple(entities[i] for i in order), relations, doc_id, meta)


def _reaches(score: float | None, min_score: float) -> bool:
    return score is None or score >= min_score


def _items(record: Mapping[str, Any], name: str) -> Sequence[Any]:
    items = record.get(name, [])
    if not isinstance(items, list | tuple):
        raise DocumentError(f"field '{name}': expected a list, got {type(items).__name__}")
    return items


def _entity(item: object, path: str, text: str) -> Entity:
    record = _object(item, path)
    start, end = _integer(record, "start", path), _integer(record, "end", path)
    if not 0 <= start < end <= len(text):
        raise DocumentError(
            f"field '{path}': span [{start}, {end}) is not inside the text of {len(text)} characters;"
            " offsets are half-open code points"
        )
    surface = record.get("text", text[start:end])
    if surface != text[start:end]:
        raise DocumentError(
            f"field '{path}.text': {surface!r} is not what stands at [{start}, {end}): {text[start:end]!r}"
        )
    return Entity(start, end, _label(record, path), surface, _score(record, path))


def _relation(item: object, path: str, rank: Mapping[int, int]) -> Relation:
    record = _object(item, path)
    ends = []
    for name in ("head", "tail"):
        index = _integer(record, name, path)
        if index not in rank:
            raise DocumentError(
                f"field '{path}.{name}': {index} is not the index of one of {len(rank)} entities"
            )
        ends.append(rank[index])
    return Relation(ends[0], ends[1], _label(record, path), _score(record, path))


def _object(item: object, path: str) -> Mapping[str, Any]:
    if not isinstance(item, Mapping):
        raise DocumentError(f"field '{path}': expected an object, got {type(item).__name__}")
    return item


def _integer(record: Mapping[str, Any], name: str, path: str) -> int:
    value = record.get(name)
    if not isinstance(value, int) or isinstance(value, bool):
        raise DocumentError(f"field '{path}.{name}': expected an integer, got {value!r}")
    return value


def _label(record: Mapping[str, Any], path: str) -> str:
    value = record.get("label")
    if not isinstance(value, str) or not value:
        raise DocumentError(f"field '{path}.label': expected a label, got {value!r}")
    return value


def _score(record: Mapping[str, Any], path: str) -> float | None:
    value = record.get("score")
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise DocumentError(f"field '{path}.score': expected a number, got {value!r}")
    return float(value)
