from collections import Counter
from dataclasses import replace

import pytest

from khabar import Document
from khabar.schema import ENTITY_LABELS, RELATION_LABELS
from khabar_data.statistics import Statistics
from khabar_data.stats import main
from tests.annotated import annotated, jsonl

FIRST = annotated("التقى [1:PER نديم] [2:PER سهى] في [3:GPE جرش]\n> 1 MEETS_WITH 2; 1 PRESENT_AT 3", "a_1")
SECOND = annotated("عاد [PER نديم]", "a_2")


def test_everything_is_counted():
    counts = Statistics.of([FIRST, SECOND, Document("")])
    assert (counts.documents, counts.words) == (3, 7)
    assert counts.entities == {"PER": 3, "GPE": 1}
    assert counts.relations == {"MEETS_WITH": 1, "PRESENT_AT": 1}
    assert counts.meta == {}


def test_meta_is_counted_by_value_where_it_is_text():
    documents = [
        replace(FIRST, meta={"theme": "local", "year": 2020}),
        replace(SECOND, meta={"theme": "local", "voice": "gulf"}),
        replace(SECOND, meta=None),
    ]
    assert Statistics.of(documents).meta == {"theme": Counter(local=2), "voice": Counter(gulf=1)}


def test_nothing_counts_as_nothing():
    assert Statistics.of([]) == Statistics()
    assert Statistics().table().startswith("documents 0, words 0, entities 0, relations 0\n")


def test_the_table_names_every_label():
    lines = Statistics.of([FIRST]).table().splitlines()
    assert lines[0] == "documents 1, words 5, entities 3, relations 2"
    assert [line.split() for line in lines[1:3]] == [["PER", "2"], ["TITLE", "0"]]
    assert [line.split()[0] for line in lines[1:]] == [*ENTITY_LABELS, *RELATION_LABELS]


def test_the_command_counts_each_file_and_all(tmp_path, capsys):
    jsonl(tmp_path / "b.jsonl", [replace(FIRST, meta={"theme": "sport", "story": "a match"})])
    jsonl(tmp_path / "a.jsonl", [SECOND])
    assert main([str(tmp_path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    heads = [line for line in lines if "documents" in line]
    assert heads == [
        f"{tmp_path / 'a.jsonl'}: documents 1, words 2, entities 1, relations 0",
        f"{tmp_path / 'b.jsonl'}: documents 1, words 5, entities 3, relations 2",
        "all: documents 2, words 7, entities 4, relations 2",
    ]
    assert lines[-1] == "theme: sport 1"


def test_the_command_reads_the_authoring_form(tmp_path, capsys):
    (tmp_path / "a.txt").write_text("=== a\ntheme: local\n---\nعاد [PER نديم]\n", encoding="utf-8")
    assert main([str(tmp_path / "a.txt")]) == 0
    assert "theme: local 1\n" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", ":1: is not JSON"),
        (None, ": cannot be read"),
        ('{"id": "a"}', ":1: field 'text': expected a string"),
    ],
)
def test_the_command_names_a_file_that_it_cannot_read(tmp_path, capsys, content, message):
    path = tmp_path / "a.jsonl"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    assert main([str(path)]) == 2
    assert capsys.readouterr().err.startswith(f"{path}{message}")
