import json
import logging
import lzma

import pytest

from khabar_data.errors import DataError
from khabar_training.config import ConfigError
from khabar_training.paragraph_sample import sample_paragraphs
from khabar_training.pretrain_config import TextSource
from khabar_training.raw_text import iter_lines, iter_paragraphs

NEWS = TextSource(name="news", glob="news*")


def numbered(folder, name, count):
    (folder / name).write_text("\n\n".join(f"{name} {i}" for i in range(count)), encoding="utf-8")


def test_plain_packed_and_jsonl_files_give_the_same_paragraphs(tmp_path):
    (tmp_path / "a.txt").write_text("أول\nثان\n\nثالث\n", encoding="utf-8")
    with lzma.open(tmp_path / "b.txt.xz", "wt", encoding="utf-8") as target:
        target.write("أول\nثان\n\nثالث\n")
    lines = [json.dumps({"text": text, "id": 1}, ensure_ascii=False) for text in ("أول\nثان", "ثالث")]
    (tmp_path / "c.jsonl").write_text("\n\n".join(lines), encoding="utf-8")
    with lzma.open(tmp_path / "d.jsonl.xz", "wt", encoding="utf-8") as target:
        target.write("\n".join(lines))
    found = {
        name: [p for p in iter_paragraphs(TextSource(name="x", glob=name), tmp_path) if p]
        for name in ("a.txt", "b.txt.xz", "c.jsonl", "d.jsonl.xz")
    }
    assert set(map(tuple, found.values())) == {("أول", "ثان", "ثالث")}


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.jsonl", b'{"text": "x"}\n{"txt": "x"}', r"a.jsonl:2: field 'text': expected a string"),
        ("a.jsonl", b"[1]", r"a.jsonl:1: field 'text'"),
        ("a.jsonl", b"{", r"a.jsonl:1: is not JSON"),
        ("a.txt", b"\xff\xfe", r"a.txt: is not UTF-8 \(byte 0\)"),
        ("a.txt.xz", b"no archive", r"a.txt.xz: cannot be read"),
    ],
)
def test_what_cannot_be_read_names_file_and_line(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=message):
        list(iter_lines(tmp_path / name))


def test_equal_paragraphs_count_once_and_empty_ones_never(tmp_path):
    (tmp_path / "news.txt").write_text("واحد\n\nاثنان\nواحد\n  \nواحد\n", encoding="utf-8")
    assert sorted(sample_paragraphs([NEWS], tmp_path, 2, 0)) == ["اثنان", "واحد"]


def test_the_sample_depends_on_the_seed_and_not_on_the_files(tmp_path):
    numbered(tmp_path, "news.txt", 300)
    chosen = sample_paragraphs([NEWS], tmp_path, 40, 1)
    assert len(set(chosen)) == 40
    lines = (tmp_path / "news.txt").read_text(encoding="utf-8").split("\n")
    (tmp_path / "news.txt").write_text("\n".join(reversed(lines[:150])), encoding="utf-8")
    (tmp_path / "news2.txt").write_text("\n".join(lines[100:]), encoding="utf-8")
    assert sample_paragraphs([NEWS], tmp_path, 40, 1) == chosen
    assert sample_paragraphs([NEWS], tmp_path, 40, 2) != chosen
    assert set(sample_paragraphs([NEWS], tmp_path, 20, 1)) < set(chosen)


def test_repeat_says_how_much_likelier_a_source_is_drawn(tmp_path):
    numbered(tmp_path, "often.txt", 4000)
    numbered(tmp_path, "seldom.txt", 4000)
    sources = [
        TextSource(name="often", glob="often.txt", repeat=3),
        TextSource(name="seldom", glob="seldom.txt"),
    ]
    chosen = sample_paragraphs(sources, tmp_path, 400, 0)
    often = sum(paragraph.startswith("often") for paragraph in chosen)
    assert 270 < often < 330


def test_too_little_text_is_said_and_none_is_refused(tmp_path, caplog):
    numbered(tmp_path, "news.txt", 3)
    with caplog.at_level(logging.WARNING):
        assert len(sample_paragraphs([NEWS], tmp_path, 5, 0)) == 3
    assert "hold 3 different paragraphs, not 5" in caplog.text
    (tmp_path / "news.txt").write_text("\n\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="hold no text at all"):
        sample_paragraphs([NEWS], tmp_path, 5, 0)
