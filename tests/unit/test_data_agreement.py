import pytest

from khabar_data.agreement import agreement_table, disagreements, main, pair_documents
from khabar_data.errors import DataError
from khabar_data.metrics import Score
from tests.annotated import annotated, jsonl

FIRST = annotated(
    "استقبلت [1:PER سحر النعيمي] [2:TITLE سفير] [3:GPE بيرو] في [4:GPE مادبا]"
    "\n> 1 MEETS_WITH 2; 1 PRESENT_AT 4",
    "g_1",
)
SECOND = annotated(
    "استقبلت سحر [1:PER النعيمي] [2:TITLE سفير بيرو] في [4:LOC مادبا]\n> 2 MEETS_WITH 1; 1 PRESENT_AT 4",
    "g_1",
)
SAME = annotated("عادت [1:PER سحر] إلى [2:GPE مادبا]\n> 1 PRESENT_AT 2", "g_2")


def paths(folder, first, second):
    return jsonl(folder / "first.jsonl", first), jsonl(folder / "second.jsonl", second)


def test_an_annotation_agrees_with_itself(tmp_path):
    path = jsonl(tmp_path / "a.jsonl", [FIRST, SAME])
    evaluation = pair_documents(path, path).evaluation()
    assert evaluation.entities.micro() == Score(6, 6, 6)
    assert evaluation.relations_strict.micro() == Score(3, 3, 3)


def test_documents_are_matched_by_id(tmp_path):
    other = annotated("نص", "g_3")
    pairing = pair_documents(*paths(tmp_path, [FIRST, SAME, other], [annotated("آخر", "g_9"), SAME, SECOND]))
    assert pairing.pairs == ((FIRST, SECOND), (SAME, SAME))
    assert (pairing.only_first, pairing.only_second) == (("g_3",), ("g_9",))


def test_scores_are_strict_and_symmetric_relations_count_in_either_order(tmp_path):
    evaluation = pair_documents(*paths(tmp_path, [FIRST, SAME], [SECOND, SAME])).evaluation()
    assert evaluation.entities.micro() == Score(2, 5, 6)
    assert evaluation.relations_strict.micro() == Score(1, 3, 3)
    turned = annotated("[1:PER سحر] و[2:PER ليث]\n> 2 MEETS_WITH 1", "g_1")
    straight = annotated("[1:PER سحر] و[2:PER ليث]\n> 1 MEETS_WITH 2", "g_1")
    evaluation = pair_documents(*paths(tmp_path, [turned], [straight])).evaluation()
    assert evaluation.relations_strict.micro().f1 == 1.0


def test_the_table_has_support_of_both_and_only_used_labels(tmp_path):
    pairing = pair_documents(*paths(tmp_path, [FIRST, SAME], [SECOND, SAME]))
    rows = [line.split() for line in agreement_table(pairing.evaluation()).splitlines()]
    assert rows[0] == ["F1", "first", "second", "both"]
    assert rows[1] == ["entities,", "strict", "36.36", "6", "5", "2"]
    assert [row[0] for row in rows[2:7]] == ["PER", "TITLE", "GPE", "LOC", "relations,"]
    assert rows[5] == ["LOC", "0.00", "0", "1", "0"]
    assert [row[0] for row in rows[7:]] == ["PRESENT_AT", "MEETS_WITH"]


def test_a_label_outside_the_schema_has_its_row(tmp_path):
    path = jsonl(tmp_path / "a.jsonl", [annotated("[TEAM نسور] و[PER هدى]", "g_1")])
    table = agreement_table(pair_documents(path, path).evaluation())
    assert [line.split()[0] for line in table.splitlines()[2:4]] == ["PER", "TEAM"]


def test_every_disagreement_is_described():
    assert disagreements(FIRST, SECOND) == [
        "span: PER [8, 19) «سحر النعيمي» | PER [12, 19) «النعيمي»",
        "span: TITLE [20, 24) «سفير» | TITLE [20, 29) «سفير بيرو»",
        "span: GPE [25, 29) «بيرو» | TITLE [20, 29) «سفير بيرو»",
        "label: GPE [33, 38) «مادبا» | LOC [33, 38) «مادبا»",
        "relation only in first: PER [8, 19) «سحر النعيمي» MEETS_WITH TITLE [20, 24) «سفير»",
        "relation only in first: PER [8, 19) «سحر النعيمي» PRESENT_AT GPE [33, 38) «مادبا»",
        "relation only in second: TITLE [20, 29) «سفير بيرو» MEETS_WITH PER [12, 19) «النعيمي»",
        "relation only in second: PER [12, 19) «النعيمي» PRESENT_AT LOC [33, 38) «مادبا»",
    ]


def test_an_entity_of_one_side_only():
    one, other = annotated("[PER هدى] هنا و[GPE صور]"), annotated("هدى هنا و[GPE صور]")
    assert disagreements(one, other) == ["only in first: PER [0, 3) «هدى»"]
    assert disagreements(other, one) == ["only in second: PER [0, 3) «هدى»"]


def test_no_disagreement_with_itself():
    assert disagreements(FIRST, FIRST) == []


@pytest.mark.parametrize(
    ("first", "second", "message"),
    [
        ([FIRST], [SAME], r"second\.jsonl: field 'id': no document of .*first\.jsonl has the same id"),
        ([FIRST], [FIRST, FIRST], r"second\.jsonl: document 1: field 'id': 'g_1' stands twice"),
        (
            [annotated("عادت هدى", "g_1")],
            [annotated("عادت ندى", "g_1")],
            r"second\.jsonl: document g_1: field 'text' differs from .*first\.jsonl at character 5"
            r" \('هدى', 'ندى'\)",
        ),
        ([annotated("عادت", "g_1")], [annotated("عادت هدى", "g_1")], r"at character 4 \('', ' هدى'\)"),
    ],
)
def test_what_cannot_be_compared_is_named(tmp_path, first, second, message):
    with pytest.raises(DataError, match=message):
        pair_documents(*paths(tmp_path, first, second))


def test_the_command_prints_scores_and_what_it_left_out(tmp_path, capsys):
    assert main([*paths(tmp_path, [FIRST, SAME, annotated("نص", "g_3")], [SECOND, SAME])]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "2 documents in both"
    assert lines[2].split() == ["entities,", "strict", "36.36", "6", "5", "2"]
    assert lines[-1] == "1 documents only in first, not compared: g_3"


def test_the_command_lists_disagreements_by_document(tmp_path, capsys):
    assert main([*paths(tmp_path, [SAME, FIRST], [SAME, SECOND]), "--list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "g_1 (8)"
    assert lines[1] == "  span: PER [8, 19) «سحر النعيمي» | PER [12, 19) «النعيمي»"
    assert not any(line.startswith("g_2") for line in lines)


def test_the_command_names_a_malformed_line(tmp_path, capsys):
    first = jsonl(tmp_path / "a.jsonl", [FIRST])
    broken = tmp_path / "b.jsonl"
    broken.write_text('{"id": "g_1", "text": "نص", "relations": [3]}\n', encoding="utf-8")
    assert main([first, str(broken)]) == 2
    assert capsys.readouterr().err == f"{broken}:1: field 'relations[0]': expected an object, got int\n"
