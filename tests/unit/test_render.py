"""The five formats, on one small document written by hand."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from html import unescape
from html.parser import HTMLParser

import pytest

from khabar import ENTITY_LABELS, RELATION_LABELS, Document, Entity, Relation
from khabar.render import FORMATS, format_brat, render, render_html, tokens_and_tags
from khabar.render.captions import ENTITY_CAPTIONS, RELATION_CAPTIONS
from khabar.render.segments import Segment, segments

TEXT = "التقى وزير الدفاع سامي عزيز <نظيره> بواشنطن.\nوقال عزيز: «40 صاروخًا»!"


def entity(surface: str, label: str, score: float | None = None, *, text: str = TEXT) -> Entity:
    start = text.index(surface)
    return Entity(start, start + len(surface), label, surface, score)


def document(**changes: object) -> Document:
    fields = {
        "text": TEXT,
        "entities": (
            entity("وزير الدفاع", "TITLE", 0.91),
            entity("سامي عزيز", "PER", 0.987),
            entity("واشنطن", "GPE", 0.5),
            entity("40", "QUANTITY", 1.0),
        ),
        "relations": (Relation(1, 0, "HOLDS_TITLE", 0.8), Relation(1, 2, "MEETS_WITH", 0.7)),
        "id": "a.txt",
    }
    return Document(**{**fields, **changes})  # type: ignore[arg-type]


EMPTY = Document("")
OVERLAPPING = document(entities=(entity("سامي عزيز", "PER"), entity("عزيز <نظيره>", "ORG")), relations=())


# --- the registry


def test_every_format_has_its_own_name_and_a_summary():
    assert list(FORMATS) == ["table", "jsonl", "html", "conll", "brat"]
    assert all(known.name == name and known.summary for name, known in FORMATS.items())


@pytest.mark.parametrize("name", FORMATS)
def test_no_document_and_an_empty_document_are_rendered(name):
    render([], name)
    render([EMPTY], name)


@pytest.mark.parametrize("name", FORMATS)
def test_rendering_takes_any_iterable_and_is_repeatable(name):
    assert render(iter([document()]), name) == render([document()], name)


def test_an_unknown_format_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match=r"'pdf'; choose one of table, jsonl"):
        render([document()], "pdf")


def test_brat_files_are_not_joined():
    with pytest.raises(ValueError, match="one file a document, got 2"):
        render([document(), document()], "brat")


@pytest.mark.parametrize("name", ["table", "jsonl", "conll"])
def test_formats_that_can_hold_one_document_at_a_time(name):
    def endless():
        while True:
            yield document()

    assert next(FORMATS[name].render(endless()))


# --- segments


def test_segments_join_to_the_text_and_sort_the_entities():
    mixed = Document("ab cd", (Entity(3, 5, "PER", "cd"), Entity(0, 1, "GPE", "a")))
    assert segments(mixed) == [Segment(0, 1, 1), Segment(1, 3), Segment(3, 5, 0)]


@pytest.mark.parametrize("name", ["html", "conll"])
def test_overlapping_entities_are_refused_by_name(name):
    with pytest.raises(ValueError, match=r"entities\[1\] \[\d+, \d+\) overlaps"):
        render([OVERLAPPING], name)


# --- JSONL


def test_jsonl_reads_back_as_the_same_document_with_scores_and_meta():
    original = document(meta={"url": "https://news.example/1"})
    (line,) = render([original], "jsonl").splitlines()
    again = Document.from_dict(json.loads(line))
    assert again == original
    assert again.meta == original.meta
    assert [item.score for item in again.entities] == [0.91, 0.987, 0.5, 1.0]
    assert "وزير" in line


def test_jsonl_keeps_a_lone_surrogate_as_an_escape():
    line = render([Document("خبر \ud800")], "jsonl")
    assert line.encode("utf-8")
    assert json.loads(line)["text"] == "خبر \ud800"


# --- table


def test_table_columns_stand_under_one_another_with_the_text_last():
    lines = render([document()], "table").splitlines()
    assert lines[0] == "a.txt\u200e: entities 4, relations 2"
    assert lines[2] == "#  label     start  end  score  text"
    assert lines[3] == "0  TITLE         6   17   0.91  وزير الدفاع"
    assert {line.index(item.text) for line, item in zip(lines[3:7], document().entities, strict=True)} == {32}
    assert lines[8:] == [
        "relation     head  tail  score  text",
        "HOLDS_TITLE     1     0   0.80  سامي عزيز \u200e→\u200e وزير الدفاع",
        "MEETS_WITH      1     2   0.70  سامي عزيز \u200e↔\u200e واشنطن",
    ]


def test_table_leaves_out_what_is_not_there():
    gold = Document("مصر", (Entity(0, 3, "GPE", "مصر"),))
    assert render([gold], "table") == (
        "entities 1, relations 0\n\n#  label  start  end  text\n0  GPE        0    3  مصر\n"
    )
    assert render([EMPTY, EMPTY], "table") == "entities 0, relations 0\n\nentities 0, relations 0\n"


def test_table_lets_no_text_drive_the_terminal_or_tear_a_row():
    text = "وزارة\r\n\x1b[31mالدفاع\u2028"
    table = render([Document(text, (Entity(0, len(text), "ORG", text),), id="a\x1b]0;\n")], "table")
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028]", table)
    assert len(table.splitlines()) == 4


# --- CoNLL


def test_conll_cuts_words_at_entity_edges_and_ends_sentences():
    assert render([document()], "conll") == (
        "التقى\tO\nوزير\tB-TITLE\nالدفاع\tI-TITLE\nسامي\tB-PER\nعزيز\tI-PER\n<\tO\nنظيره\tO\n>\tO\n"
        "ب\tO\nواشنطن\tB-GPE\n.\tO\n\n"
        "وقال\tO\nعزيز\tO\n:\tO\n«\tO\n40\tB-QUANTITY\nصاروخًا\tO\n»\tO\n!\tO\n\n"
    )


def test_conll_keeps_marks_with_their_letters():
    ((first, second, third),) = tokens_and_tags(Document("كَتَبَ\u200f ،\u200f مصر\u200d"))
    assert [first[0], second[0], third[0]] == ["كَتَبَ\u200f", "،\u200f", "مصر\u200d"]


def test_neighbours_of_one_label_stay_two_entities():
    ((first, second),) = tokens_and_tags(
        Document("مصر لبنان", (Entity(0, 3, "GPE", "مصر"), Entity(4, 9, "GPE", "لبنان")))
    )
    assert (first[1], second[1]) == ("B-GPE", "B-GPE")


def test_sentences_that_an_entity_runs_across_are_one():
    text = "شركة ياهو! نيوز قالت. نعم"
    rows = tokens_and_tags(Document(text, (Entity(5, 15, "ORG", text[5:15]),)))
    assert [[token for token, _ in sentence] for sentence in rows] == [
        ["شركة", "ياهو", "!", "نيوز", "قالت", "."],
        ["نعم"],
    ]
    assert [tag for _, tag in rows[0]] == ["O", "B-ORG", "I-ORG", "I-ORG", "O", "O"]


def test_conll_refuses_an_entity_that_it_would_lose():
    with pytest.raises(ValueError, match=r"entities\[0\] \[1, 3\) is white space only"):
        tokens_and_tags(Document("a  b", (Entity(1, 3, "PER", "  "),)))


# --- brat


def test_brat_writes_entities_and_relations():
    assert format_brat(document()) == (
        "T1\tTITLE 6 17\tوزير الدفاع\nT2\tPER 18 27\tسامي عزيز\nT3\tGPE 37 43\tواشنطن\n"
        "T4\tQUANTITY 57 59\t40\n"
        "R1\tHOLDS_TITLE Arg1:T2 Arg2:T1\nR2\tMEETS_WITH Arg1:T2 Arg2:T3\n"
    )


@pytest.mark.parametrize(
    ("text", "offsets", "surface"),
    [
        ("وزارة الدفاع", "0 12", "وزارة الدفاع"),
        ("وزارة\nالدفاع", "0 5;6 12", "وزارة الدفاع"),
        ("وزارة \r\n\t الدفاع", "0 5;10 16", "وزارة الدفاع"),
        ("\u2028وزارة\x85", "1 6", "وزارة"),
        ("\n\n", "0 2", "  "),
    ],
)
def test_brat_breaks_no_line(text, offsets, surface):
    assert (
        format_brat(Document(text, (Entity(0, len(text), "ORG", text),))) == f"T1\tORG {offsets}\t{surface}\n"
    )


# --- HTML


class Page(HTMLParser):
    """What a browser would find: every article's text, the marks, links, anchors and their targets."""

    def __init__(self, source: str) -> None:
        super().__init__(convert_charrefs=True)
        self.texts: list[str] = []
        self.marks: list[tuple[str | None, str | None]] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.tags: list[str] = []
        self._inside: list[str] = []
        self.feed(source)
        self.close()

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.tags.append(tag)
        if tag == "div" and found.get("class") == "text":
            self.texts.append("")
            self._inside.append("div")
        elif tag == "sup":
            self._inside.append("sup")
        if tag == "mark":
            self.marks.append((found.get("class"), found.get("data-label")))
        if found.get("id"):
            self.ids.append(found["id"] or "")
        if tag == "a":
            self.links.append(found.get("href") or "")

    def handle_endtag(self, tag: str) -> None:
        if self._inside and self._inside[-1] == tag:
            self._inside.pop()

    def handle_data(self, data: str) -> None:
        if self._inside == ["div"]:
            self.texts[-1] += data


