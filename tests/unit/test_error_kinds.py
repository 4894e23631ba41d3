from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from khabar import Document, Entity, Relation
from khabar_data.metrics import Score, evaluate
from khabar_training.entity_errors import EntityKind, align_entities
from khabar_training.error_kinds import DocumentErrors, entity_error_table, relation_error_table
from khabar_training.relation_errors import RelationKind
from tests.annotated import annotated

NO_ENTITIES = dict.fromkeys(map(str, EntityKind), 0)
NO_RELATIONS = dict.fromkeys(map(str, RelationKind), 0)


def errors(gold: str, predicted: str) -> DocumentErrors:
    return DocumentErrors.between(annotated(gold), annotated(predicted))


@pytest.mark.parametrize(
    ("gold", "predicted", "kinds"),
    [
        ("زار [PER سامي عزيز] عمان", "زار [PER سامي عزيز] عمان", ["correct"]),
        ("زار [PER سامي عزيز] عمان", "زار [ORG سامي عزيز] عمان", ["type"]),
        ("عاد ب[PER ندى] أمس", "عاد [PER بندى] أمس", ["proclitic"]),
        ("عاد ولل[PER ندى] أمس", "عاد [PER وللندى] أمس", ["proclitic"]),
        ("عاد بعد [PER ندى] أمس", "عاد [PER بعد ندى] أمس", ["boundary"]),
        ("زار [PER سامي عزيز] عمان", "زار [PER سامي] عزيز عمان", ["boundary"]),
        ("عاد ب[PER ندى] أمس", "عاد [ORG بندى] أمس", ["type_and_boundary"]),
        ("زار [PER سامي] عمان", "زار سامي [GPE عمان]", ["missed", "spurious"]),
        ("زار سامي عمان", "زار سامي عمان", []),
    ],
)
def test_every_kind_of_entity_error(gold, predicted, kinds):
    assert [pair.kind.value for pair in errors(gold, predicted).entities] == kinds


def test_a_name_found_in_two_parts_is_one_boundary_error_and_one_spurious_entity():
    found = errors("زار [PER سامي عبد العزيز] عمان", "زار [PER سامي] [PER عبد العزيز] عمان").entities
    assert [(pair.kind.value, pair.predicted.text) for pair in found] == [
        ("spurious", "سامي"),
        ("boundary", "عبد العزيز"),
    ]


def test_the_right_label_is_preferred_to_the_longer_overlap():
    found = errors("زار [PER سامي عبد العزيز] عمان", "زار [PER سامي] [ORG عبد العزيز] عمان").entities
    assert [(pair.kind.value, pair.predicted.label) for pair in found] == [
        ("boundary", "PER"),
        ("spurious", "ORG"),
    ]


GOLD = "[1:PER هالة] و[2:PER مازن] في [3:GPE إربد] مع [4:ORG البلدية]"


@pytest.mark.parametrize(
    ("gold", "predicted", "kinds"),
    [
        (f"{GOLD}\n> 1 PRESENT_AT 3", f"{GOLD}\n> 1 PRESENT_AT 3", ["correct"]),
        (f"{GOLD}\n> 1 MEETS_WITH 2", f"{GOLD}\n> 2 MEETS_WITH 1", ["correct"]),
        (f"{GOLD}\n> 1 PRESENT_AT 3", f"{GOLD}\n> 3 PRESENT_AT 1", ["wrong_direction"]),
        (f"{GOLD}\n> 1 MEETS_WITH 2", f"{GOLD}\n> 2 CONFLICTS_WITH 1", ["wrong_label"]),
        (f"{GOLD}\n> 1 PRESENT_AT 3", GOLD, ["missed_both_found"]),
        (GOLD, f"{GOLD}\n> 1 PRESENT_AT 3", ["spurious"]),
        (f"{GOLD}\n> 1 PRESENT_AT 3", f"{GOLD}\n> 2 PRESENT_AT 3", ["missed_both_found", "spurious"]),
    ],
)
def test_every_kind_of_relation_error_between_entities_that_were_found(gold, predicted, kinds):
    assert [pair.kind.value for pair in errors(gold, predicted).relations] == kinds


@pytest.mark.parametrize(
    ("body", "kinds"),
    [
        # The place has another label, then another boundary, and is missed in the end.
        ("[1:PER هالة] و[2:PER مازن] في [3:FAC إربد] مع البلدية\n> 1 PRESENT_AT 3", ["wrong_entity"]),
        ("[1:PER هالة] و[2:PER مازن] [3:GPE في إربد] مع البلدية\n> 1 PRESENT_AT 3", ["wrong_entity"]),
        ("[1:PER هالة] و[2:PER مازن] في [3:FAC إربد] مع البلدية", ["missed_entity"]),
        (
            "[1:PER هالة] و[2:PER مازن] في [3:FAC إربد] مع البلدية\n> 2 PRESENT_AT 3",
            ["missed_entity", "spurious"],
        ),
        ("[1:PER هالة] و[2:PER مازن] في إربد مع البلدية", ["missed_entity"]),
    ],
)
def test_every_kind_of_relation_error_where_an_entity_is_wrong(body, kinds):
    found = errors(f"{GOLD}\n> 1 PRESENT_AT 3", body)
    assert [pair.kind.value for pair in found.relations] == kinds


def test_one_prediction_stands_for_one_gold_relation():
    gold = f"{GOLD}\n> 1 MEETS_WITH 2; 1 COOPERATES_WITH 2"
    found = errors(gold, f"{GOLD}\n> 1 CONFLICTS_WITH 2").relations
    assert sorted(pair.kind.value for pair in found) == ["missed_both_found", "wrong_label"]


