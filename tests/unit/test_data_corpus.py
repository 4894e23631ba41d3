import pytest

from khabar import Document
from khabar_data.corpus import document_names, documents_by_id, read_corpus
from khabar_data.errors import DataError
from tests.annotated import annotated, jsonl


def test_a_folder_gives_both_forms_in_order_of_name(tmp_path):
    jsonl(tmp_path / "b.jsonl", [annotated("نص ثان", "b_1"), annotated("نص ثالث", "b_2")])
    (tmp_path / "a.txt").write_text("=== a_1\n---\nنص أول\n", encoding="utf-8")
    (tmp_path / "notes.md").write_text("no corpus", encoding="utf-8")
    (tmp_path / "deeper").mkdir()
    jsonl(tmp_path / "deeper" / "c.jsonl", [annotated("نص بعيد", "c_1")])
    assert [document.id for document in read_corpus([tmp_path])] == ["a_1", "b_1", "b_2"]


def test_files_are_read_in_the_given_order(tmp_path):
    second = jsonl(tmp_path / "a.jsonl", [annotated("نص", "a_1")])
    first = jsonl(tmp_path / "b.jsonl", [annotated("نص", "b_1")])
    assert [document.id for document in read_corpus([first, second])] == ["b_1", "a_1"]


def test_a_folder_without_a_corpus_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"holds no \.jsonl and no \.txt file"):
        read_corpus([tmp_path])


@pytest.mark.parametrize("name", ["missing.txt", "missing.jsonl"])
def test_a_missing_file_is_named(tmp_path, name):
    with pytest.raises(DataError, match=rf"{name}: cannot be read: No such file"):
        read_corpus([tmp_path / name])


@pytest.mark.parametrize("name", ["latin.txt", "latin.jsonl"])
def test_a_file_in_another_encoding_is_named(tmp_path, name):
    (tmp_path / name).write_bytes("=== a\n---\nقهوة".encode("cp1256"))
    with pytest.raises(DataError, match=rf"{name}: is not UTF-8 \(byte \d+\): save it as UTF-8"):
        read_corpus([tmp_path / name])


def test_no_name_stands_twice():
    documents = [Document("س", id="a"), Document("ص"), Document("ع", id="a"), Document("ل", id="a")]
    assert document_names(documents) == ["a", "document 1", "a (2)", "a (3)"]


def test_documents_by_id_keep_their_order():
    documents = [Document("س", id="b"), Document("ص", id="a")]
    assert list(documents_by_id(documents, "x.jsonl").values()) == documents


@pytest.mark.parametrize(
    ("ids", "message"),
    [
        (["a", None], "x.jsonl: document 1: field 'id' is missing; give it one"),
        (["a", ""], "x.jsonl: document 1: field 'id' is missing"),
        (["a", "b", "a"], "x.jsonl: document 2: field 'id': 'a' stands twice; rename one"),
    ],
)
def test_documents_by_id_need_one_each(ids, message):
    with pytest.raises(DataError, match=message):
        documents_by_id([Document("س", id=doc_id) for doc_id in ids], "x.jsonl")