def test_html_gives_the_text_back_and_marks_every_entity():
    source = render([document()], "html")
    page = Page(source)
    assert page.texts == [TEXT]
    assert page.marks == [
        ("e-TITLE", "TITLE"),
        ("e-PER", "PER"),
        ("e-GPE", "GPE"),
        ("e-QUANTITY", "QUANTITY"),
    ]
    assert '<html lang="ar" dir="rtl">' in source
    assert "<title>a.txt</title>" in source


def test_html_links_all_lead_somewhere_and_anchors_are_unique():
    page = Page(render([document(), document()], "html"))
    assert len(page.ids) == len(set(page.ids))
    assert page.links
    assert {link.removeprefix("#") for link in page.links} <= set(page.ids)


def test_html_numbers_relations_beside_the_entities_they_join():
    source = render([document()], "html")
    assert re.findall(r'data-label="(\w+)"[^>]*>[^<]*</mark><sup>(.*?)</sup>', source) == [
        ("TITLE", '<a href="#d1-r1">1</a>'),
        ("PER", '<a href="#d1-r1">1</a> <a href="#d1-r2">2</a>'),
        ("GPE", '<a href="#d1-r2">2</a>'),
    ]
    plain = [" ".join(re.sub("<[^>]+>", "", row).split()) for row in re.findall("<li id=.*?</li>", source)]
    assert plain == [
        "1 سامي عزيز — HOLDS_TITLE يحمل صفة ← وزير الدفاع 0.80",
        "2 سامي عزيز — MEETS_WITH يجتمع مع ↔ واشنطن 0.70",
    ]


