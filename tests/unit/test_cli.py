"""The ``khabar`` command, as a user meets it: files, pipes, exit codes and messages."""

from __future__ import annotations

import io
import json
import os
import pty
import re
import subprocess
import sys
import termios
from pathlib import Path

import pytest

from khabar import Document, Tagger, __version__
from khabar.cli import main
from khabar.render import FORMATS

ROOT = Path(__file__).resolve().parents[2]
TEXT = "التقى وزير الخارجية المصري سامي عزيز نظيره السوداني في القاهرة أمس.\nوصل إلى بغداد.\n"


@pytest.fixture
def article(tmp_path: Path) -> Path:
    return written(tmp_path / "article.txt", TEXT)


@pytest.fixture
def model(tiny_bundle: Path) -> list[str]:
    return ["--model", str(tiny_bundle)]


def written(path: Path, text: str | bytes) -> Path:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def run(*arguments: object) -> int:
    return main(["tag", *map(str, arguments)])


def piped(monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))


def started(*arguments: object, **options: object) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "khabar", *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)  # type: ignore[call-overload,no-any-return]


def shown_text(page: str) -> str:
    return re.sub("<sup>.*?</sup>|<[^>]+>", "", page)


# --- what comes out


def test_jsonl_equals_what_the_tagger_says(article, model, tiny_bundle, capsys):
    assert run(article, "--format", "jsonl", *model) == 0
    out, err = capsys.readouterr()
    document = Document.from_dict(json.loads(out))
    assert err == ""
    assert document == Tagger.from_pretrained(tiny_bundle).predict(TEXT, id="article.txt")
    assert document.text == TEXT


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_reaches_standard_output_and_a_file_alike(name, article, model, tmp_path, capsys):
    output = tmp_path / "out.ann"
    assert run(article, "--format", name, *model) == 0
    assert run(article, "--format", name, "--output", output, *model) == 0
    shown = capsys.readouterr().out
    assert shown
    assert output.read_bytes().decode() == shown


def test_a_table_is_what_comes_by_default(article, model, capsys):
    assert run(article, *model) == 0
    assert capsys.readouterr().out.startswith("article.txt\u200e: entities ")


def test_options_of_the_model(article, model, capsys):
    assert run(article, *model, "--threads", "2", "--full-precision", "--local-files-only") == 0
    assert capsys.readouterr().out


def test_several_files_in_their_order(model, tmp_path, capsys):
    files = [written(tmp_path / f"{name}.txt", TEXT) for name in "bac"]
    assert run(*files, "--format", "jsonl", *model) == 0
    assert [json.loads(line)["id"] for line in capsys.readouterr().out.splitlines()] == [
        "b.txt",
        "a.txt",
        "c.txt",
    ]


@pytest.mark.parametrize("arguments", [[], ["-"]])
def test_standard_input(arguments, model, monkeypatch, capsys):
    piped(monkeypatch, b"\xef\xbb\xbf" + TEXT.encode())
    assert run(*arguments, "--format", "jsonl", *model) == 0
    record = json.loads(capsys.readouterr().out)
    assert (record["id"], record["text"]) == ("stdin", TEXT)


def test_empty_input_is_an_empty_document(model, tmp_path, capsys):
    assert run(written(tmp_path / "a.txt", ""), "--format", "jsonl", *model) == 0
    assert json.loads(capsys.readouterr().out) == {"id": "a.txt", "text": "", "entities": [], "relations": []}


def test_line_breaks_and_the_byte_order_mark(model, tmp_path, capsys):
    source = written(tmp_path / "a.txt", b"\xef\xbb\xbf" + "مصر\r\nلبنان\r".encode())
    assert run(source, "--format", "jsonl", *model) == 0
    assert json.loads(capsys.readouterr().out)["text"] == "مصر\r\nلبنان\r"


