import json
import os
import signal
import subprocess
import sys
from itertools import pairwise

import pytest

from khabar import Document, Entity
from khabar_data.brat import read_brat
from khabar_data.conll import read_conll
from khabar_data.convert import main
from khabar_data.jsonl import read_jsonl
from khabar_data.label_studio import read_label_studio
from khabar_data.spacy_form import read_spacy
from tests.annotated import annotated, jsonl

DOCUMENT = annotated("زار [1:PER وسام البكري] [2:GPE القطيف].\n> 1 PRESENT_AT 2", "k_1")

CONLL_2003 = """\
-DOCSTART- -X- -X- O

أعلن VBD B-VP O
بنك NN B-NP S-ORG
وسام NNP B-NP B-PER
البكري NNP I-NP E-PER

-DOCSTART- -X- -X- O

غدا RB B-ADVP O
"""


def convert(capsys, *arguments):
    status = main([str(argument) for argument in arguments])
    said = capsys.readouterr()
    return status, said.out, said.err


def source(tmp_path, *documents):
    return jsonl(tmp_path / "in.jsonl", documents or [DOCUMENT])


@pytest.mark.parametrize("name", ["brat", "tasks.json"])
def test_forms_that_hold_relations_give_the_same_file_back(tmp_path, capsys, name):
    path = source(tmp_path)
    assert convert(capsys, path, tmp_path / name)[0] == 0
    status, out, err = convert(capsys, tmp_path / name, tmp_path / "back.jsonl")
    assert (status, err) == (0, "")
    assert "1 documents, 2 entities, 1 relations" in out
    assert read_jsonl(tmp_path / "back.jsonl") == [DOCUMENT]


@pytest.mark.parametrize(("name", "form"), [("a.conll", "conll"), ("a.tsv", "conll"), ("a.jsonl", "spacy")])
def test_forms_without_relations_say_what_they_lose(tmp_path, capsys, name, form):
    status, out, _ = convert(capsys, source(tmp_path), tmp_path / name, "--to", form)
    assert status == 0
    assert f"1 x relation, which {form} has no place for; the first: {tmp_path / name}: k_1\n" in out
    assert f"written as {form} (as asked): 1 documents, 2 entities, 0 relations" in out


def test_the_guessed_form_is_said(tmp_path, capsys):
    _, out, _ = convert(capsys, source(tmp_path), tmp_path / "b")
    assert f"{tmp_path / 'in.jsonl'}: read as jsonl (by its ending .jsonl)\n" in out
    assert f"{tmp_path / 'b'}: written as brat (a folder)" in out


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.txt", "=== k_1\n---\nنص\n", "authored (it opens with '=== ')"),
        ("a.txt", "نص\tO\nآخر\tB-PER\n", "conll (every line ends in a tag)"),
        ("a.bio", "نص O\n", "conll (by its ending .bio)"),
        (
            "a.json",
            '[{"data": {"text": "نص"}, "annotations": [{"result": []}]}]',
            "label-studio (its records",
        ),
        ("a.json", '[["نص", {"entities": []}]]', "spacy (its records"),
        ("a.json", '{"text": "نص", "ents": []}', "spacy (its records"),
        ("a.jsonl", '{"text": "نص", "entities": [[0, 2, "PER"]]}\n', "spacy (its records"),
        ("a.jsonl", '{"text": "نص", "entities": []}\n', "jsonl (by its ending"),
    ],
)
def test_forms_are_told_by_name_and_content(tmp_path, capsys, name, content, said):
    (tmp_path / name).write_text(content, encoding="utf-8")
    status, out, err = convert(capsys, tmp_path / name, tmp_path / "out.jsonl")
    assert (status, err) == (0, "")
    assert f"{tmp_path / name}: read as {said}" in out
    assert read_jsonl(tmp_path / "out.jsonl")[0].text.startswith("نص")


