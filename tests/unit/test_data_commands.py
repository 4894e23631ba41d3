"""Every command of the data package as a person starts it: ``python -m khabar_data.…``."""

import subprocess
import sys

import pytest

from tests.annotated import annotated, jsonl

COMMANDS = ("validate", "stats", "overlap", "consistency", "agreement", "split")
DOCUMENT = annotated("زار [1:PER وسام البكري] [2:GPE القطيف]\n> 1 PRESENT_AT 2", "k_1")


def run(command, *arguments):
    return subprocess.run(
        [sys.executable, "-m", f"khabar_data.{command}", *map(str, arguments)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        env={"PYTHONIOENCODING": "utf-8"},
        check=False,
        timeout=60,
    )


def arguments(command, source, folder):
    second = {"agreement": [source], "split": [folder]}
    return [source, *second.get(command, [])]


@pytest.mark.parametrize("command", COMMANDS)
def test_a_sound_corpus_gives_status_0_and_nothing_on_stderr(tmp_path, command):
    done = run(command, *arguments(command, jsonl(tmp_path / "a.jsonl", [DOCUMENT]), tmp_path / "out"))
    assert (done.returncode, done.stderr) == (0, "")
    assert "document" in done.stdout


@pytest.mark.parametrize("command", COMMANDS)
def test_a_malformed_line_gives_status_2_and_its_place(tmp_path, command):
    broken = tmp_path / "a.jsonl"
    broken.write_text('{"id": "k_1", "text": "نص"}\n{"id": "k_2", "text": null}\n', encoding="utf-8")
    done = run(command, *arguments(command, broken, tmp_path / "out"))
    assert done.returncode == 2
    assert done.stderr == f"{broken}:2: field 'text': expected a string, got NoneType\n"
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("command", COMMANDS)
def test_help_names_the_command(command):
    done = run(command, "--help")
    assert done.returncode == 0
    assert done.stdout.startswith(f"usage: python -m khabar_data.{command} ")
