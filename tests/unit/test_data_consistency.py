import pytest

from khabar_data.consistency import (
    find_label_conflicts,
    find_marked_proclitics,
    find_schema_breaks,
    find_unmarked_repeats,
    main,
    read_explanations,
)
from khabar_data.errors import DataError
from khabar_data.unmarked import unmarked_repeats
from tests.annotated import annotated, jsonl


def repeats(body):
    document = annotated(body)
    found = unmarked_repeats(document)
    return [(repeat.surface, repeat.labels, document.text[: repeat.start].count(" ")) for repeat in found]


def test_labels_are_listed_with_counts_and_examples():
    documents = [
        annotated("[GPE النبك] و[GPE النبك]", "c_1"),
        annotated("[GPE النَّبك]", "c_2"),
        annotated("[GPE النبك]", "c_3"),
        annotated("[GPE النبك]", "c_4"),
        annotated("[ORG النبك] يفوز على [ORG الجزيرة] في [LOC الجزيرة]", "c_5"),
    ]
    first, second = find_label_conflicts(documents)
    assert (first.kind, first.surface) == ("labels", "النبك")
    assert first.detail == "GPE 5 (c_1, c_2, c_3 …); ORG 1 (c_5)"
    assert (second.surface, second.detail) == ("الجزيرة", "LOC 1 (c_5); ORG 1 (c_5)")


def test_one_label_throughout_is_no_conflict():
    assert find_label_conflicts([annotated("[GPE النبك] ثم [GPE النبك] و[GPE تدمر]")]) == []


@pytest.mark.parametrize(
    "again",
    ["كنانة", "وكنانة", "بكنانة", "وبكنانة", "فلكنانة", "ككنانة", "كِنانة", "«كنانة»", "كنـانة،"],
)
def test_a_name_left_unmarked_is_found_behind_proclitics(again):
    assert repeats(f"جاءت [PER كنانة] ثم {again} عادت") == [("كنانة", "PER", 3)]


@pytest.mark.parametrize("other", ["مكنانة", "كنانةي", "الكنانة", "سكنانة", "كنانه", "كن انة"])
def test_another_word_is_no_repeat(other):
    assert repeats(f"جاءت [PER كنانة] ثم {other} عادت") == []


def test_the_article_melts_into_lam():
    assert repeats("في [GPE الناصرة] مطار، وللناصرة سوق") == [("الناصرة", "GPE", 3)]


def test_names_of_fewer_than_four_letters_count_only_with_several_words():
    assert repeats("[GPE حمص] ثم حمص") == []
    assert repeats("[PER أم زين] ثم ام  زين") == [("أم زين", "PER", 3)]
    assert repeats("[MONEY 20 000] ثم 20 000") == []


def test_a_repeat_inside_or_across_another_entity_is_no_repeat():
    assert repeats("[GPE تدمر] و[ORG نادي تدمر الرياضي]") == []
    assert repeats("[ORG نادي تدمر] ثم [LOC وادي نادي] تدمر") == []


def test_a_repeat_does_not_run_over_a_line():
    assert repeats("[PER هاني سعد]\nهاني\nسعد") == []


def test_only_the_longest_repeat_is_listed():
    assert repeats("[PER هاني سعدون] و[PER سعدون] ثم هاني سعدون وسعدون") == [
        ("هاني سعدون", "PER", 4),
        ("سعدون", "PER", 6),
    ]


def test_every_place_and_label_is_listed():
    assert repeats("[GPE تدمر] و[ORG تدمر] تدمر تدمر") == [("تدمر", "GPE/ORG", 2), ("تدمر", "GPE/ORG", 3)]


def test_special_characters_of_a_name_are_taken_as_they_are():
    assert repeats("[WEAPON صاروخ (س+1)] ثم صاروخ (س+1) وصاروخ (سس1)") == [("صاروخ (س+1)", "WEAPON", 3)]


def test_an_unmarked_repeat_says_where():
    (item,) = find_unmarked_repeats(
        [annotated("خالٍ", "c_1"), annotated("[GPE تدمر] تنتظر، تدمر تنام", "c_2")]
    )
    assert (item.kind, item.surface) == ("unmarked", "تدمر")
    assert item.detail == "c_2: marked GPE, not at [12, 16) «تدمر تنتظر، تدمر تنام»"


@pytest.mark.parametrize("surface", ["وتدمر", "بتدمر", "فتدمر", "لتدمر", "كتدمر"])
def test_a_marked_proclitic_is_found(surface):
    (item,) = find_marked_proclitics([annotated(f"[GPE {surface}] و[GPE تدمر] [GPE تدمر] [GPE تدمر]", "c_1")])
    assert (item.kind, item.surface) == ("proclitic", surface)
    assert item.detail == "GPE 1 (c_1), but «تدمر» 3"


