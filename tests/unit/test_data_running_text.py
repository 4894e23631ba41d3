import lzma

import pytest

from khabar_data import running_text
from khabar_data.errors import DataError
from khabar_data.running_text import find_texts, iter_running_texts


def read(path):
    return [list(pieces) for pieces in iter_running_texts(path)]


def test_jsonl_gives_a_text_a_document(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text('{"text": "بيتٌ قديم\\nآخر"}\n\n{"id": "x", "text": ""}\n', encoding="utf-8")
    assert read(path) == [[(1, ["بيت", "قديم", "اخر"])], [(3, [])]]


def test_conll_gives_the_first_column(tmp_path):
    path = tmp_path / "a.conll"
    path.write_text("بيت NN O\n\nقديم\tB-LOC\nوحيد\n", encoding="utf-8")
    assert read(path) == [[(1, ["بيت"]), (2, []), (3, ["قديم"]), (4, ["وحيد"])]]


def test_text_gives_its_lines_or_the_tokens_of_tagged_rows(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("هذا بيت قديم.\nالبحر I-ORG B-LOC\nفيتامين سي\n", encoding="utf-8")
    assert read(path) == [[(1, ["هذا", "بيت", "قديم"]), (2, ["البحر"]), (3, ["فيتامين", "سي"])]]


def test_compressed_text_gives_its_lines(tmp_path):
    path = tmp_path / "a.txt.xz"
    path.write_bytes(lzma.compress("أول سطر\n\nثالث O\nبلا نهاية".encode()))
    assert read(path) == [[(1, ["اول", "سطر"]), (2, []), (3, ["ثالث", "O"]), (4, ["بلا", "نهاية"])]]


def test_an_endless_line_comes_in_parts_without_cutting_words(tmp_path, monkeypatch):
    monkeypatch.setattr(running_text, "_LONGEST_PIECE", 7)
    path = tmp_path / "a.txt"
    path.write_text("واحد اثنان ثلاثة أربعة\nخمسة", encoding="utf-8")
    (pieces,) = read(path)
    assert [word for _, words in pieces for word in words] == ["واحد", "اثنان", "ثلاثة", "اربعة", "خمسة"]
    assert {number for number, _ in pieces[:-1]} == {1}
    assert pieces[-1] == (2, ["خمسة"])


def test_a_line_without_any_space_is_cut(tmp_path, monkeypatch):
    monkeypatch.setattr(running_text, "_LONGEST_PIECE", 4)
    path = tmp_path / "a.txt"
    path.write_text("ابجدهوز", encoding="utf-8")
    assert read(path) == [[(1, ["ابجد"]), (1, ["هوز"])]]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "is not JSON: Expecting property name"),
        ('{"texts": "x"}', "field 'text': expected a string; one object with a 'text' a line"),
        ('{"text": 3}', "field 'text'"),
        ("[]", "field 'text'"),
    ],
)
def test_a_malformed_line_names_file_line_and_field(tmp_path, line, message):
    path = tmp_path / "a.jsonl"
    path.write_text(f'{{"text": "نص"}}\n{line}\n', encoding="utf-8")
    with pytest.raises(DataError, match=rf"a\.jsonl:2: {message}"):
        read(path)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.txt", b"\xe1\xe2", "is not UTF-8 .* save it as UTF-8"),
        ("a.jsonl", b"\xe1\xe2", "is not UTF-8"),
        ("a.txt.xz", b"no archive", "cannot be read"),
        ("a.txt.xz", lzma.compress(b"x" * 1000)[:-20], "cannot be read"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=rf"{name}: {message}"):
        read(tmp_path / name)


def test_folders_are_searched_to_the_bottom(tmp_path):
    for name in ("b.txt", "deep/a.jsonl", "deep/c.txt.xz", "deep/d.conll", "README.md", "deep/e.xz"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    readable, others = find_texts([tmp_path, tmp_path / "b.txt"])
    assert [str(path.relative_to(tmp_path)) for path in readable] == [
        "b.txt",
        "deep/a.jsonl",
        "deep/c.txt.xz",
        "deep/d.conll",
        "b.txt",
    ]
    assert {path.name for path in others} == {"README.md", "e.xz"}


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(DataError, match="nowhere: does not exist"):
        find_texts([tmp_path / "nowhere"])
