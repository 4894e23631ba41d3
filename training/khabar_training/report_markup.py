"""Pieces of HTML for the evaluation report; a string becomes one only through ``text``, which escapes it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import NewType

#: Finished markup. Names, labels and texts from outside are plain ``str`` and do not pass for it.
Html = NewType("Html", str)

NOTHING = Html("")


def text(value: object) -> Html:
    """Any value as text: every character that HTML reads as markup is escaped."""
    return Html(escape(str(value)))


def label_code(label: str) -> Html:
    """A label of the schema, in a fixed-width face and with its own direction."""
    return Html(f'<bdi class="code">{escape(label)}</bdi>')


def arabic(surface: str) -> Html:
    """A name or an id inside an English line, kept apart from its direction; line breaks become spaces."""
    return Html(f"<bdi>{escape(' '.join(surface.split()))}</bdi>")


def joined(pieces: Iterable[Html]) -> Html:
    """Pieces one after another."""
    return Html("".join(pieces))


def table(columns: Sequence[str], rows: Iterable[Sequence[Html]], name: str) -> Html:
    """A table that scrolls sideways by itself where the page is narrow.

    Args:
        columns: headings; plain text.
        rows: cells, as many as columns; the first one names its row.
        name: what the table is, for readers who cannot see it.
    """
    head = "".join(f'<th scope="col">{escape(column)}</th>' for column in columns)
    lines = [
        f'<tr><th scope="row">{first}</th>{"".join(f"<td>{cell}</td>" for cell in cells)}</tr>\n'
        for first, *cells in rows
    ]
    return Html(
        f'<div class="wide" role="region" aria-label="{escape(name)}" tabindex="0">'
        f"<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{''.join(lines)}</tbody></table></div>\n"
    )


def note(plain: str) -> Html:
    """A paragraph that explains what stands below or above it."""
    return Html(f'<p class="note">{escape(plain)}</p>\n')


def heading(plain: str) -> Html:
    """A heading inside a section."""
    return Html(f"<h3>{escape(plain)}</h3>\n")


def section(anchor: str, title: str, *pieces: Html) -> Html:
    """A section of the page with a heading that links to itself."""
    return Html(
        f'<section id="{escape(anchor)}">\n<h2><a href="#{escape(anchor)}">{escape(title)}</a></h2>\n'
        f"{''.join(pieces)}</section>\n"
    )
