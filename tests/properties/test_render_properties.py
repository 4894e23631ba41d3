"""What every format keeps, for any text and any flat entities."""

from __future__ import annotations

import json
import re
from html import unescape
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from khabar import ENTITY_LABELS, RELATION_LABELS, Document, Entity, Relation
from khabar.render import format_brat, render, tokens_and_tags
from khabar.render.segments import segments

LETTERS = st.one_of(
    st.sampled_from("ابدروسكلي ـًَّ.؟!؛،«»()\n\r\t \u00a0\u200f\u200e\u2028\x85\x1c<>&\"'0٣A_ﷺ"),
    st.characters(exclude_categories=("Cs",)),
)


@st.composite
def documents(draw: st.DrawFn) -> Document:
    """A text cut anywhere, some of the pieces entities that hold more than white space, some related."""
    text = draw(st.text(LETTERS, max_size=60))
    cuts = sorted({0, len(text), *draw(st.lists(st.integers(0, len(text)), max_size=12))})
    entities = tuple(
        Entity(start, end, draw(st.sampled_from(ENTITY_LABELS)), text[start:end])
        for start, end in pairwise(cuts)
        if text[start:end].strip() and draw(st.booleans())
    )
    index = st.integers(0, max(len(entities) - 1, 0))
    related = st.builds(Relation, index, index, st.sampled_from(RELATION_LABELS))
    relations = tuple(draw(st.lists(related, max_size=4))) if entities else ()
    return Document(text, entities, relations, draw(st.none() | st.text(max_size=8)))


@given(documents())
def test_segments_cover_the_text(document):
    assert "".join(document.text[part.start : part.end] for part in segments(document)) == document.text
    assert [part.entity for part in segments(document) if part.entity is not None] == list(
        range(len(document.entities))
    )


@given(documents())
def test_conll_tokens_cover_all_but_white_space(document):
    sentences = tokens_and_tags(document)
    assert all(sentences)
    tokens = [token for sentence in sentences for token, _ in sentence]
    assert "".join(tokens) == "".join(document.text.split())
    assert all(token and not any(map(str.isspace, token)) for token in tokens)


@given(documents())
def test_spans_read_from_conll_are_the_entities(document):
    position = 0
    spans: list[list[int | str]] = []
    for sentence in tokens_and_tags(document):
        inside = False
        for token, tag in sentence:
            while document.text[position].isspace():
                position += 1
            assert document.text.startswith(token, position)
            if tag.startswith("I-"):
                assert inside
                assert spans[-1][2] == tag[2:]
                spans[-1][1] = position + len(token)
            elif tag.startswith("B-"):
                spans.append([position, position + len(token), tag[2:]])
            inside = tag != "O"
            position += len(token)
    assert spans == [[*_trimmed(entity), entity.label] for entity in document.entities]


def _trimmed(entity: Entity) -> tuple[int, int]:
    text = entity.text
    return entity.start + len(text) - len(text.lstrip()), entity.end - (len(text) - len(text.rstrip()))


@given(documents())
def test_html_unescapes_to_the_text(document):
    (found,) = re.findall(r'<div class="text">(.*?)</div>', render([document], "html"), re.DOTALL)
    without_numbers = re.sub(r"<sup>.*?</sup>", "", found)
    assert unescape(re.sub(r"<[^>]*>", "", without_numbers)) == document.text


@given(documents())
def test_brat_surfaces_are_the_text_at_their_offsets(document):
    lines = format_brat(document).splitlines()
    assert len(lines) == len(document.entities) + len(document.relations)
    for number, (line, entity) in enumerate(zip(lines, document.entities, strict=False), start=1):
        name, place, surface = line.split("\t")
        label, _, offsets = place.partition(" ")
        spans = [tuple(map(int, part.split())) for part in offsets.split(";")]
        assert (name, label) == (f"T{number}", entity.label)
        assert surface == " ".join(document.text[start:end] for start, end in spans)
        assert all(entity.start <= start < end <= entity.end for start, end in spans)
        assert "".join(surface.split()) == "".join(entity.text.split())


@given(st.lists(documents(), max_size=3))
def test_jsonl_reads_back(found):
    lines = render(found, "jsonl").split("\n")
    assert lines.pop() == ""
    assert [Document.from_dict(json.loads(line)) for line in lines] == found


@given(documents())
def test_the_table_has_one_line_a_row(document):
    sections = bool(document.entities) + bool(document.relations)
    rows = len(document.entities) + len(document.relations)
    assert len(render([document], "table").splitlines()) == 1 + 2 * sections + rows
