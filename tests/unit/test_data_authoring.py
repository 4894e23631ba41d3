import pytest

from khabar import Document, Entity, Relation
from khabar_data.authoring import format_authored, parse_authored, read_authored, write_authored
from khabar_data.errors import DataError
from tests.annotated import annotated

TWO_ARTICLES = r"""
=== gulf_port_001
theme: economy
story: a port: opened twice
---
افتتح [1:TITLE مدير الميناء] [2:PER راشد العلوي] رصيفا في [3:GPE صحار]
> 2 HOLDS_TITLE 1; 2 PRESENT_AT 3
وقال [PER العلوي] إن «[ORG رصيف\]ين\[]» يكفيان.

=== gulf_port_002
---
\> سطر يبدأ بعلامة
\=== ليس عنوانا
شرطة \\ وقوسان \[ \]
"""


def parse(text):
    return list(parse_authored(text.split("\n"), "a.txt"))


def test_marks_relations_and_meta_are_read():
    first, second = parse(TWO_ARTICLES)
    assert first.id == "gulf_port_001"
    assert first.meta == {"theme": "economy", "story": "a port: opened twice"}
    assert first.text == "افتتح مدير الميناء راشد العلوي رصيفا في صحار\nوقال العلوي إن «رصيف]ين[» يكفيان."
    assert [(entity.label, entity.text) for entity in first.entities] == [
        ("TITLE", "مدير الميناء"),
        ("PER", "راشد العلوي"),
        ("GPE", "صحار"),
        ("PER", "العلوي"),
        ("ORG", "رصيف]ين["),
    ]
    assert all(first.text[entity.start : entity.end] == entity.text for entity in first.entities)
    assert first.relations == (Relation(1, 0, "HOLDS_TITLE"), Relation(1, 2, "PRESENT_AT"))
    assert second.text == "> سطر يبدأ بعلامة\n=== ليس عنوانا\nشرطة \\ وقوسان [ ]"
    assert second.meta == {}


def test_numbers_begin_anew_on_every_line():
    document = annotated(
        "[1:PER هدى] في [2:GPE صور]\n> 1 PRESENT_AT 2\n[1:PER رامي] في [2:GPE جبيل]\n> 1 PRESENT_AT 2"
    )
    assert document.relations == (Relation(0, 1, "PRESENT_AT"), Relation(2, 3, "PRESENT_AT"))


def test_blank_lines_inside_a_text_stay_and_those_behind_it_go():
    assert annotated("عنوان\n\nفقرة\n\n").text == "عنوان\n\nفقرة"


def test_a_backslash_before_another_letter_is_itself():
    assert annotated(r"مسار \ن").text == r"مسار \ن"


@pytest.mark.parametrize(
    ("lines", "line", "message"),
    [
        (["نص"], 1, "text before the first '=== id' line"),
        (["=== a", "theme"], 2, "expected 'key: value' or '---', got 'theme'"),
        (["=== a", "---", "[PER هدى"], 3, r"'\[PER هدى' is no mark: write \[LABEL surface\]"),
        (["=== a", "---", "[PER]"], 3, "is no mark"),
        (["=== a", "---", "[per هدى]"], 3, "is no mark"),
        (["=== a", "---", "[x:PER هدى]"], 3, "is no mark"),
        (
            ["=== a", "---", "[ORG نادي [GPE صور]]"],
            3,
            r"a mark inside the mark '\[ORG نادي ': spans are flat",
        ),
        (["=== a", "---", "هدى]"], 3, r"'\]' without its '\[' at column 4; write \\\]"),
        (["=== a", "---", "[1:PER هدى] [1:PER ليث]"], 3, "mark number 1 stands twice in one line"),
        (["=== a", "---", "[1:PER هدى]", "> 1 MEETS_WITH"], 4, "'1 MEETS_WITH' is no relation: write 'head"),
        (["=== a", "---", "[1:PER هدى]", "> 1 MEETS_WITH 2"], 4, "no mark numbered 2 in the line above"),
        (["=== a", "---", "[1:PER هدى]", "", "> 1 HAS_ALIAS 1"], 5, "no mark numbered 1 in the line above"),
    ],
)
def test_a_broken_line_names_file_line_and_fix(lines, line, message):
    with pytest.raises(DataError, match=rf"^a\.txt:{line}: .*{message}"):
        list(parse_authored(lines, "a.txt"))


def test_articles_round_trip_through_a_file(tmp_path):
    documents = parse(TWO_ARTICLES)
    write_authored(documents, tmp_path / "b.txt")
    found = read_authored(tmp_path / "b.txt")
    assert found == documents
    assert [document.meta for document in found] == [document.meta for document in documents]


def test_the_form_escapes_what_would_be_read_as_marks():
    document = Document("=غ[1]\n>ب\\", (Entity(2, 4, "ORG", "[1"),), (), "x_1", {"theme": "local"})
    assert format_authored(document) == "=== x_1\ntheme: local\n---\n\\=غ[ORG \\[1]\\]\n\\>ب\\\\\n"
    assert parse(format_authored(document)) == [document]


def test_only_marks_in_a_relation_are_numbered():
    document = annotated("[PER هدى] و[1:PER ليث] في [2:GPE صور]\n> 1 PRESENT_AT 2")
    assert format_authored(document).split("\n")[2:4] == [
        "[PER هدى] و[1:PER ليث] في [2:GPE صور]",
        "> 1 PRESENT_AT 2",
    ]


def test_an_article_without_an_id_gets_a_name():
    assert format_authored(Document("نص")).startswith("=== untitled\n---\nنص\n")