def test_two_lams_stand_for_lam_and_the_article():
    (item,) = find_marked_proclitics([annotated("[ORG للبريد] [ORG البريد] [ORG البريد] [ORG البريد]")])
    assert item.detail.endswith("but «البريد» 3")


@pytest.mark.parametrize(
    "body",
    [
        "[GPE بتدمر] [GPE تدمر] [GPE تدمر]",
        "[GPE بتدمر] [ORG تدمر] [ORG تدمر] [ORG تدمر]",
        "[GPE بتدمر] [GPE بتدمر] [GPE تدمر] [GPE تدمر] [GPE تدمر]",
        "[GPE متدمر] [GPE تدمر] [GPE تدمر] [GPE تدمر]",
        "[GPE بيسان]",
        "[PER و]",
        "[PER ـ] [PER ـ]",
    ],
)
def test_a_first_letter_that_may_well_belong_to_the_name(body):
    assert find_marked_proclitics([annotated(body)]) == []


def test_relations_that_validation_refuses():
    documents = [annotated("[TEAM نسور] [1:PER هدى] [2:GPE صور]\n> 2 PRESENT_AT 1; 1 PRESENT_AT 2", "c_1")]
    (item,) = find_schema_breaks(documents)
    assert item.surface == "'صور' PRESENT_AT 'هدى'"
    assert item.detail.startswith("c_1: relations[0] 'صور' PRESENT_AT 'هدى': the schema does not allow")


def explanations(path, text):
    path.write_text(text, encoding="utf-8")
    return path


def test_explanations_are_read_folded(tmp_path):
    path = explanations(
        tmp_path / "why.tsv", "# seen\n\nlabels\tالأنبار\tclub and town\nunmarked\tتدمـر\tverb\n"
    )
    assert read_explanations(path) == {("labels", "الانبار"), ("unmarked", "تدمر")}


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("labels\tتدمر", "write kind, surface and reason, parted by one tab each"),
        ("labels\tتدمر\t", "write kind, surface and reason"),
        ("labels تدمر club", "write kind, surface and reason"),
        ("label\tتدمر\tx", "field 'kind': 'label' is none of labels, unmarked, proclitic, schema"),
    ],
)
def test_a_malformed_explanation_names_line_and_fix(tmp_path, line, message):
    path = explanations(tmp_path / "why.tsv", f"# seen\n{line}\n")
    with pytest.raises(DataError, match=rf"why\.tsv:2: {message}"):
        read_explanations(path)


CONTRADICTORY = [
    annotated("[GPE تدمر] [GPE تدمر] [GPE تدمر] و[ORG تدمر] ثم تدمر", "c_1"),
    annotated("[GPE بتدمر] و[1:GPE صور] [2:PER هدى]\n> 1 MEMBER_OF 2", "c_2"),
]


def test_the_command_groups_what_it_finds(tmp_path, capsys):
    assert main([jsonl(tmp_path / "a.jsonl", CONTRADICTORY)]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if not line.startswith("  ")] == [
        "labels: one surface, several labels (1)",
        "unmarked: marked and left unmarked in one document (1)",
        "proclitic: begins with what is likely a proclitic (1)",
        "schema: relations that the schema refuses (1)",
        "2 documents, 4 to look at, 0 explained",
    ]
    assert lines[1] == "  «تدمر»: GPE 3 (c_1); ORG 1 (c_1)"


def test_the_command_leaves_out_what_is_explained(tmp_path, capsys):
    corpus = jsonl(tmp_path / "a.jsonl", CONTRADICTORY)
    why = explanations(
        tmp_path / "why.tsv", "labels\tتدمر\tclub\nunmarked\tتدمر\tverb\nproclitic\tبتدمر\ta name\n"
    )
    assert main([corpus, "--explained", str(why)]) == 1
    assert capsys.readouterr().out.splitlines()[0].startswith("schema: ")
    with why.open("a", encoding="utf-8") as more:
        more.write("schema\t'صور' MEMBER_OF 'هدى'\ta test\n")
    assert main([corpus, "--explained", str(why)]) == 0
    assert capsys.readouterr().out == "2 documents, 0 to look at, 4 explained\n"


def test_the_command_names_what_it_cannot_read(tmp_path, capsys):
    broken = tmp_path / "a.txt"
    broken.write_text("=== c_1\n---\n[PER هدى\n", encoding="utf-8")
    assert main([str(broken)]) == 2
    assert capsys.readouterr().err.startswith(f"{broken}:3: '[PER هدى' is no mark: write [LABEL surface]")
    assert main([str(broken), "--explained", str(tmp_path / "none.tsv")]) == 2
    assert "none.tsv: cannot be read" in capsys.readouterr().err