def test_html_counts_labels_in_the_legend_in_schema_order():
    extra = Document("x", (Entity(0, 1, "MISC", "x"),))
    legend = re.findall(
        r'<li class="(e-\w+)">.*?<b>(\d+)</b>', render([document(), document(), extra], "html")
    )
    assert legend == [("e-PER", "2"), ("e-TITLE", "2"), ("e-GPE", "2"), ("e-QUANTITY", "2"), ("e-other", "1")]


def test_html_escapes_all_that_comes_from_outside():
    evil = '<script>alert("1")</script>&\''
    found = Document(evil, (Entity(0, len(evil), evil, evil),), (Relation(0, 0, evil),), evil)
    for source in (render([found], "html"), render([found, found], "html")):
        page = Page(source)
        assert "script" not in page.tags
        assert page.marks[0] == ("e-other", evil)
        assert page.texts[0] == evil
    assert unescape(re.search("<title>(.*?)</title>", source)[1]) != evil  # two documents: a general title


def test_html_loads_nothing_and_runs_nothing():
    source = render([document(), document()], "html")
    assert "default-src 'none'" in source
    assert not re.search(r"https?://|@import|url\(|\ssrc=|<script|<link", source)
    assert "prefers-color-scheme: dark" in source


def test_html_title_can_be_given():
    assert "<h1><bdi>أخبار &amp; تحليل</bdi></h1>" in "".join(
        render_html([document()], title="أخبار & تحليل")
    )


def test_every_label_has_a_caption_and_entities_a_hue_of_their_own():
    assert tuple(ENTITY_CAPTIONS) == ENTITY_LABELS
    assert tuple(RELATION_CAPTIONS) == RELATION_LABELS
    assert len({hue for _, hue in ENTITY_CAPTIONS.values()}) == len(ENTITY_LABELS)
