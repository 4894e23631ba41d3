"""brat standoff: a ``.ann`` file of T lines (entities) and R lines (relations) beside the text.

    T1	PER 0 12	surface
    R1	HOLDS_TITLE Arg1:T1 Arg2:T2

Offsets are code points of the text file, which has to hold exactly ``document.text``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from khabar.document import Document, Entity

#: What would break a T line: every line break that Python's ``splitlines`` knows, and the tab.
_BREAKS: Final = "\t\n\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029"
_UNBROKEN: Final = re.compile(rf"[^{_BREAKS}]+")
_BREAK: Final = re.compile(rf"[{_BREAKS}]")


def format_brat(document: Document) -> str:
    """The text of the ``.ann`` file of one document; an empty string where nothing is annotated.

    An entity that runs over a line break is written as a discontinuous one, the lines' parts with
    their own offsets: brat allows no line break in an annotation.
    """
    lines = [_entity_line(number, entity) for number, entity in enumerate(document.entities, start=1)]
    lines += [
        f"R{number}\t{relation.label} Arg1:T{relation.head + 1} Arg2:T{relation.tail + 1}\n"
        for number, relation in enumerate(document.relations, start=1)
    ]
    return "".join(lines)


def render_brat(documents: Iterable[Document]) -> Iterator[str]:
    """The ``.ann`` text of each document. Numbers start again, so each needs a file of its own."""
    return map(format_brat, documents)


def _entity_line(number: int, entity: Entity) -> str:
    parts = list(_fragments(entity))
    offsets = ";".join(f"{start} {end}" for start, end, _ in parts)
    return f"T{number}\t{entity.label} {offsets}\t{' '.join(surface for _, _, surface in parts)}\n"


def _fragments(entity: Entity) -> Iterator[tuple[int, int, str]]:
    """The unbroken parts of an entity with their offsets, without white space at their edges."""
    if _BREAK.search(entity.text) is None:
        yield entity.start, entity.end, entity.text
        return
    found = [match for match in _UNBROKEN.finditer(entity.text) if match[0].strip()]
    for match in found:
        surface = match[0].strip()
        start = entity.start + match.start() + len(match[0]) - len(match[0].lstrip())
        yield start, start + len(surface), surface
    if not found:
        yield entity.start, entity.end, _BREAK.sub(" ", entity.text)