def test_a_brat_text_beside_its_annotations(tmp_path, capsys):
    convert(capsys, source(tmp_path), tmp_path / "b")
    assert convert(capsys, tmp_path / "b" / "k_1.txt", tmp_path / "one.jsonl")[0] == 0
    assert read_jsonl(tmp_path / "one.jsonl") == [DOCUMENT]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["none.json", "out.jsonl"], "none.json: no such file or folder; a data set of the Hub comes in by"),
        (["plain.txt", "out.jsonl"], "plain.txt: its form cannot be told; say --from with one of jsonl"),
        (["odd.json", "out.jsonl"], "odd.json: its form cannot be told"),
        ([".", "out.jsonl"], "is a folder without .ann files"),
        (["in.jsonl", "out.xlsx"], "out.xlsx: .xlsx stands for no form; say --to with one of jsonl, brat"),
        (["in.jsonl", "in.jsonl"], "in.jsonl: is also the input, which would be lost; name another OUT"),
        (["in.jsonl", "out.jsonl", "--map", "none.json"], "none.json: no label map can be read here"),
        (["in.jsonl", "filled"], "filled: is a folder that holds files"),
    ],
)
def test_what_cannot_be_done_is_said_with_status_2(tmp_path, capsys, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    source(tmp_path)
    (tmp_path / "plain.txt").write_text("خبر من سطر واحد\n", encoding="utf-8")
    (tmp_path / "odd.json").write_text('{"rows": []}', encoding="utf-8")
    (tmp_path / "filled").mkdir()
    (tmp_path / "filled" / "old.txt").touch()
    status, _, err = convert(capsys, *arguments)
    assert status == 2
    assert message in err
    assert not (tmp_path / "out.jsonl").exists()


def test_unknown_labels_are_counted_once_with_the_fix_and_a_map_mends_them(tmp_path, capsys):
    rows = "زار\tO\nسعد\tB-PERS\nعكا\tB-LOC\n\nعاد\tO\nسعد\tB-PERS\nأحمر\tB-MISC\n"
    (tmp_path / "a.conll").write_text(rows, encoding="utf-8")
    status, out, _ = convert(capsys, tmp_path / "a.conll", tmp_path / "out.jsonl")
    assert status == 1
    assert "  2 x unknown label 'PERS'; the schema has PER, TITLE" in out
    assert f"rename it with --map; the first: {tmp_path / 'a.conll'}: 0: entities[0] 'سعد'\n" in out
    status, out, _ = convert(
        capsys, tmp_path / "a.conll", tmp_path / "out.jsonl", "--map", "PERS=PER", "--map", "MISC="
    )
    assert status == 0
    assert "1 x entity MISC left out, as the map says" in out
    assert [e.label for d in read_jsonl(tmp_path / "out.jsonl") for e in d.entities] == ["PER", "LOC", "PER"]


def test_what_breaks_the_schema_is_written_and_said_with_status_1(tmp_path, capsys):
    ann = (
        "T1\tPER 4 8\tوسام\nT2\tPER 4 15\tوسام البكري\nT3\tGPE 16 22\tالقطيف\n"
        "R1\tHOLDS_TITLE Arg1:T2 Arg2:T3\n"
    )
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "k.txt").write_text(DOCUMENT.text, encoding="utf-8")
    (tmp_path / "b" / "k.ann").write_text(ann, encoding="utf-8")
    status, out, _ = convert(capsys, tmp_path / "b", tmp_path / "out.jsonl")
    assert status == 1
    assert (
        f"1 x overlaps 'وسام البكري'; spans are flat; the first: {tmp_path / 'b'}: k: entities[0] 'وسام'"
        in out
    )
    assert "1 x the schema does not allow HOLDS_TITLE from PER to GPE; the first: " in out
    assert len(read_jsonl(tmp_path / "out.jsonl")[0].entities) == 3


def test_overlapping_spans_do_not_go_into_conll(tmp_path, capsys):
    overlapping = Document("ابجد", (Entity(0, 3, "PER", "ابج"), Entity(2, 4, "ORG", "جد")), id="w_9")
    status, _, err = convert(capsys, source(tmp_path, overlapping), tmp_path / "out.conll")
    assert status == 2
    assert "out.conll: conll cannot hold this: document w_9: entities[1] [2, 4) overlaps" in err
    assert not (tmp_path / "out.conll").exists()


def test_a_text_that_utf8_cannot_hold_is_said(tmp_path, capsys):
    (tmp_path / "in.jsonl").write_text('{"text": "\\ud83d"}', encoding="utf-8")
    for out in ("out.jsonl", "out.json", "out"):
        status, _, err = convert(capsys, tmp_path / "in.jsonl", tmp_path / out)
        assert status == 2
        assert "surrogate" in err
    assert [file.name for file in tmp_path.iterdir()] == ["in.jsonl"]


