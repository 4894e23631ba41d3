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


@pytest.fixture
def apart(texts, tmp_path):
    write_jsonl([DOCUMENT], tmp_path / "whole.jsonl")
    part_from_texts(tmp_path / "whole.jsonl", texts, tmp_path / "apart.jsonl")
    return tmp_path / "apart.jsonl"


def test_what_is_parted_and_joined_is_what_it_was(texts, apart):
    assert join_texts(apart, texts) == [DOCUMENT]


def test_a_record_holds_offsets_and_labels_alone(apart):
    record = json.loads(apart.read_text(encoding="utf-8"))
    assert set(record) == {"id", "sha256", "entities", "relations"}
    assert record["entities"] == [[4, 10, "TITLE"], [11, 15, "PER"], [16, 21, "GPE"]]
    assert record["relations"] == [[1, "HOLDS_TITLE", 0], [1, "PRESENT_AT", 2]]


def test_empty_lines_between_records_do_not_count(texts, apart):
    apart.write_text("\n" + apart.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    assert join_texts(apart, texts) == [DOCUMENT]


def test_a_text_that_has_changed_is_refused(texts, apart):
    with lzma.open(texts / "news.txt.xz", "wt", encoding="utf-8") as target:
        target.write(f"نص أول\n\n{TEXT} أمس\n")
    with pytest.raises(DataError, match=r"apart\.jsonl:1: news:1: the text has changed"):
        join_texts(apart, texts)


@pytest.mark.parametrize(
    ("document", "message"),
    [
        (Document(TEXT, id="news:0"), "whole.jsonl: news:0: its text is not the one"),
        (Document(TEXT), "whole.jsonl: id ''"),
        (Document(TEXT, (Entity(4, 10, "TITLE", "الوزير", 0.9),), (), "news:1"), "news:1: has scores"),
    ],
)
def test_what_cannot_be_parted_is_named(texts, tmp_path, document, message):
    write_jsonl([document], tmp_path / "whole.jsonl")
    with pytest.raises(DataError) as error:
        part_from_texts(tmp_path / "whole.jsonl", texts, tmp_path / "apart.jsonl")
    assert message in str(error.value)
    assert not (tmp_path / "apart.jsonl").exists()


@pytest.mark.parametrize(
    ("record", "message"),
    [
        ("{", "apart.jsonl:1: is not JSON"),
        ("[" * 100_000, "apart.jsonl:1: is not JSON"),
        ('{"id": 3, "sha256": ""}', "apart.jsonl:1: fields 'id' and 'sha256'"),
        ('{"id": "news", "sha256": ""}', "apart.jsonl:1: id 'news': expected the name of a file"),
        ('{"id": "../news:1", "sha256": ""}', "expected the name of a file"),
        ('{"id": "news:01", "sha256": ""}', "expected the name of a file"),
        ('{"id": "news:١", "sha256": ""}', "expected the name of a file"),
        ('{"id": "news\\u0000:1", "sha256": ""}', "expected the name of a file"),
        (f'{{"id": "news:{"9" * 5000}", "sha256": ""}}', "expected the name of a file"),
        ('{"id": "news:7", "sha256": ""}', "apart.jsonl:1: "),
        ('{"id": "other:1", "sha256": ""}', "other.txt.xz: cannot be read"),
    ],
)
def test_a_record_that_cannot_be_joined_is_named(texts, tmp_path, record, message):
    path = tmp_path / "apart.jsonl"
    path.write_text(record + "\n", encoding="utf-8")
    with pytest.raises(DataError) as error:
        join_texts(path, texts)
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"entities": [[1, 2]]}, "expected entities [start, end, label]"),
        ({"entities": 3}, "expected entities [start, end, label]"),
        ({"entities": [[-3, 2, "PER"]]}, "span [-3, 2) is not inside"),
        ({"entities": [[5, 999, "GPE"]]}, "span [5, 999) is not inside"),
        ({"entities": [[5, 5, "GPE"]]}, "span [5, 5) is not inside"),
        ({"entities": [[4, 10, 7]], "relations": []}, "expected a label"),
        ({"relations": [[1, "PRESENT_AT", 99]]}, "99 is not the index"),
    ],
)
def test_malformed_marks_are_named(texts, apart, change, message):
    record = json.loads(apart.read_text(encoding="utf-8"))
    apart.write_text(json.dumps({**record, **change}) + "\n", encoding="utf-8")
    with pytest.raises(DataError) as error:
        join_texts(apart, texts)
    assert str(error.value).startswith(f"{apart}:1: ")
    assert message in str(error.value)


def test_the_command_joins_and_parts(texts, tmp_path, capsys):
    whole, apart, again = (tmp_path / name for name in ("whole.jsonl", "apart.jsonl", "again.jsonl"))
    write_jsonl([DOCUMENT], whole)
    assert main(["part", str(whole), "--texts", str(texts), "--output", str(apart)]) == 0
    assert main(["join", str(apart), "--texts", str(texts), "--output", str(again)]) == 0
    assert read_jsonl(again) == [DOCUMENT]
    assert main(["join", str(whole) + "x", "--texts", str(texts), "--output", str(again)]) == 2
    assert "cannot be read" in capsys.readouterr().err
