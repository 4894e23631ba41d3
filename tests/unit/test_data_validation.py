import pytest

from khabar import Document, Entity, Relation
from khabar_data.corpus import read_corpus
from khabar_data.validate import main
from khabar_data.validation import Issue, validate
from tests.annotated import annotated, jsonl

GOOD = "التقت [1:PER ريم حداد] ب[2:TITLE وزير المياه] في [3:GPE إربد]\n> 1 MEETS_WITH 2; 1 PRESENT_AT 3"


def problems(*documents):
    return [f"{issue.place}: {issue.problem}" for issue in validate(documents)]


def test_a_sound_document_has_no_issue():
    assert validate([annotated(GOOD)]) == []


def test_an_issue_names_document_place_and_problem():
    (issue,) = validate([annotated("[TEAM نسور البحر] فاز", "s_4")])
    assert str(issue).startswith(
        "s_4: entities[0] 'نسور البحر': unknown label 'TEAM'; the schema has PER, TITLE"
    )


def test_a_document_without_an_id_is_named_by_its_position():
    assert [issue.document for issue in validate([annotated("نص"), Document(" "), Document("")])] == [
        "document 1",
        "document 2",
    ]


def test_an_id_that_stands_twice():
    assert validate([annotated("نص", "a"), annotated("آخر", "a")]) == [
        Issue("a", "id", "stands twice; give each document its own id")
    ]


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        (Document(" \n"), "text: is empty"),
        (Document("عمان "), None),
        (
            Document("في عمان ", (Entity(3, 8, "GPE", "عمان "),)),
            "entities[0] 'عمان ': begins or ends in white space",
        ),
        (
            Document("وزير\nالنقل", (Entity(0, 10, "TITLE", "وزير\nالنقل"),)),
            "entities[0] 'وزير\\nالنقل': runs over a line break",
        ),
        (
            Document("نادي عمان", (Entity(0, 9, "ORG", "نادي عمان"), Entity(5, 9, "GPE", "عمان"))),
            "entities[0] 'نادي عمان': overlaps 'عمان'; spans are flat",
        ),
        (
            annotated("[1:PER هدى] و[2:GPE صور]\n> 1 LIVES_IN 2"),
            "relations[0] 'هدى' LIVES_IN 'صور': unknown relation; the schema has HOLDS_TITLE",
        ),
        (
            annotated("[1:PER هدى] و[2:GPE صور]\n> 2 PRESENT_AT 1"),
            "relations[0] 'صور' PRESENT_AT 'هدى': the schema does not allow PRESENT_AT from GPE to PER",
        ),
        (
            annotated("[1:ORG الاتحاد] و[2:PER هدى]\n> 1 HAS_ALIAS 2"),
            "the schema does not allow HAS_ALIAS from ORG to PER",
        ),
        (
            annotated("[1:PER هدى] وحدها\n> 1 MEETS_WITH 1"),
            "relations[0] 'هدى' MEETS_WITH 'هدى': joins an entity to itself",
        ),
        (
            annotated("جاءت [1:PER هدى]. ثم جاء [2:PER ليث].\n> 1 MEETS_WITH 2"),
            "relations[0] 'هدى' MEETS_WITH 'ليث': joins two sentences; both ends stand in one",
        ),
        (
            annotated("[1:PER هدى] و[2:PER ليث]\n> 1 MEETS_WITH 2; 2 MEETS_WITH 1"),
            "relations[1] 'ليث' MEETS_WITH 'هدى': stands twice",
        ),
        (
            annotated("[1:PER هدى] في [2:GPE صور]\n> 1 PRESENT_AT 2; 1 PRESENT_AT 2"),
            "relations[1] 'هدى' PRESENT_AT 'صور': stands twice",
        ),
    ],
)
def test_each_rule(document, problem):
    found = problems(document)
    assert len(found) == (problem is not None)
    assert all(problem in text for text in found)


def test_a_directed_relation_may_stand_in_both_directions():
    document = annotated("[1:ORG المجلس] و[2:ORG اللجنة]\n> 1 PART_OF 2; 2 PART_OF 1")
    assert validate([document]) == []


def test_a_symmetric_relation_may_be_written_from_either_end():
    document = annotated("[1:PER هدى] تنتقد [2:FAC المحطة]\n> 2 CONFLICTS_WITH 1")
    assert document.relations == (Relation(1, 0, "CONFLICTS_WITH"),)
    assert validate([document]) == []


def test_the_ending_chooses_the_form(tmp_path):
    (tmp_path / "a.txt").write_text(f"=== d_1\n---\n{GOOD}\n", encoding="utf-8")
    jsonl(tmp_path / "a.jsonl", [annotated(GOOD)])
    assert read_corpus([tmp_path / "a.txt"]) == read_corpus([tmp_path / "a.jsonl"]) == [annotated(GOOD)]


def test_the_command_on_sound_files(tmp_path, capsys):
    first = jsonl(tmp_path / "a.jsonl", [annotated(GOOD, "a")])
    second = jsonl(tmp_path / "b.jsonl", [annotated(GOOD, "b")])
    assert main([first, second]) == 0
    assert capsys.readouterr().out == "2 documents, 0 issues\n"


def test_the_command_prints_issues_and_checks_ids_over_files(tmp_path, capsys):
    first = jsonl(tmp_path / "a.jsonl", [annotated(GOOD, "a")])
    second = jsonl(tmp_path / "b.jsonl", [annotated("[TEAM نسور] فاز", "a")])
    assert main([first, second]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "a: id: stands twice; give each document its own id"
    assert lines[1].startswith("a: entities[0] 'نسور': unknown label 'TEAM'")
    assert lines[2] == "2 documents, 2 issues"


def test_the_command_names_a_malformed_line_and_reads_on(tmp_path, capsys):
    broken = tmp_path / "a.jsonl"
    broken.write_text('{"text": "نص"}\n{"text": "نص", "entities": [{"start": -1}]}\n', encoding="utf-8")
    sound = jsonl(tmp_path / "b.jsonl", [annotated(GOOD)])
    assert main([str(broken), sound]) == 2
    output = capsys.readouterr()
    assert output.err == f"{broken}:2: field 'entities[0].end': expected an integer, got None\n"
    assert output.out == "1 documents, 0 issues\n"


def test_the_command_wants_a_file(capsys):
    with pytest.raises(SystemExit) as caught:
        main([])
    assert caught.value.code == 2
    assert "usage: python -m khabar_data.validate" in capsys.readouterr().err
