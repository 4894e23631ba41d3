import pytest

from khabar import Document, Entity, Relation
from khabar_data.errors import DataError
from khabar_data.label_map import parse_label_map, relabel

DOCUMENT = Document(
    "ابجد",
    (Entity(0, 1, "PERS", "ا", 0.5), Entity(1, 2, "MISC", "ب"), Entity(2, 3, "LOC", "ج")),
    (Relation(0, 2, "at", 0.25), Relation(0, 1, "at"), Relation(2, 0, "near")),
    "d_1",
    {"theme": "x"},
)


def test_pairs_and_files_join_and_the_later_wins(tmp_path):
    (tmp_path / "labels.json").write_text('{"PERS": "PER", "MISC": null, "LOC": "LOC"}', encoding="utf-8")
    labels = parse_label_map([str(tmp_path / "labels.json"), "LOC=GPE", " X = ", "Y="])
    assert labels == {"PERS": "PER", "MISC": None, "LOC": "GPE", "X": None, "Y": None}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, r"no label map can be read here \(No such file or directory\); give LABEL=LABEL, or a JSON"),
        ("PERS: PER", "is no JSON .*; give LABEL=LABEL"),
        ("[1]", "is no object of labels"),
        ('{"PERS": 1}', "is no object of labels"),
    ],
)
def test_a_part_that_is_no_map_is_named(tmp_path, content, message):
    path = tmp_path / "map.yaml"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    with pytest.raises(DataError, match=rf"map\.yaml: {message}"):
        parse_label_map([str(path)])


def test_labels_are_renamed_and_what_goes_takes_its_relations_along():
    (found,), notices = relabel(
        [DOCUMENT], {"PERS": "PER", "MISC": None, "at": "PRESENT_AT", "near": None, "Q": "R"}, "in"
    )
    assert found == Document(
        "ابجد", (Entity(0, 1, "PER", "ا"), Entity(2, 3, "LOC", "ج")), (Relation(0, 1, "PRESENT_AT"),), "d_1"
    )
    assert (found.entities[0].score, found.relations[0].score, found.meta) == (0.5, 0.25, {"theme": "x"})
    assert list(notices) == [
        "1 x entity MISC left out, as the map says; the first: d_1: entities[1]",
        "1 x relation at left out, since an end of it was; the first: d_1: relations[1]",
        "1 x relation near left out, as the map says; the first: d_1: relations[2]",
        "1 x label 'Q' of the map, which nothing bears; the first: in",
    ]


def test_an_empty_map_changes_nothing():
    found, notices = relabel([DOCUMENT], {}, "in")
    assert found == [DOCUMENT]
    assert not notices
