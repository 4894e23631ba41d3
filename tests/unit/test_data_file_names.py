from pathlib import Path

import pytest

from khabar_data.errors import DataError
from khabar_data.file_names import file_names, id_of
from khabar_data.folders import folder_written_whole


@pytest.mark.parametrize(
    ("doc_id", "name"),
    [
        ("gulf_001", "gulf_001"),
        ("أخبار الخليج", "أخبار الخليج"),
        ("../../etc/passwd", "%2E./../etc/passwd".replace("/", "%2F")),
        ("/root", "%2Froot"),
        ("..", "%2E%2E"),
        (".hidden", "%2Ehidden"),
        ("a\\b:c*?", "a%5Cb%3Ac%2A%3F"),
        ("100%", "100%25"),
        ("a\u200fb\n", "a%E2%80%8Fb%0A"),
        ("con", "%63on"),
        ("nul.json", "%6Eul.json"),
        ("a~2", "a%7E2"),
        (" a ", "%20a%20"),
    ],
)
def test_an_id_becomes_a_safe_name_and_comes_back(doc_id, name):
    assert file_names([doc_id]) == [name]
    assert id_of(name) == doc_id
    assert Path(name).name == name


def test_no_two_names_are_one_on_any_file_system():
    names = file_names(["a", "A", "a", None, "", "document-4", "é", "e\u0301"])
    assert names == ["a", "A~2", "a~3", "document-4", "document-5", "document-4~2", "é", "e\u0301~2"]


def test_a_long_id_is_cut_and_stays_apart_from_its_like():
    one, other = file_names(["خبر" * 100 + "١", "خبر" * 100 + "٢"])
    assert one != other
    assert all(len(name.encode()) < 240 for name in (one, other))


def test_a_name_that_only_looks_escaped_is_left():
    assert id_of("50%") == "50%"
    assert id_of("%FF%FE") == "%FF%FE"


def test_a_folder_appears_whole_or_not_at_all(tmp_path):
    with folder_written_whole(tmp_path / "deep" / "out") as unfinished:
        (unfinished / "a.txt").write_text("أ", encoding="utf-8")
        assert not (tmp_path / "deep" / "out").exists()
    assert [file.name for file in (tmp_path / "deep").rglob("*")] == ["out", "a.txt"]


def test_a_block_that_raises_leaves_nothing(tmp_path):
    def failing():
        with folder_written_whole(tmp_path / "out") as unfinished:
            (unfinished / "a.txt").write_text("أ", encoding="utf-8")
            raise RuntimeError("the source broke off")

    with pytest.raises(RuntimeError, match="broke off"):
        failing()
    assert list(tmp_path.iterdir()) == []


def test_an_empty_folder_is_filled_and_another_refused(tmp_path):
    (tmp_path / "out").mkdir()
    with folder_written_whole(tmp_path / "out") as unfinished:
        (unfinished / "a.txt").touch()
    with pytest.raises(DataError, match="out: is a folder that holds files, which would be mixed up"):
        folder_written_whole(tmp_path / "out").__enter__()
    with pytest.raises(DataError, match=r"a\.txt: is a file; name a folder"):
        folder_written_whole(tmp_path / "out" / "a.txt").__enter__()
