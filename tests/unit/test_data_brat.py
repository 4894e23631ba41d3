import os
import signal
import subprocess
import sys

import pytest

from khabar import Document, Entity, Relation
from khabar_data.brat import configuration, read_brat, write_brat
from khabar_data.errors import DataError
from tests.annotated import annotated

TEXT = "زارت نوال الدمام\nأمس. ثم عادت"
ANN = """\
T2\tGPE 10 16\tالدمام
T1\tPER 5 9\tنوال
R1\tPRESENT_AT Arg1:T1 Arg2:T2
"""


def write(folder, text, ann, name="a"):
    folder.mkdir(exist_ok=True, parents=True)
    (folder / f"{name}.txt").write_bytes(text.encode())
    if ann is not None:
        (folder / f"{name}.ann").write_bytes(ann.encode())
    return folder


def triples(document):
    surface = [entity.text for entity in document.entities]
    return [(surface[r.head], r.label, surface[r.tail]) for r in document.relations]


def test_a_documented_file_is_read(tmp_path):
    reading = read_brat(write(tmp_path / "c", TEXT, ANN))
    (document,) = reading.documents
    assert (document.id, document.text) == ("a", TEXT)
    assert document.entities == (Entity(5, 9, "PER", "نوال"), Entity(10, 16, "GPE", "الدمام"))
    assert triples(document) == [("نوال", "PRESENT_AT", "الدمام")]
    assert list(reading.notices) == []


def test_one_ann_file_and_folders_in_folders(tmp_path):
    write(tmp_path / "c", TEXT, ANN)
    write(tmp_path / "c" / "deep", "نص", "", "b")
    assert read_brat(tmp_path / "c" / "a.ann").documents == read_brat(tmp_path / "c").documents[:1]
    assert [document.id for document in read_brat(tmp_path / "c").documents] == ["a", "deep/b"]


def test_what_has_no_place_is_counted_with_its_first_place(tmp_path):
    extra = (
        "*\tEquiv T1 T2\nE1\tMeet:T1 Who:T2\nA1\tNegation T1\nM1\tNegation T1\n"
        "N1\tReference T1 Wikidata:Q1\tNawal\n#1\tAnnotatorNotes T1\tunsure\n#2\tAnnotatorNotes T2\tsure\n"
    )
    folder = write(tmp_path / "c", TEXT, ANN + extra)
    notices = list(read_brat(folder).notices)
    assert notices == [
        f"1 x equivalence (*), not carried; the first: {folder}/a.ann:4",
        f"1 x event (E), not carried; the first: {folder}/a.ann:5",
        f"1 x attribute (A), not carried; the first: {folder}/a.ann:6",
        f"1 x attribute (M), not carried; the first: {folder}/a.ann:7",
        f"1 x normalisation (N), not carried; the first: {folder}/a.ann:8",
        f"2 x note (#), not carried; the first: {folder}/a.ann:9",
    ]


def test_a_text_without_annotation_file_is_said(tmp_path):
    reading = read_brat(write(tmp_path / "c", TEXT, None))
    assert reading.documents == [Document(TEXT, id="a")]
    assert "text without an .ann file" in next(iter(reading.notices))


def test_a_mark_over_a_line_break_is_one_entity_again(tmp_path):
    reading = read_brat(write(tmp_path / "c", TEXT, "T1\tGPE 10 16;17 20\tالدمام أمس\n"))
    assert reading.documents[0].entities == (Entity(10, 20, "GPE", "الدمام\nأمس"),)
    assert "1 x entity in pieces with white space between, joined" in next(iter(reading.notices))


def test_line_ends_of_windows_keep_their_offsets(tmp_path):
    text = TEXT.replace("\n", "\r\n")
    ann = ANN.replace("\n", "\r\n") + f"T3\tDATE 18 21\t{text[18:21]}\r\n"
    (document,) = read_brat(write(tmp_path / "c", text, ann)).documents
    assert document.text == text
    assert document.entities[2].text == "أمس"


