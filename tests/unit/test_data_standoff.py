import json
import lzma

import pytest

from khabar.document import Document, Entity, Relation
from khabar_data.errors import DataError
from khabar_data.jsonl import read_jsonl, write_jsonl
from khabar_data.standoff import join_texts, main, part_from_texts

TEXT = "زار الوزير سالم بغداد\nوعاد منها"
DOCUMENT = Document(
    TEXT,
    (Entity(4, 10, "TITLE", "الوزير"), Entity(11, 15, "PER", "سالم"), Entity(16, 21, "GPE", "بغداد")),
    (Relation(1, 0, "HOLDS_TITLE"), Relation(1, 2, "PRESENT_AT")),
    "news:1",
)


@pytest.fixture
def texts(tmp_path):
    with lzma.open(tmp_path / "news.txt.xz", "wt", encoding="utf-8") as target:
        target.write(f"نص أول\n\n\n{TEXT}\n\nنص ثالث\n")
    return tmp_path


def test_what_is_parted_and_joined_is_what_it_was(texts, tmp_path):
    apart = tmp_path / "apart.jsonl"
    part_from_texts([DOCUMENT], apart, texts)
    assert join_texts(apart, texts) == [DOCUMENT]


def test_no_word_of_the_text_stands_in_the_record(texts, tmp_path):
    apart = tmp_path / "apart.jsonl"
    part_from_texts([DOCUMENT], apart, texts)
    assert not any("\u0600" <= character <= "\u06ff" for character in apart.read_text(encoding="utf-8"))


def test_a_text_that_has_changed_is_refused(texts, tmp_path):
    apart = tmp_path / "apart.jsonl"
    part_from_texts([DOCUMENT], apart, texts)
    with lzma.open(texts / "news.txt.xz", "wt", encoding="utf-8") as target:
        target.write(f"نص أول\n\n{TEXT} أمس\n")
    with pytest.raises(DataError, match=r"apart\.jsonl:1: news:1: the text has changed"):
        join_texts(apart, texts)


def test_another_text_under_the_id_is_not_parted(texts, tmp_path):
    with pytest.raises(DataError, match="news:0: its text is not the one"):
        part_from_texts([Document(TEXT, id="news:0")], tmp_path / "apart.jsonl", texts)
    assert not (tmp_path / "apart.jsonl").exists()


@pytest.mark.parametrize(
    ("record", "message"),
    [
        ("{", "apart.jsonl:1: is not JSON"),
        ('{"id": 3, "sha256": ""}', "fields 'id' and 'sha256'"),
        ('{"id": "news", "sha256": ""}', "expected a file's name and a number"),
        ('{"id": "../news:1", "sha256": ""}', "expected a file's name and a number"),
        ('{"id": "news:7", "sha256": ""}', "holds no document news:7"),
        ('{"id": "other:1", "sha256": ""}', "other.txt.xz: cannot be read"),
    ],
)
def test_a_record_that_cannot_be_joined_is_named(texts, tmp_path, record, message):
    apart = tmp_path / "apart.jsonl"
    apart.write_text(record + "\n", encoding="utf-8")
    with pytest.raises(DataError) as error:
        join_texts(apart, texts)
    assert message in str(error.value)


def test_malformed_marks_are_named(texts, tmp_path):
    apart = tmp_path / "apart.jsonl"
    part_from_texts([DOCUMENT], apart, texts)
    record = json.loads(apart.read_text(encoding="utf-8"))
    apart.write_text(json.dumps({**record, "entities": [[1, 2]]}) + "\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"expected entities \[start, end, label\]"):
        join_texts(apart, texts)


def test_the_command_joins_and_parts(texts, tmp_path, capsys):
    whole, apart, again = (tmp_path / name for name in ("whole.jsonl", "apart.jsonl", "again.jsonl"))
    write_jsonl([DOCUMENT], whole)
    assert main(["part", str(whole), "--texts", str(texts), "--output", str(apart)]) == 0
    assert main(["join", str(apart), "--texts", str(texts), "--output", str(again)]) == 0
    assert read_jsonl(again) == [DOCUMENT]
    assert main(["join", str(whole) + "x", "--texts", str(texts), "--output", str(again)]) == 2
    assert "cannot be read" in capsys.readouterr().err