def test_a_pipe_that_has_a_name(model, tmp_path, capsys):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with subprocess.Popen(["/bin/sh", "-c", f"printf 'مصر' > '{pipe}'"]) as writer:
        assert run(pipe, "--format", "jsonl", *model) == 0
    assert writer.returncode == 0
    assert json.loads(capsys.readouterr().out)["text"] == "مصر"


# --- JSONL in


def test_records_keep_their_id_meta_and_other_fields(model, tmp_path, capsys):
    records = [
        {"id": "x1", "text": TEXT, "meta": {"day": 3}, "url": "https://news.example", "entities": [1]},
        {"text": "مصر \ud800"},
    ]
    lines = "\n\n".join(json.dumps(record) for record in records)
    source = written(tmp_path / "news.JSONL", "\ufeff" + lines)
    assert run(source, "--format", "jsonl", *model) == 0
    first, second = map(json.loads, capsys.readouterr().out.splitlines())
    assert (first["id"], first["text"]) == ("x1", TEXT)
    assert first["meta"] == {"day": 3, "url": "https://news.example"}
    assert (second["id"], second["text"]) == ("news.JSONL:3", "مصر \ud800")
    assert "meta" not in second


def test_what_utf8_cannot_hold_is_replaced_one_for_one(model, tmp_path, capsys):
    source = written(tmp_path / "a.jsonl", json.dumps({"text": "مصر \ud800"}))
    assert run(source, "--format", "conll", *model) == 0
    assert re.match(r"مصر\t\S+\n\?\t", capsys.readouterr().out)


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (b'{"text": "a"', r"is not JSON \(.*column \d+\)"),
        (b'["a"]', "is a JSON list, not an object"),
        (b'{"id": "a"}', "field 'text': expected a string, got NoneType"),
        (b'{"text": "a", "id": 7}', "field 'id': expected a string, got int"),
        (b'{"text": "a", "meta": []}', "field 'meta': expected an object, got list"),
        (b'{"text": "a", "meta": {"n": NaN}}', "NaN is not JSON"),
        (b'{"text": "\xc7"}', r"is not UTF-8 \(byte 10\)"),
        (b"[" * 100_000, "recursion"),
    ],
)
def test_a_malformed_line_is_named(line, problem, model, tmp_path, capsys):
    source = written(tmp_path / "a.jsonl", b'{"text": "\xd9\x85"}\n' + line + b"\n")
    output = tmp_path / "out.jsonl"
    assert run(source, "--output", output, *model) == 2
    message = the_one_line(capsys)
    assert re.search(rf"^khabar: {re.escape(str(source))}:2: .*{problem}.*; ", message)
    assert not output.exists()


# --- brat


def test_brat_writes_a_pair_a_document(model, tmp_path, capsys):
    files = [written(tmp_path / "one.txt", TEXT), written(tmp_path / "two.md", "مصر\r\n")]
    records = written(tmp_path / "c.jsonl", json.dumps({"text": "لبنان", "id": "../x/2017.03"}))
    output = tmp_path / "annotated"
    assert run(*files, records, "--format", "brat", "--output", output, *model) == 0
    assert sorted(path.name for path in output.iterdir()) == sorted(
        f"{name}.{kind}" for name in ("one", "two.md", "_x_2017.03") for kind in ("ann", "txt")
    )
    assert (output / "one.txt").read_bytes() == TEXT.encode()
    assert (output / "two.md.txt").read_bytes() == "مصر\r\n".encode()
    for line in (output / "one.ann").read_text().splitlines():
        if line.startswith("T"):
            start, end = map(int, line.split("\t")[1].split()[1:])
            assert TEXT[start:end] == line.split("\t")[2]


def test_brat_of_several_documents_needs_a_folder(article, model, tmp_path, capsys):
    assert run(article, article, "--format", "brat", *model) == 2
    assert "give --output FOLDER" in the_one_line(capsys)
    assert run(article, article, "--format", "brat", "--output", article, *model) == 2
    assert "is also an input" in the_one_line(capsys)
    taken = written(tmp_path / "taken", "")
    assert run(article, article, "--format", "brat", "--output", taken, *model) == 2
    assert "name a folder" in the_one_line(capsys)


