"""A plain-text table for a terminal: the entities of each document, then its relations.

Columns in Latin letters and digits come first and the Arabic text comes last, so that the columns
stand under one another whether or not the terminal reorders right-to-left text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from khabar.document import Document
from khabar.schema import RELATIONS_BY_LABEL

#: Line breaks would tear a row apart, and a control sequence in a text could drive the terminal.
_CONTROLS: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
#: Left-to-right marks keep the head left of the arrow, and the tail right of it, between Arabic names.
_ARROW: Final = " \u200e→\u200e "
_BOTH_WAYS: Final = " \u200e↔\u200e "

_ENTITY_COLUMNS: Final = ("#", "label", "start", "end", "score", "text")
_RELATION_COLUMNS: Final = ("relation", "head", "tail", "score", "text")


def render_table(documents: Iterable[Document]) -> Iterator[str]:
    """One piece of text a document, a blank line between documents.

    ``start`` and ``end`` are half-open code points of the text; ``head`` and ``tail`` are numbers of
    the ``#`` column, which counts from 0 as ``Document.entities`` does. The score column is left out
    where nothing has a score.
    """
    for number, document in enumerate(documents):
        lines = [_heading(document), *_entities(document), *_relations(document)]
        yield ("\n" if number else "") + "\n".join(lines) + "\n"


def _heading(document: Document) -> str:
    counts = f"entities {len(document.entities)}, relations {len(document.relations)}"
    return counts if document.id is None else f"{_one_line(document.id)}\u200e: {counts}"


def _entities(document: Document) -> list[str]:
    if not document.entities:
        return []
    rows = [
        (
            str(number),
            entity.label,
            str(entity.start),
            str(entity.end),
            _score(entity.score),
            _one_line(entity.text),
        )
        for number, entity in enumerate(document.entities)
    ]
    return ["", *_aligned([_ENTITY_COLUMNS, *rows])]


def _relations(document: Document) -> list[str]:
    if not document.relations:
        return []
    rows = []
    for relation in document.relations:
        known = RELATIONS_BY_LABEL.get(relation.label)
        arrow = _BOTH_WAYS if known is not None and known.symmetric else _ARROW
        ends = (document.entities[relation.head].text, document.entities[relation.tail].text)
        surface = arrow.join(map(_one_line, ends))
        rows.append((relation.label, str(relation.head), str(relation.tail), _score(relation.score), surface))
    return ["", *_aligned([_RELATION_COLUMNS, *rows])]


def _aligned(rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    """Rows with columns of one width; figures to the right; columns without a value left out."""
    shown = [column for column in zip(*rows, strict=True) if any(column[1:])]
    padded = []
    for column in shown[:-1]:
        width = max(map(len, column))
        is_label = column[0] in ("label", "relation")
        padded.append([cell.ljust(width) if is_label else cell.rjust(width) for cell in column])
    return ("  ".join(cells) for cells in zip(*padded, shown[-1], strict=True))


def _score(score: float | None) -> str:
    return "" if score is None else f"{score:.2f}"


def _one_line(text: str) -> str:
    return _CONTROLS.sub(" ", text)