def test_the_lenient_score_asks_for_the_label_and_one_character():
    gold = "[PER سامي عزيز] زار [GPE عمان] مع [ORG الوفد] و[PER ندى]"
    predicted = "[PER سامي] عزيز زار [ORG عمان] مع [ORG الوفد] [PER وندى] "
    # Boundary, type, right, proclitic: three of four.
    assert errors(gold, predicted.rstrip()).overlap_score() == Score(3, 4, 4)


def test_the_entity_table_counts_by_label_and_confuses():
    first = errors("زار [PER سامي] [GPE عمان] أمس", "زار [PER سامي] [ORG عمان] [DATE أمس]")
    second = errors("زارت [PER ندى] [GPE عكار]", "زارت ندى [GPE عكار]")
    table = entity_error_table([first, second])
    assert table["kinds"] == {**NO_ENTITIES, "correct": 2, "type": 1, "missed": 1, "spurious": 1}
    assert table["by_label"] == {
        "PER": {**NO_ENTITIES, "correct": 1, "missed": 1},
        "GPE": {**NO_ENTITIES, "correct": 1, "type": 1},
        "DATE": {**NO_ENTITIES, "spurious": 1},
    }
    assert table["confusion"] == {
        "GPE": {"ORG": 1, "GPE": 1},
        "PER": {"PER": 1, "missed": 1},
        "spurious": {"DATE": 1},
    }


def test_the_relation_table_counts_by_label_and_names_the_labels_taken_for_one_another():
    first = errors(f"{GOLD}\n> 1 MEETS_WITH 2; 1 PRESENT_AT 3", f"{GOLD}\n> 1 COOPERATES_WITH 2")
    second = errors(f"{GOLD}\n> 1 MEETS_WITH 2", f"{GOLD}\n> 1 MEETS_WITH 2; 2 PRESENT_AT 3")
    table = relation_error_table([first, second])
    counts = {"correct": 1, "wrong_label": 1, "missed_both_found": 1, "spurious": 1}
    assert table["kinds"] == {**NO_RELATIONS, **counts}
    assert table["by_label"] == {
        "PRESENT_AT": {**NO_RELATIONS, "missed_both_found": 1, "spurious": 1},
        "MEETS_WITH": {**NO_RELATIONS, "correct": 1, "wrong_label": 1},
    }
    assert table["wrong_labels"] == {"MEETS_WITH": {"COOPERATES_WITH": 1}}


def test_no_document_gives_empty_tables():
    assert entity_error_table([]) == {"kinds": NO_ENTITIES, "by_label": {}, "confusion": {}}
    assert relation_error_table([]) == {"kinds": NO_RELATIONS, "by_label": {}, "wrong_labels": {}}


TEXT = "ابتثجحخدذرزسشصضطظعغ"


@st.composite
def annotations(draw: st.DrawFn) -> Document:
    """Flat entities of three labels and relations of three over one text."""
    cuts = sorted({0, len(TEXT), *draw(st.lists(st.integers(0, len(TEXT)), max_size=9))})
    labels = st.sampled_from(["PER", "ORG", "GPE"])
    entities = tuple(Entity(a, b, draw(labels), TEXT[a:b]) for a, b in pairwise(cuts) if draw(st.booleans()))
    if not entities:
        return Document(TEXT)
    index = st.integers(0, len(entities) - 1)
    known = st.sampled_from(["MEETS_WITH", "PRESENT_AT", "AFFILIATED_WITH"])
    relations = draw(st.lists(st.builds(Relation, index, index, known), max_size=6))
    return Document(TEXT, entities, tuple(relations))


@given(annotations(), annotations())
def test_every_item_has_one_kind_and_the_sums_are_those_of_the_metrics(gold, predicted):
    found = DocumentErrors.between(gold, predicted)
    scores = evaluate([gold], [predicted])
    for pairs, score in (
        (found.entities, scores.entities.micro()),
        (found.relations, scores.relations_strict.micro()),
    ):
        kinds = [pair.kind.value for pair in pairs]
        assert kinds.count("correct") == score.true_positives
        assert sum(pair.gold is not None for pair in pairs) == score.gold
        assert sum(pair.predicted is not None for pair in pairs) == score.predicted
        for items in ([pair.gold for pair in pairs], [pair.predicted for pair in pairs]):
            present = [item for item in items if item is not None]
            assert len(set(present)) == len(present)
    assert [pair.kind for pair in found.entities].count(EntityKind.PROCLITIC) == scores.proclitic_errors


@given(annotations(), annotations())
def test_pairs_overlap_and_nothing_that_overlaps_is_left_on_both_sides(gold, predicted):
    pairs = align_entities(gold, predicted)
    for pair in pairs:
        if pair.gold and pair.predicted:
            assert max(pair.gold.start, pair.predicted.start) < min(pair.gold.end, pair.predicted.end)
    missed = [pair.gold for pair in pairs if pair.kind is EntityKind.MISSED]
    spurious = [pair.predicted for pair in pairs if pair.kind is EntityKind.SPURIOUS]
    assert not [(a, b) for a in missed for b in spurious if a.start < b.end and b.start < a.end]


@given(annotations())
def test_an_annotation_has_no_error_against_itself(document):
    found = DocumentErrors.between(document, document)
    assert {pair.kind.value for pair in (*found.entities, *found.relations)} <= {"correct"}
