"""Documents -> text for people and for other tools: a table, JSONL, an HTML page, CoNLL, brat.

Every format is a pure function from documents to pieces of text; writing them anywhere is the
caller's business. The formats that can, hold one document at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from khabar.document import Document
from khabar.render.brat import format_brat, render_brat
from khabar.render.conll import render_conll, tokens_and_tags
from khabar.render.html import render_html
from khabar.render.jsonl import render_jsonl
from khabar.render.table import render_table

__all__ = [
    "FORMATS",
    "Format",
    "format_brat",
    "render",
    "render_brat",
    "render_conll",
    "render_html",
    "render_jsonl",
    "render_table",
    "tokens_and_tags",
]


@dataclass(frozen=True, slots=True)
class Format:
    """One way to write documents.

    Attributes:
        name: what a user asks for.
        summary: one phrase for a help page.
        render: documents to pieces of text, to be joined without anything between them.
        file_a_document: whether each piece is a file of its own, so that pieces cannot be joined.
    """

    name: str
    summary: str
    render: Callable[[Iterable[Document]], Iterator[str]]
    file_a_document: bool = False


FORMATS: Final[Mapping[str, Format]] = MappingProxyType(
    {
        known.name: known
        for known in (
            Format("table", "aligned columns for a terminal", render_table),
            Format("jsonl", "one JSON record a document", render_jsonl),
            Format("html", "one self-contained page with highlighted text", render_html),
            Format("conll", "one token and its IOB2 tag a line", render_conll),
            Format("brat", "standoff annotation, a .ann file a document", render_brat, file_a_document=True),
        )
    }
)


def render(documents: Iterable[Document], name: str) -> str:
    """Write documents in the format called ``name``, whole, into one string.

    Raises:
        ValueError: no format has that name; the format cannot hold overlapping entities and two of
            them do; or it keeps a file a document and there are several.
    """
    if name not in FORMATS:
        raise ValueError(f"no format {name!r}; choose one of {', '.join(FORMATS)}")
    pieces = list(FORMATS[name].render(documents))
    if FORMATS[name].file_a_document and len(pieces) > 1:
        raise ValueError(
            f"{name} keeps one file a document, got {len(pieces)} documents; render them one by one"
        )
    return "".join(pieces)
