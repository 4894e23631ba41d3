"""Label Studio's JSON in and out: a list of tasks, each with its text and what was marked in it.

The form is that of https://labelstud.io/guide/task_format and of the ``JSON`` export (``JSON_MIN``
has no relations and is refused). A task's annotation is the last that was completed: of those that
nobody cancelled the one with the latest ``updated_at``, or ``created_at``; of several without a time,
the last of the list. Everything that is not taken is counted.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from khabar.document import Document
from khabar.schema import ENTITY_LABELS, RELATION_LABELS, RELATIONS_BY_LABEL
from khabar_data.errors import DataError
from khabar_data.files import written_whole
from khabar_data.label_studio_results import read_results
from khabar_data.notices import Notices, Reading
from khabar_data.uncertainty import uncertainty

Json = Mapping[str, Any]

_CONTROL: Final = {"from_name": "label", "to_name": "text"}


def read_label_studio(path: Path | str, *, text_field: str | None = None) -> Reading:
    """Read one Document a task that has a completed annotation; skipped and open tasks are counted.

    A document's id is ``data.id`` where that is a string, else the id of the task; ``data.meta`` is
    its meta. Offsets are checked against the stored surface and mended (``khabar_data.offsets``).

    Args:
        path: a JSON file.
        text_field: the field of ``data`` that was annotated; without it ``text``, or the only string.

    Raises:
        DataError: the file is no such export, a region cannot be placed in its text, or a relation
            names a region that is not there. The error names file, task and region.
    """
    source, notices = Path(path), Notices()
    documents = []
    for number, task in enumerate(_tasks(source)):
        name = task.get("id", f"number {number}")
        place = f"task {name}"
        annotation = _chosen(task, f"{source}: {place}", notices)
        if annotation is None:
            continue
        text, doc_id, meta = _data(task, text_field, source, place)
        try:
            entities, relations = read_results(_results(annotation), text, f"{source}: {place}", notices)
            Document.from_dict({"text": text, "meta": meta})
        except ValueError as error:
            raise DataError(source, None, f"{place}: {error}") from error
        documents.append(Document(text, entities, relations, doc_id, meta))
    return Reading(documents, notices)


def _tasks(path: Path) -> Sequence[Json]:
    try:
        record = json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise DataError(path, None, f"cannot be read: {error.strerror}") from error
    except json.JSONDecodeError as error:
        raise DataError(path, error.lineno, f"is not JSON: {error.msg} at column {error.colno}") from error
    except (ValueError, RecursionError) as error:
        raise DataError(path, None, f"is JSON that cannot be read: {error}") from error
    tasks = record if isinstance(record, list) else [record]
    for number, task in enumerate(tasks):
        if not isinstance(task, dict) or not isinstance(task.get("data"), dict):
            fix = "export as JSON; JSON_MIN has no 'data' and no relations"
            raise DataError(path, None, f"task number {number} is no object with 'data': {fix}")
    return tasks


def _chosen(task: Json, place: str, notices: Notices) -> Json | None:
    annotations = [item for item in task.get("annotations") or [] if isinstance(item, dict)]
    for name in ("predictions", "drafts"):
        # An export may hold their number, or their ids alone.
        if isinstance(task.get(name), list) and task[name]:
            notices.add(f"item of {name!r}, not carried", place, len(task[name]))
    kept = [item for item in annotations if not item.get("was_cancelled")]
    if len(kept) < len(annotations):
        notices.add("cancelled annotation, not carried", place, len(annotations) - len(kept))
    if not kept:
        notices.add("skipped task, left out" if annotations else "task without annotation, left out", place)
        return None
    if len(kept) > 1:
        notices.add("annotation besides the last completed one, not carried", place, len(kept) - 1)
    return max(enumerate(kept), key=lambda item: (_time(item[1]), item[0]))[1]


def _time(annotation: Json) -> str:
    """When an annotation was last saved: ISO 8601 in UTC, as exports have it, sorts as text."""
    return str(annotation.get("updated_at") or annotation.get("created_at") or "")


def _results(annotation: Json) -> Sequence[Json]:
    results = annotation.get("result")
    if not isinstance(results, list) or not all(isinstance(item, dict) for item in results):
        raise ValueError(f"annotation {annotation.get('id', '')}: field 'result': expected a list of objects")
    return results


def _data(task: Json, text_field: str | None, path: Path, place: str) -> tuple[str, str | None, Any]:
    data = task["data"]
    strings = [name for name, value in data.items() if isinstance(value, str) and name != "id"]
    name = text_field or ("text" if "text" in strings else strings[0] if len(strings) == 1 else None)
    if name is None or name not in strings:
        wanted = f"no text in data.{name}" if name else "which field of 'data' is the text?"
        fix = f"name one with --text-field: {', '.join(strings) or 'there is none'}"
        raise DataError(path, None, f"{place}: {wanted} {fix}")
    doc_id = data["id"] if isinstance(data.get("id"), str) else task.get("id")
    return data[name], None if doc_id is None else str(doc_id), data.get("meta")


def write_label_studio(
    documents: Iterable[Document], path: Path | str, *, predicted_by: str | None = None
) -> Notices:
    """Write tasks to import, with their entities and relations as completed annotations.

    The file appears under its name only when it is whole. A pair of entities has one relation item
    with all its labels, since Label Studio leaves out a second item of a pair.

    Args:
        documents: each becomes a task; id and meta go into its ``data``.
        path: the JSON file.
        predicted_by: the name of a model: entities and relations are then predictions, to be corrected,
            with the ``score`` of a prediction 1 minus the document's uncertainty.
    """
    notices = Notices()
    with written_whole(path) as target:
        opening = "[\n"
        for number, document in enumerate(documents):
            task = json.dumps(_task(document, number, predicted_by, notices), ensure_ascii=False)
            target.write(f"{opening}{task}")
            opening = ",\n"
        target.write("[]\n" if opening == "[\n" else "\n]\n")
    return notices


def _task(document: Document, number: int, predicted_by: str | None, notices: Notices) -> dict[str, Any]:
    data: dict[str, Any] = {"text": document.text}
    data |= {} if document.id is None else {"id": document.id}
    data |= {} if document.meta is None else {"meta": dict(document.meta)}
    # Label Studio wants ids that no other result of the project has.
    prefix = f"d{number + 1}"
    results = [*_regions(document, prefix), *_arrows(document, prefix, notices)]
    if predicted_by is None:
        return {"data": data, "annotations": [{"result": results, "was_cancelled": False}]}
    prediction: dict[str, Any] = {"model_version": predicted_by, "result": results}
    uncertain = uncertainty(document)
    if uncertain is not None:
        prediction["score"] = round(1 - uncertain, 4)
    return {"data": data, "predictions": [prediction]}


def _regions(document: Document, prefix: str) -> Iterable[dict[str, Any]]:
    for index, entity in enumerate(document.entities):
        value = {"start": entity.start, "end": entity.end, "text": entity.text, "labels": [entity.label]}
        region = {"id": f"{prefix}-e{index}", **_CONTROL, "type": "labels", "value": value}
        yield region if entity.score is None else {**region, "score": entity.score}


def _arrows(document: Document, prefix: str, notices: Notices) -> Iterable[dict[str, Any]]:
    pairs: dict[tuple[int, int], list[str]] = {}
    for index, relation in enumerate(document.relations):
        labels = pairs.setdefault((relation.head, relation.tail), [])
        if relation.label in labels:
            notices.add("relation that stands twice, written once", f"{document.id}: relations[{index}]")
        else:
            labels.append(relation.label)
        if relation.score is not None:
            notices.add("score of a relation, not carried", f"{document.id}: relations[{index}]")
    for (head, tail), labels in pairs.items():
        symmetric = all(
            label in RELATIONS_BY_LABEL and RELATIONS_BY_LABEL[label].symmetric for label in labels
        )
        yield {
            "from_id": f"{prefix}-e{head}",
            "to_id": f"{prefix}-e{tail}",
            "type": "relation",
            "direction": "bi" if symmetric else "right",
            "labels": labels,
        }


def labeling_interface() -> str:
    """The labelling interface of the schema, for the settings of a Label Studio project.

    A mark may begin inside a word, since proclitics stay outside; the text runs from right to left.
    """
    relations = "".join(f'    <Relation value="{label}"/>\n' for label in RELATION_LABELS)
    labels = "".join(f'    <Label value="{label}"/>\n' for label in ENTITY_LABELS)
    return (
        f'<View>\n  <Relations choice="multiple">\n{relations}  </Relations>\n'
        f'  <Labels name="label" toName="text">\n{labels}  </Labels>\n'
        '  <View style="direction: rtl; text-align: right">\n'
        '    <Text name="text" value="$text" granularity="symbol"/>\n  </View>\n</View>\n'
    )