def test_utf16_offsets_are_mended_and_said(tmp_path):
    reading = read_brat(write(tmp_path / "c", "🎉🎉🎉🎉🎉🎉 سعاد", "T1\tPER 13 17\tسعاد\n"))
    assert reading.documents[0].entities == (Entity(7, 11, "PER", "سعاد"),)
    assert "counted in UTF-16 code units" in next(iter(reading.notices))


def test_arguments_in_reverse_order_and_by_role(tmp_path):
    relations = "R1\tA Arg2:T2 Arg1:T1\nR2\tB Who:T1 Where:T2 \n"
    (document,) = read_brat(write(tmp_path / "c", TEXT, ANN.replace("R1", "R9") + relations)).documents
    assert triples(document)[1:] == [("نوال", "A", "الدمام"), ("نوال", "B", "الدمام")]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (
            "T1\tPER 5 6;10 16\tن الدمام",
            "discontinuous span '5 6;10 16'; entities are one span: mark the whole",
        ),
        ("T1\tPER 5 99\tنوال الدمام", r"span \[5, 99\) is past the text of 29 characters; is a.txt the file"),
        ("T1\tPER 10 16\tمكناس", r"'مكناس' is not what stands at \[10, 16\): 'الدمام'"),
        ("T1\tPER 5 5\t", "is not what stands at"),
        ("T1 PER 5 9 نوال", "'T1 PER 5 9 نوال'|'' is no 'LABEL start end'"),
        ("T1\tPER 5\tنوال", "'PER 5' is no 'LABEL start end'"),
        ("R1\tPRESENT_AT Arg1:T1", "is no relation between two entities; write LABEL Arg1:T1 Arg2:T2"),
        ("R1\tPRESENT_AT Arg1:T8 Arg2:T9", "PRESENT_AT names T8, and no line defines it"),
        ("R1\tCAUSE Arg1:E1 Arg2:T9", "is no relation between two entities"),
        ("X1\tPER 5 9\tنوال", "'X1' opens no line of brat"),
        ("\tPER 5 9\tنوال", "'' opens no line of brat"),
    ],
)
def test_a_malformed_line_names_file_line_and_fix(tmp_path, line, message):
    folder = write(tmp_path / "c", TEXT, f"\n{line}\n")
    with pytest.raises(DataError, match=rf"a\.ann:2: .*({message})"):
        read_brat(folder)


def test_an_id_that_stands_twice_is_named(tmp_path):
    with pytest.raises(DataError, match=r"a\.ann:4: T1 stands twice; give one of them another number"):
        read_brat(write(tmp_path / "c", TEXT, ANN + "T1\tPER 5 9\tنوال\n"))


def test_files_that_cannot_be_read_are_named(tmp_path):
    with pytest.raises(DataError, match="none: no such file or folder"):
        read_brat(tmp_path / "none")
    with pytest.raises(DataError, match=r"holds no \.txt file"):
        read_brat(tmp_path)
    (tmp_path / "a.ann").write_text(ANN, encoding="utf-8")
    with pytest.raises(DataError, match=r"a\.ann: has no a\.txt beside it; put its text there"):
        read_brat(tmp_path)
    with pytest.raises(DataError, match=r"a\.txt: cannot be read: No such file"):
        read_brat(tmp_path / "a.ann")
    (tmp_path / "a.txt").write_bytes("قهوة".encode("cp1256"))
    with pytest.raises(DataError, match=r"a\.txt: is not UTF-8 \(byte 0\): save it as UTF-8"):
        read_brat(tmp_path)


def test_documents_come_back_by_name_with_entities_relations_and_ids(tmp_path):
    wanted = [
        annotated("وصل [1:PER رامي] إلى [2:GPE صور]\n> 1 PRESENT_AT 2", "b/2"),
        annotated("[1:ORG الهلال] ([2:ORG هـ])\r\n> 1 HAS_ALIAS 2", "a 1"),
        Document("", id="c"),
    ]
    notices = write_brat(wanted, tmp_path / "out")
    assert list(notices) == []
    assert sorted(file.name for file in (tmp_path / "out").iterdir()) == [
        "a 1.ann", "a 1.txt", "annotation.conf", "b%2F2.ann", "b%2F2.txt", "c.ann", "c.txt",
    ]  # fmt: skip
    assert read_brat(tmp_path / "out").documents == [wanted[1], wanted[0], wanted[2]]


