"""Labels of another scheme -> those of the schema, by a map that the user gives.

PERS=PER            an entity or a relation label, and what to call it
MISC=               left out, with the relations of the entities that bear it
labels.json         {"PERS": "PER", "MISC": null}
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from khabar.document import Document, Entity, Relation
from khabar_data.errors import DataError
from khabar_data.notices import Notices

LabelMap = Mapping[str, str | None]


def parse_label_map(parts: Iterable[str]) -> LabelMap:
    """Join ``LABEL=LABEL`` parts and JSON files of an object; a later part wins.

    Raises:
        DataError: a part is neither, or a file does not hold an object of strings; names part and fix.
    """
    labels: dict[str, str | None] = {}
    for part in parts:
        source, equals, target = part.partition("=")
        if equals and source.strip():
            labels[source.strip()] = target.strip() or None
        else:
            labels.update(_read(part))
    return labels


def relabel(documents: Iterable[Document], labels: LabelMap, place: str) -> tuple[list[Document], Notices]:
    """Rename the labels that ``labels`` names and leave out what it maps to nothing; others stay.

    ``place`` is what notices call the source. A name in ``labels`` that no label bears is one of them.
    """
    notices, used = Notices(), set[str]()
    changed = [_relabel(document, labels, notices, used) for document in documents]
    for label in labels:
        if label not in used:
            notices.add(f"label {label!r} of the map, which nothing bears", place)
    return changed, notices


def _relabel(document: Document, labels: LabelMap, notices: Notices, used: set[str]) -> Document:
    entities: list[Entity] = []
    rank: dict[int, int] = {}
    used.update(entity.label for entity in document.entities)
    used.update(relation.label for relation in document.relations)
    for index, entity in enumerate(document.entities):
        label = labels.get(entity.label, entity.label)
        if label is None:
            place = f"{document.id or 'a document without id'}: entities[{index}]"
            notices.add(f"entity {entity.label} left out, as the map says", place)
            continue
        rank[index] = len(entities)
        entities.append(Entity(entity.start, entity.end, label, entity.text, entity.score))
    relations: list[Relation] = []
    for index, relation in enumerate(document.relations):
        label = labels.get(relation.label, relation.label)
        if label is None or relation.head not in rank or relation.tail not in rank:
            place = f"{document.id or 'a document without id'}: relations[{index}]"
            why = "as the map says" if label is None else "since an end of it was"
            notices.add(f"relation {relation.label} left out, {why}", place)
            continue
        relations.append(Relation(rank[relation.head], rank[relation.tail], label, relation.score))
    return Document(document.text, tuple(entities), tuple(relations), document.id, document.meta)


def _read(part: str) -> dict[str, str | None]:
    fix = 'give LABEL=LABEL, or a JSON file such as {"PERS": "PER", "MISC": null}'
    try:
        record = json.loads(Path(part).read_text(encoding="utf-8"))
    except OSError as error:
        raise DataError(part, None, f"no label map can be read here ({error.strerror}); {fix}") from error
    except ValueError as error:
        raise DataError(part, None, f"is no JSON ({error}); {fix}") from error
    if not isinstance(record, dict) or not all(isinstance(v, str | None) for v in record.values()):
        raise DataError(part, None, f"is no object of labels; {fix}")
    return {label: target or None for label, target in record.items()}
