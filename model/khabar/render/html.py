"""One self-contained HTML page: highlighted text, a legend, and each document's relations.

The page is right to left, loads nothing and runs no script. The entity labels are drawn by the
style sheet and the relation numbers cannot be selected, so copying from the page gives the article
alone. Every string from outside is escaped.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from importlib.resources import files
from typing import Final

from khabar.document import Document, Relation
from khabar.render.captions import ENTITY_CAPTIONS, RELATION_CAPTIONS
from khabar.render.page import page_head
from khabar.render.segments import segments
from khabar.schema import ENTITY_LABELS, RELATIONS_BY_LABEL

_TITLE: Final = "خبر: الكيانات والعلاقات"
#: In a right-to-left line the tail stands left of the head, so that is where the arrow points.
_ARROW: Final = "←"
_BOTH_WAYS: Final = "↔"


def render_html(documents: Iterable[Document], *, title: str | None = None) -> Iterator[str]:
    """The pieces of one page that holds all documents.

    Args:
        documents: held in memory together, for the counts at the top of the page.
        title: of the page; else the id of a single document, else a general one.

    Raises:
        ValueError: two entities of a document overlap.
    """
    found = list(documents)
    heading = title or (found[0].id if len(found) == 1 else None) or _TITLE
    yield page_head(heading, _style(), language="ar")
    yield f'<header class="page">\n<h1><bdi>{escape(heading)}</bdi></h1>\n{_totals(found)}{_legend(found)}'
    if len(found) > 1:
        yield _contents(found)
    yield "</header>\n<main>\n"
    for number, document in enumerate(found, start=1):
        yield _article(document, number, with_heading=len(found) > 1)
    yield "</main>\n</body>\n</html>\n"


def _style() -> str:
    sheet = files("khabar.render").joinpath("page.css").read_text(encoding="utf-8")
    hues = (f".e-{label} {{ --hue: {hue}; --colour: 1; }}\n" for label, (_, hue) in ENTITY_CAPTIONS.items())
    return sheet + "".join(hues)


def _totals(documents: Sequence[Document]) -> str:
    counts = (
        ("المستندات", len(documents)),
        ("الكيانات", sum(len(document.entities) for document in documents)),
        ("العلاقات", sum(len(document.relations) for document in documents)),
    )
    items = (f"<span>{name}: <b>{count}</b></span>" for name, count in counts)
    return f'<p class="totals">{"".join(items)}</p>\n'


def _legend(documents: Sequence[Document]) -> str:
    """Every label that occurs, in the order of the schema, with its count."""
    counts = Counter(entity.label for document in documents for entity in document.entities)
    labels = [label for label in ENTITY_LABELS if label in counts]
    labels += sorted(counts.keys() - set(ENTITY_LABELS))
    items = (
        f'<li class="{_class(label)}"><bdi class="code">{escape(label)}</bdi> {_caption(label)}'
        f" <b>{counts[label]}</b></li>\n"
        for label in labels
    )
    return f'<ul class="legend">\n{"".join(items)}</ul>\n' if labels else ""


def _contents(documents: Sequence[Document]) -> str:
    items = (
        f'<li><a href="#d{number}"><bdi>{_name(document, number)}</bdi></a></li>\n'
        for number, document in enumerate(documents, start=1)
    )
    return f"<nav><ol>\n{''.join(items)}</ol></nav>\n"


def _article(document: Document, number: int, *, with_heading: bool) -> str:
    heading = (
        f'<h2><a href="#d{number}"><bdi>{_name(document, number)}</bdi></a></h2>\n' if with_heading else ""
    )
    return (
        f'<article id="d{number}">\n{heading}'
        f'<div class="text">{_marked_text(document, number)}</div>\n'
        f"{_relations(document, number)}</article>\n"
    )


def _marked_text(document: Document, number: int) -> str:
    """The text with a ``mark`` for each entity and behind it the numbers of its relations."""
    joined: defaultdict[int, list[int]] = defaultdict(list)
    for position, relation in enumerate(document.relations, start=1):
        for end in dict.fromkeys((relation.head, relation.tail)):
            joined[end].append(position)
    return "".join(
        escape(document.text[segment.start : segment.end])
        if segment.entity is None
        else _mark(document, segment.entity, number) + _superscript(joined, segment.entity, number)
        for segment in segments(document)
    )


def _mark(document: Document, index: int, number: int) -> str:
    entity = document.entities[index]
    label = escape(entity.label)
    tip = f"{_caption(entity.label)} {_score(entity.score)}".strip()
    surface = escape(document.text[entity.start : entity.end])
    return (
        f'<mark id="d{number}-e{index}" class="{_class(entity.label)}" data-label="{label}" title="{tip}">'
        f"{surface}</mark>"
    )


def _superscript(joined: Mapping[int, Sequence[int]], index: int, number: int) -> str:
    if index not in joined:
        return ""
    links = (f'<a href="#d{number}-r{position}">{position}</a>' for position in joined[index])
    return f"<sup>{' '.join(links)}</sup>"


def _relations(document: Document, number: int) -> str:
    if not document.relations:
        return ""
    items = (
        _relation(document, relation, position, number)
        for position, relation in enumerate(document.relations, start=1)
    )
    return f'<h3>العلاقات</h3>\n<ol class="relations">\n{"".join(items)}</ol>\n'


def _relation(document: Document, relation: Relation, position: int, number: int) -> str:
    known = RELATIONS_BY_LABEL.get(relation.label)
    arrow = _BOTH_WAYS if known is not None and known.symmetric else _ARROW
    caption = RELATION_CAPTIONS.get(relation.label, "")
    score = f' <span class="score">{_score(relation.score)}</span>' if relation.score is not None else ""
    return (
        f'<li id="d{number}-r{position}"><span class="number">{position}</span> '
        f"{_end(document, relation.head, number)} "
        f'<span class="label">— <bdi class="code">{escape(relation.label)}</bdi> {caption} {arrow}</span> '
        f"{_end(document, relation.tail, number)}{score}</li>\n"
    )


def _end(document: Document, index: int, number: int) -> str:
    """The head or the tail of a relation, as a link to its place in the text."""
    entity = document.entities[index]
    # Line breaks inside a name do not matter in a list.
    surface = escape(" ".join(entity.text.split()))
    return f'<a class="end {_class(entity.label)}" href="#d{number}-e{index}"><bdi>{surface}</bdi></a>'


def _name(document: Document, number: int) -> str:
    return escape(document.id or f"مستند {number}")


def _class(label: str) -> str:
    return f"e-{label}" if label in ENTITY_CAPTIONS else "e-other"


def _caption(label: str) -> str:
    return ENTITY_CAPTIONS[label][0] if label in ENTITY_CAPTIONS else ""


def _score(score: float | None) -> str:
    return "" if score is None else f"{score:.2f}"