def test_ids_that_are_no_names_are_said(tmp_path):
    notices = write_brat([Document("أ", id="x"), Document("ب", id="x"), Document("ج")], tmp_path / "out")
    assert list(notices) == [
        "2 x document whose id is not its file's name; the first: 'x' in x~2.txt",
    ]
    assert {document.text for document in read_brat(tmp_path / "out").documents} == {"أ", "ب", "ج"}


def test_no_id_leads_out_of_the_folder(tmp_path):
    write_brat([Document("أ", id="../../up"), Document("ب", id="/tmp/abs")], tmp_path / "in" / "out")
    assert {file.parent for file in tmp_path.rglob("*.txt")} == {tmp_path / "in" / "out"}


def test_scores_are_shown_as_notes(tmp_path):
    document = Document(
        "سلمى في صنعاء",
        (Entity(0, 4, "PER", "سلمى", 0.75), Entity(8, 13, "GPE", "صنعاء")),
        (Relation(0, 1, "PRESENT_AT", 0.5),),
        "a",
    )
    write_brat([document], tmp_path / "out")
    lines = (tmp_path / "out" / "a.ann").read_text(encoding="utf-8").splitlines()
    assert lines[3:] == ["#1\tAnnotatorNotes T1\tscore 0.75", "#2\tAnnotatorNotes R1\tscore 0.5"]


def test_what_cannot_be_written_is_named_and_leaves_nothing(tmp_path):
    spaced = Document("نص", (Entity(0, 2, "PARTY NAME", "نص"),), id="w_2")
    with pytest.raises(DataError, match="out: document w_2: label 'PARTY NAME': .*map it to a name without"):
        write_brat([Document("أ", id="w_1"), spaced], tmp_path / "out")
    with pytest.raises(DataError, match="out: document w_3: character 1 is half of a surrogate pair"):
        write_brat([Document("أ\ud83d", id="w_3")], tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="kills a process as POSIX does")
def test_a_killed_writer_leaves_no_folder_under_the_final_name(tmp_path):
    program = (
        "import os, signal, sys; from pathlib import Path; from khabar import Document\n"
        "from khabar_data import brat\n"
        "write = brat._write\n"
        "def dying(path, text):\n"
        "    write(path, text)\n"
        "    if path.name == 'd_3.ann': os.kill(os.getpid(), signal.SIGKILL)\n"
        "brat._write = dying\n"
        "brat.write_brat([Document('x', id=f'd_{n}') for n in range(9)], sys.argv[1])\n"
    )
    done = subprocess.run([sys.executable, "-c", program, str(tmp_path / "out")], timeout=60, env=os.environ)
    assert done.returncode == -signal.SIGKILL
    assert not (tmp_path / "out").exists()
    write_brat([Document("x", id="d_1")], tmp_path / "out")
    assert len(read_brat(tmp_path / "out").documents) == 1


def test_the_configuration_names_every_type_and_what_relations_join():
    lines = configuration().splitlines()
    assert lines[:3] == ["[entities]", "PER", "TITLE"]
    assert "HOLDS_TITLE\tArg1:PER, Arg2:TITLE" in lines
    assert "HAS_ALIAS\tArg1:GPE, Arg2:GPE, <REL-TYPE>:symmetric" in lines
    both = [line for line in lines if line.startswith("CONFLICTS_WITH")]
    assert ["|FAC" in line.partition(",")[0] for line in both] == [False, True]
    assert [line for line in lines if line.startswith("[")] == [
        "[entities]", "[relations]", "[events]", "[attributes]",
    ]  # fmt: skip
