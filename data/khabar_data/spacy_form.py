"""Entities as spaCy, displaCy and Prodigy exchange them: JSON Lines, or one list in a ``.json`` file.

    {"text": "زار كمال قسنطينة", "entities": [[4, 8, "PER"], [9, 16, "GPE"]]}
    {"text": "زار كمال قسنطينة", "ents": [{"start": 4, "end": 8, "label": "PER"}]}
    ["زار كمال قسنطينة", {"entities": [[4, 8, "PER"]]}]

``ents`` is the field of ``Doc.to_json`` and displaCy, ``spans`` of Prodigy, ``entities`` of training
examples. Offsets are code points, half-open. The form knows no relations between characters.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from khabar.document import Document, DocumentError
from khabar_data.errors import DataError
from khabar_data.files import written_whole
from khabar_data.notices import Notices, Reading

_FIELDS: Final = ("ents", "spans", "entities")
_KNOWN: Final = frozenset({"text", "id", "meta", "answer", *_FIELDS})


def read_spacy(path: Path | str) -> Reading:
    """Read every record; what a Document has no place for is counted, and so is what Prodigy rejected.

    Raises:
        DataError: the file cannot be read, or a record is malformed; names file, line or record, field.
    """
    source, notices = Path(path), Notices()
    documents = []
    for place, line, record in _records(source):
        try:
            document = _document(record, f"{source}{place}", notices)
        except ValueError as error:
            where = "" if line is not None else f"{place.removeprefix(': ')}: "
            raise DataError(source, line, f"{where}{error}") from error
        if document is not None:
            documents.append(document)
    return Reading(documents, notices)


def write_spacy(documents: Iterable[Document], path: Path | str) -> None:
    """Write ``{"text", "entities": [[start, end, label]]}`` a line, with ``id`` and ``meta`` if there.

    The list of entities is what ``spacy.training.Example.from_dict`` takes. Relations and scores are
    not kept. The file appears under its name only when it is whole.
    """
    with written_whole(path) as target:
        for document in documents:
            record: dict[str, Any] = {} if document.id is None else {"id": document.id}
            record["text"] = document.text
            record["entities"] = [[entity.start, entity.end, entity.label] for entity in document.entities]
            record |= {} if document.meta is None else {"meta": dict(document.meta)}
            target.write(json.dumps(record, ensure_ascii=False) + "\n")


def _records(path: Path) -> Iterator[tuple[str, int | None, Any]]:
    """Each record with its place for notices and, in JSON Lines, its line."""
    try:
        content = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise DataError(path, None, f"cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise DataError(path, None, f"is not UTF-8 (byte {error.start}): save it as UTF-8") from error
    if path.suffix.lower() == ".json":
        record = _parsed(content, path, None)
        is_list = isinstance(record, list) and not (len(record) == 2 and isinstance(record[0], str))
        for number, item in enumerate(record if is_list else [record]):
            yield f": record {number}", None, item
        return
    for number, line in enumerate(content.split("\n"), start=1):
        if line.strip():
            yield f":{number}", number, _parsed(line, path, number)


def _parsed(content: str, path: Path, line: int | None) -> Any:
    try:
        return json.loads(content)
    except json.JSONDecodeError as error:
        number = error.lineno if line is None else line
        raise DataError(path, number, f"is not JSON: {error.msg} at column {error.colno}") from error
    except (ValueError, RecursionError) as error:
        raise DataError(path, line, f"is JSON that cannot be read: {error}") from error


def _document(record: Any, place: str, notices: Notices) -> Document | None:
    if isinstance(record, list) and len(record) == 2 and isinstance(record[1], dict):
        record = {**record[1], "text": record[0]}
    if not isinstance(record, dict):
        raise ValueError(f"expected an object with 'text', or a pair of a text and an object: {record!r:.60}")
    if record.get("answer", "accept") != "accept":
        notices.add(f"example with the answer {record['answer']!r}, left out", place)
        return None
    for name in sorted(record.keys() - _KNOWN):
        notices.add(f"field {name!r}, not carried", place)
    doc_id = record.get("id")
    return Document.from_dict(
        {
            "id": str(doc_id) if isinstance(doc_id, int) else doc_id,
            "text": record.get("text"),
            "entities": [_entity(item, i, place, notices) for i, item in _spans(record, place, notices)],
            "meta": record.get("meta"),
        }
    )


def _spans(record: Mapping[str, Any], place: str, notices: Notices) -> list[tuple[int, Any]]:
    present = [name for name in _FIELDS if name in record]
    if not present:
        raise DocumentError(f"no field of entities; expected one of {', '.join(_FIELDS)}")
    for name in present[1:]:
        if record[name]:
            notices.add(f"field {name!r} beside {present[0]!r}, not carried", place)
    spans = record[present[0]]
    if not isinstance(spans, list):
        raise DocumentError(f"field {present[0]!r}: expected a list, got {type(spans).__name__}")
    return list(enumerate(spans))


def _entity(item: Any, index: int, place: str, notices: Notices) -> dict[str, Any]:
    if isinstance(item, list) and len(item) in (3, 4):
        if len(item) == 4:
            notices.add("id of a knowledge base, not carried", place)
        return dict(zip(("start", "end", "label"), item, strict=False))
    if isinstance(item, dict):
        return {name: item[name] for name in ("start", "end", "label", "text") if name in item}
    raise DocumentError(f"entity {index}: expected [start, end, label] or an object, got {item!r:.60}")
