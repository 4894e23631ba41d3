"""The ``result`` list of a Label Studio annotation -> entities and relations.

{"id": "a", "type": "labels", "value": {"start": 4, "end": 8, "text": "كمال", "labels": ["PER"]}, …}
{"type": "relation", "from_id": "a", "to_id": "b", "direction": "right", "labels": ["PRESENT_AT"]}
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from khabar.document import Entity, Relation
from khabar.schema import RELATIONS_BY_LABEL
from khabar_data.notices import Notices
from khabar_data.offsets import Placed, place_surface

Json = Mapping[str, Any]

#: Their offsets count in HTML or within a paragraph of a dialogue, not in the text.
_ELSEWHERE: Final = {"hypertextlabels": "<HyperText>", "paragraphlabels": "<Paragraphs>"}


def read_results(
    results: Sequence[Json], text: str, place: str, notices: Notices
) -> tuple[tuple[Entity, ...], tuple[Relation, ...]]:
    """Entities in text order and the relations between them; ``place`` is what notices call the task.

    Raises:
        ValueError: a region cannot be placed in ``text``, or a relation names one that is not there.
    """
    found: list[tuple[str, Entity]] = []
    for number, item in enumerate(results):
        kind = item.get("type")
        if kind == "labels":
            found.extend(_entities(item, text, f"result[{number}]", place, notices))
        elif kind in _ELSEWHERE:
            raise ValueError(f"result[{number}]: marked in {_ELSEWHERE[kind]}; annotate the text in <Text>")
        elif kind != "relation":
            notices.add(f"result of type {kind!r}, not carried", f"{place}: result[{number}]")
    found.sort(key=lambda pair: (pair[1].start, pair[1].end))
    rank: dict[str, int] = {}
    for position, (region, _) in enumerate(found):
        # Of two labels of a region the first bears its relations.
        rank.setdefault(region, position)
    relations = [
        relation
        for number, item in enumerate(results)
        if item.get("type") == "relation"
        for relation in _relations(item, rank, f"result[{number}]", place, notices)
    ]
    return tuple(entity for _, entity in found), tuple(relations)


def _entities(
    item: Json, text: str, field: str, place: str, notices: Notices
) -> Iterator[tuple[str, Entity]]:
    value = item.get("value")
    if not isinstance(value, dict):
        raise ValueError(f"{field}: field 'value': expected an object, got {type(value).__name__}")
    placed = _placed(value, text, field)
    if placed.mended:
        notices.add(f"region {placed.mended}", f"{place}: {field}")
    if "text" not in value:
        notices.add("region without a stored text to check its offsets by", f"{place}: {field}")
    labels = value.get("labels")
    if not isinstance(labels, list) or not all(isinstance(label, str) and label for label in labels):
        raise ValueError(f"{field}: field 'value.labels': expected a list of labels, got {labels!r}")
    if not labels:
        notices.add("region without a label, not carried", f"{place}: {field}")
    if len(labels) > 1:
        notices.add("region with several labels, an entity each", f"{place}: {field}")
    score = item.get("score")
    for label in labels:
        entity = Entity(
            placed.start,
            placed.end,
            label,
            text[placed.start : placed.end],
            float(score) if isinstance(score, int | float) else None,
        )
        yield str(item.get("id")), entity


def _placed(value: Json, text: str, field: str) -> Placed:
    start, end = value.get("start"), value.get("end")
    if type(start) is not int or type(end) is not int:
        raise ValueError(f"{field}: 'start' and 'end' are {start!r} and {end!r}, expected code points")
    surface = value.get("text", text[max(start, 0) : max(end, 0)])
    placed = place_surface(text, start, end, str(surface))
    if placed is not None:
        return placed
    if not 0 <= start < end <= len(text):
        why = f"span [{start}, {end}) is not inside the text of {len(text)} characters"
    else:
        why = f"{surface!r} is not what stands at [{start}, {end}): {text[start:end]!r}"
    raise ValueError(f"{field}: {why}, nor just beside; mark it again, or take the region out")


def _relations(
    item: Json, rank: Mapping[str, int], field: str, place: str, notices: Notices
) -> Iterator[Relation]:
    ends = []
    for name in ("from_id", "to_id"):
        if str(item.get(name)) not in rank:
            raise ValueError(
                f"{field}: {name} {item.get(name)!r} is no labelled region; take the relation out"
            )
        ends.append(rank[str(item[name])])
    direction = item.get("direction", "right")
    if direction not in ("right", "left", "bi"):
        raise ValueError(f"{field}: direction {direction!r}; Label Studio knows right, left and bi")
    head, tail = reversed(ends) if direction == "left" else ends
    labels = item.get("labels") or []
    if not isinstance(labels, list) or not all(isinstance(label, str) and label for label in labels):
        raise ValueError(f"{field}: field 'labels': expected a list of labels, got {labels!r}")
    if not labels:
        notices.add("relation without a label, not carried", f"{place}: {field}")
    for label in labels:
        yield Relation(head, tail, label)
        kind = RELATIONS_BY_LABEL.get(label)
        if direction == "bi" and not (kind and kind.symmetric):
            notices.add(f"{label} that points both ways, read as two", f"{place}: {field}")
            yield Relation(tail, head, label)