def test_brat_beside_the_articles_leaves_them_as_they_are(article, model, tmp_path, capsys):
    assert run(article, "--format", "brat", "--output", tmp_path, *model) == 0
    assert article.read_bytes() == TEXT.encode()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["article.ann", "article.txt"]
    marked = written(tmp_path / "marked.txt", "\ufeffمصر")
    assert run(marked, "--format", "brat", "--output", tmp_path, *model) == 2
    assert "shifts offsets" in the_one_line(capsys)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["article.ann", "article.txt", "marked.txt"]


def test_two_documents_of_one_name_are_not_written_over_each_other(article, model, tmp_path, capsys):
    output = tmp_path / "out"
    assert run(article, article, "--format", "brat", "--output", output, *model) == 2
    assert "two documents would be named article" in the_one_line(capsys)
    assert not output.exists()


# --- what goes wrong


def the_one_line(capsys: pytest.CaptureFixture[str]) -> str:
    out, err = capsys.readouterr()
    assert err.startswith("khabar: ")
    assert err.endswith("\n")
    assert err.count("\n") == 1
    assert out == ""
    return err


def test_a_missing_file_is_found_before_the_model_is_loaded(article, tmp_path, capsys):
    missing = tmp_path / "nine.txt"
    assert run(article, missing, "--model", "/no/model") == 2
    assert the_one_line(capsys) == f"khabar: {missing}: no such file; check the name and the folder\n"


def test_a_folder_is_no_article(tmp_path, capsys):
    assert run(tmp_path) == 2
    assert (
        the_one_line(capsys)
        == f"khabar: {tmp_path}: is a folder; name the files in it, such as {tmp_path}/*.txt\n"
    )


def test_a_name_that_no_file_can_have(capsys):
    assert run("a\0b") == 2
    assert "cannot be read" in the_one_line(capsys)


def test_standard_input_twice(capsys):
    assert run("-", "-") == 2
    assert "read once only" in the_one_line(capsys)


def test_another_encoding(model, tmp_path, capsys):
    source = written(tmp_path / "a.txt", "مصر".encode("cp1256"))
    assert run(source, *model) == 2
    assert re.search(r"a\.txt: is not UTF-8 \(byte \d\); convert it, .*iconv", the_one_line(capsys))


def test_a_model_that_is_not_there(article, capsys):
    assert run(article, "--model", "/no/model") == 2
    assert "khabar: /no/model: no such folder" in the_one_line(capsys)


def test_a_hub_failure_is_one_line(article, capsys):
    assert run(article, "--model", "no/such-model", "--local-files-only") == 2
    assert "no/such-model: not a local folder" in the_one_line(capsys)


@pytest.mark.parametrize(
    ("output", "problem"),
    [
        ("no/where/out.txt", "its folder does not exist"),
        (".", "is a folder"),
        ("x" * 300, "cannot be written"),
    ],
)
def test_an_output_that_cannot_be_written(output, problem, article, tmp_path, capsys):
    assert run(article, "--output", tmp_path / output, "--model", "/no/model") == 2
    assert problem in the_one_line(capsys)


def test_the_input_is_never_the_output(article, tmp_path, capsys):
    link = tmp_path / "link.txt"
    link.symlink_to(article)
    assert run(article, "--output", link) == 2
    assert "is also an input" in the_one_line(capsys)
    assert article.read_text() == TEXT


def test_a_failure_leaves_the_old_output_and_no_rest(article, model, tmp_path, capsys):
    output = written(tmp_path / "out.jsonl", "old")
    bad = written(tmp_path / "bad.txt", b"\xff")
    assert run(article, bad, "--format", "jsonl", "--output", output, *model) == 2
    assert output.read_text() == "old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["article.txt", "bad.txt", "out.jsonl"]


def test_an_output_with_the_longest_name(article, model, tmp_path):
    output = tmp_path / ("خ" * 127)
    assert run(article, "--output", output, *model) == 0
    assert output.is_file()