def test_conll_2003_with_its_four_columns(tmp_path, capsys):
    (tmp_path / "a.conll").write_text(CONLL_2003, encoding="utf-8")
    assert convert(capsys, tmp_path / "a.conll", tmp_path / "out.jsonl")[0] == 0
    first, second = read_jsonl(tmp_path / "out.jsonl")
    assert first.text == "أعلن بنك وسام البكري"
    assert [(entity.label, entity.text) for entity in first.entities] == [
        ("ORG", "بنك"),
        ("PER", "وسام البكري"),
    ]
    assert second.text == "غدا"
    assert read_conll(tmp_path / "a.conll", columns=4) == [first, second]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("نص NN O\nنص O\n", "a.conll:2: 2 columns, expected 3: token and tag, parted by a tab"),
        ("نص\nنص O\n", "a.conll:1: 1 columns, expected 2"),
        ("نص NN NP\n", "a.conll:1: tag 'NP' is neither O nor of the form B-LABEL"),
    ],
)
def test_wrong_columns_name_the_line(tmp_path, capsys, rows, message):
    (tmp_path / "a.conll").write_text(rows, encoding="utf-8")
    status, _, err = convert(capsys, tmp_path / "a.conll", tmp_path / "out.jsonl")
    assert status == 2
    assert message in err


def test_the_text_field_reaches_label_studio(tmp_path, capsys):
    task = {"data": {"title": "عنوان", "body": "نص"}, "annotations": [{"result": []}]}
    (tmp_path / "a.json").write_text(json.dumps([task]), encoding="utf-8")
    status, _, err = convert(capsys, tmp_path / "a.json", tmp_path / "out.jsonl")
    assert (status, "--text-field: title, body" in err) == (2, True)
    assert convert(capsys, tmp_path / "a.json", tmp_path / "out.jsonl", "--text-field", "body")[0] == 0
    assert read_jsonl(tmp_path / "out.jsonl")[0].text == "نص"


def test_a_chain_through_every_form_keeps_entities(tmp_path, capsys):
    chain = [source(tmp_path), tmp_path / "b", tmp_path / "c.json", tmp_path / "d.jsonl"]
    for left, right in pairwise(chain):
        form = ["--to", "spacy"] if right.name == "d.jsonl" else []
        assert convert(capsys, left, right, *form)[0] == 0
    assert read_brat(chain[1]).documents == read_label_studio(chain[2]).documents == [DOCUMENT]
    assert read_spacy(chain[3]).documents[0].entities == DOCUMENT.entities


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="kills a process as POSIX does")
@pytest.mark.parametrize("name", ["out.jsonl", "out.json", "out.conll", "out"])
def test_a_killed_conversion_leaves_nothing_under_the_final_name(tmp_path, name):
    documents = [annotated("وصل [PER رامي].", f"d_{n}") for n in range(400)]
    program = (
        "import os, signal, sys; from khabar import Document; from khabar_data import convert\n"
        "read = convert._read\n"
        "def documents(options):\n"
        "    held = read(options)\n"
        "    class Dying(list):\n"
        "        def __iter__(self):\n"
        "            for n, document in enumerate(list.__iter__(self)):\n"
        "                if n == 300: os.kill(os.getpid(), signal.SIGKILL)\n"
        "                yield document\n"
        "    return Dying(held)\n"
        "convert._read = documents\n"
        "convert.main(sys.argv[1:])\n"
    )
    arguments = [jsonl(tmp_path / "in.jsonl", documents), str(tmp_path / name)]
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments], timeout=60, env=os.environ, capture_output=True
    )
    assert done.returncode == -signal.SIGKILL
    assert not (tmp_path / name).exists()


def test_the_command_as_a_person_starts_it(tmp_path):
    command = [sys.executable, "-m", "khabar_data.convert"]
    done = subprocess.run([*command, "--help"], capture_output=True, encoding="utf-8", timeout=60)
    assert done.stdout.startswith("usage: python -m khabar_data.convert ")
    assert "khabar_training.hub_data" in done.stdout
    done = subprocess.run(
        [*command, source(tmp_path), str(tmp_path / "out.json")],
        capture_output=True,
        encoding="utf-8",
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, "")
