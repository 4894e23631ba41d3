import json

import pytest

from khabar import Document, Entity, Relation
from khabar_data.errors import DataError
from khabar_data.files import written_whole
from khabar_data.jsonl import iter_jsonl, read_jsonl, write_jsonl

DOCUMENTS = [
    Document(
        "افتتحت ليلى المعرض\nفي صفاقس",
        (Entity(7, 11, "PER", "ليلى", 0.5), Entity(22, 27, "GPE", "صفاقس")),
        (Relation(0, 1, "PRESENT_AT", 0.25),),
        "w_1",
        {"theme": "culture", "story": "an opening"},
    ),
    Document("", id="w_2"),
    Document("نص بلا رقم"),
]


def write_lines(path, *lines):
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def test_documents_round_trip_with_meta_and_scores(tmp_path):
    write_jsonl(DOCUMENTS, tmp_path / "a.jsonl")
    found = read_jsonl(tmp_path / "a.jsonl")
    assert found == DOCUMENTS
    assert [document.meta for document in found] == [DOCUMENTS[0].meta, None, None]
    assert (found[0].entities[0].score, found[0].relations[0].score) == (0.5, 0.25)


def test_a_line_is_plain_utf8_with_one_document(tmp_path):
    write_jsonl(DOCUMENTS, tmp_path / "a.jsonl")
    raw = (tmp_path / "a.jsonl").read_bytes()
    assert raw.endswith(b"\n")
    assert raw.count(b"\n") == len(DOCUMENTS)
    assert "صفاقس".encode() in raw
    assert json.loads(raw.split(b"\n")[1]) == {"id": "w_2", "text": "", "entities": [], "relations": []}


def test_line_separators_in_a_text_do_not_end_a_line(tmp_path):
    document = Document("قبل\u2028بعد\x85ثم\r\nآخر", id="a")
    write_jsonl([document], tmp_path / "a.jsonl")
    assert read_jsonl(tmp_path / "a.jsonl") == [document]


def test_blank_lines_are_passed_over_and_counted(tmp_path):
    path = write_lines(tmp_path / "a.jsonl", '{"text": "أول"}', "", "  ", '{"text": 5}')
    found = iter_jsonl(path)
    assert next(found).text == "أول"
    with pytest.raises(DataError, match=r"a\.jsonl:4: field 'text': expected a string, got int"):
        next(found)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "is not JSON: Expecting property name enclosed in double quotes at column 2"),
        ("[1]", "a document is an object with 'text', got list"),
        ("{}", "field 'text': expected a string, got NoneType"),
        ('{"text": "نص", "id": 7}', "field 'id': expected a string"),
        ('{"text": "نص", "meta": "x"}', "field 'meta': expected an object"),
        ('{"text": "نص", "entities": 1}', "field 'entities': expected a list"),
        (
            '{"text": "نص", "entities": [{"start": 0, "end": 3, "label": "PER"}]}',
            r"field 'entities\[0\]': span \[0, 3\) is not inside the text of 2 characters",
        ),
        (
            '{"text": "نص", "entities": [{"start": 0, "end": 2, "label": "PER", "text": "نض"}]}',
            r"field 'entities\[0\].text': 'نض' is not what stands at \[0, 2\): 'نص'",
        ),
        (
            '{"text": "نص", "entities": [{"start": 0, "end": 2}]}',
            r"field 'entities\[0\].label': expected a label",
        ),
        (
            '{"text": "نص", "relations": [{"head": 0, "tail": 0, "label": "HAS_ALIAS"}]}',
            r"field 'relations\[0\].head': 0 is not the index of one of 0 entities",
        ),
    ],
)
def test_a_malformed_line_names_file_line_and_field(tmp_path, line, message):
    path = write_lines(tmp_path / "a.jsonl", '{"text": "سليم"}', line)
    with pytest.raises(DataError, match=rf"a\.jsonl:2: {message}") as caught:
        read_jsonl(path)
    assert (caught.value.path, caught.value.line) == (path, 2)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(DataError, match=r"none\.jsonl: cannot be read: No such file or directory"):
        read_jsonl(tmp_path / "none.jsonl")


def test_another_encoding_is_named(tmp_path):
    (tmp_path / "a.jsonl").write_bytes(b'{"text": "\xe1"}\n')
    with pytest.raises(DataError, match=r"a\.jsonl: is not UTF-8 \(byte 10\): save it as UTF-8"):
        read_jsonl(tmp_path / "a.jsonl")


def test_a_failed_write_leaves_the_old_file(tmp_path):
    path = tmp_path / "deep" / "a.jsonl"
    write_jsonl(DOCUMENTS, path)

    def failing():
        yield DOCUMENTS[1]
        raise RuntimeError("the source broke off")

    with pytest.raises(RuntimeError, match="broke off"):
        write_jsonl(failing(), path)
    assert read_jsonl(path) == DOCUMENTS
    assert [file.name for file in path.parent.iterdir()] == ["a.jsonl"]


def test_nothing_stands_under_the_final_name_before_the_end(tmp_path):
    with written_whole(tmp_path / "a.txt") as target:
        target.write("سطر\n")
        assert not (tmp_path / "a.txt").exists()
    assert (tmp_path / "a.txt").read_text(encoding="utf-8") == "سطر\n"