def test_an_output_through_a_link_and_to_a_device(article, model, tmp_path):
    target = written(tmp_path / "target.txt", "old")
    link = tmp_path / "link.out"
    link.symlink_to(target)
    assert run(article, "--output", link, *model) == 0
    assert link.is_symlink()
    assert target.read_text() != "old"
    assert run(article, "--output", "/dev/null", *model) == 0
    assert Path("/dev/null").is_char_device()


# --- usage


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ([], "required: COMMAND"),
        (["tag", "--threads", "0", "a"], "whole number from 1 up"),
        (["tag", "--format", "pdf", "a"], "invalid choice: 'pdf'"),
        (["tag", "--revision", "main", "a"], "--revision needs --model"),
    ],
)
def test_wrong_usage_says_so(arguments, problem, capsys):
    with pytest.raises(SystemExit, match="2"):
        main(arguments)
    assert problem in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["--help"], ["tag", "--help"]])
def test_help_has_examples(arguments, capsys):
    with pytest.raises(SystemExit, match="0"):
        main(arguments)
    assert "khabar tag article.txt" in capsys.readouterr().out


def test_version(capsys):
    with pytest.raises(SystemExit, match="0"):
        main(["--version"])
    assert capsys.readouterr().out == f"khabar {__version__}\n"


# --- as a process of its own


def test_the_command_imports_nothing_heavy():
    heavy = "{'numpy', 'onnxruntime', 'tokenizers', 'huggingface_hub', 'tqdm'}"
    check = f"import sys, khabar.cli; sys.exit(bool({heavy} & sys.modules.keys()))"
    assert subprocess.run([sys.executable, "-c", check], check=False).returncode == 0


def test_a_terminal_without_a_file_gets_advice():
    leader, follower = pty.openpty()
    with started("tag", stdin=follower) as process:
        _, err = process.communicate(timeout=60)
    os.close(leader)
    os.close(follower)
    assert process.returncode == 2
    assert "nothing to tag: name a FILE" in err.decode()


def test_the_locale_does_not_matter(article, model):
    environment = {**os.environ, "LC_ALL": "POSIX", "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    with started("tag", article, "--format", "html", *model, env=environment) as process:
        out, err = process.communicate(timeout=120)
    assert (process.returncode, err) == (0, b"")
    assert "وزير" in shown_text(out.decode())


def test_a_reader_that_goes_away_is_no_error(model, tmp_path):
    source = written(tmp_path / "a.jsonl", (json.dumps({"text": "مصر " * 100}) + "\n") * 200)
    with started("tag", source, "--format", "conll", *model) as process:
        assert process.stdout.readline()
        process.stdout.close()
        err = process.stderr.read()
        process.wait(timeout=120)
    assert (process.returncode, err) == (141, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_one_line(article, model):
    with Path("/dev/full").open("wb") as full:
        command = [sys.executable, "-m", "khabar", "tag", str(article), *model]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, check=False)
    assert done.returncode == 2
    assert done.stderr.decode().startswith("khabar: standard output: cannot be written (No space left")
    assert done.stderr.count(b"\n") == 1


def test_an_interrupt_ends_it_quietly(monkeypatch, capsys):
    class Interrupted(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            raise KeyboardInterrupt

    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(Interrupted()))
    assert run("-") == 130
    assert capsys.readouterr() == ("", "")


def test_long_input_on_a_terminal_shows_progress(article, model, tmp_path):
    leader, follower = pty.openpty()
    termios.tcsetwinsize(follower, (24, 100))
    command = [sys.executable, "-m", "khabar", "tag", str(article), str(article), *model]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=follower) as process:
        process.communicate(timeout=120)
    shown = os.read(leader, 10_000).decode()
    os.close(leader)
    os.close(follower)
    assert process.returncode == 0
    assert "100%" in shown


def test_the_example_is_readable(model, capsys):
    assert run(ROOT / "examples" / "article.txt", "--format", "html", *model) == 0
    assert "وكالة الأنباء" in shown_text(capsys.readouterr().out)
