import pytest

from khabar import Document, Entity, Relation
from khabar_data.metrics import Score, Tally, evaluate, relation_items
from tests.annotated import annotated

TEXT = "قابل مازن هالة في دير علا"
MAZEN, HALA, TOWN = (
    Entity(5, 9, "PER", "مازن"),
    Entity(10, 14, "PER", "هالة"),
    Entity(18, 25, "GPE", "دير علا"),
)
GOLD = Document(
    TEXT, (MAZEN, HALA, TOWN), (Relation(0, 1, "MEETS_WITH"), Relation(0, 2, "PRESENT_AT")), "m_1"
)


def predicted(*entities, relations=()):
    return Document(TEXT, entities, tuple(relations))


def test_a_score_of_counts():
    score = Score(true_positives=3, predicted=4, gold=6)
    assert (score.precision, score.recall, score.f1) == (0.75, 0.5, 0.6)
    assert score.to_dict() == {"precision": 75.0, "recall": 50.0, "f1": 60.0, "support": 6, "predicted": 4}


@pytest.mark.parametrize("score", [Score(0, 0, 0), Score(0, 5, 0), Score(0, 0, 5)])
def test_a_score_of_nothing_is_nothing(score):
    assert (score.precision, score.recall, score.f1) == (0, 0, 0)


def test_a_tally_counts_sets_by_label():
    tally = Tally()
    tally.add([("PER", 1), ("PER", 2), ("GPE", 3)], [("PER", 1), ("PER", 1), ("GPE", 4)])
    tally.add([("PER", 1)], [])
    assert tally.micro() == Score(1, 2, 4)
    assert tally.by_label(["PER", "GPE", "ORG"]) == {
        "PER": Score(1, 1, 3),
        "GPE": Score(0, 1, 1),
        "ORG": Score(0, 0, 0),
    }


def test_a_document_against_itself_is_perfect():
    evaluation = evaluate([GOLD], [GOLD])
    assert evaluation.entities.micro() == Score(3, 3, 3)
    assert evaluation.relations_strict.micro() == evaluation.relations_boundaries.micro() == Score(2, 2, 2)
    assert evaluation.proclitic_errors == 0


@pytest.mark.parametrize(
    "wrong",
    [Entity(18, 21, "GPE", "دير"), Entity(17, 25, "GPE", " دير علا"), Entity(18, 25, "LOC", "دير علا")],
)
def test_an_entity_needs_its_span_and_its_label(wrong):
    evaluation = evaluate([GOLD], [predicted(MAZEN, HALA, wrong)])
    assert evaluation.entities.micro() == Score(2, 3, 3)


def test_rel_plus_needs_the_labels_of_both_ends_and_rel_does_not():
    found = predicted(MAZEN, HALA, Entity(18, 25, "LOC", "دير علا"), relations=GOLD.relations)
    evaluation = evaluate([GOLD], [found])
    assert evaluation.relations_strict.micro() == Score(1, 2, 2)
    assert evaluation.relations_boundaries.micro() == Score(2, 2, 2)


def test_both_relation_scores_need_both_spans():
    found = predicted(MAZEN, HALA, Entity(18, 21, "GPE", "دير"), relations=GOLD.relations)
    assert evaluate([GOLD], [found]).relations_boundaries.micro() == Score(1, 2, 2)


def test_a_symmetric_relation_counts_in_either_order_and_once():
    both_ways = [Relation(1, 0, "MEETS_WITH"), Relation(0, 1, "MEETS_WITH")]
    evaluation = evaluate([GOLD], [predicted(MAZEN, HALA, TOWN, relations=both_ways)])
    assert evaluation.relations_strict.micro() == Score(1, 1, 2)


def test_a_directed_relation_counts_in_its_order_only():
    turned = [Relation(2, 0, "PRESENT_AT")]
    evaluation = evaluate([GOLD], [predicted(MAZEN, HALA, TOWN, relations=turned)])
    assert evaluation.relations_strict.micro() == Score(0, 1, 2)


def test_relations_are_compared_by_place_not_by_index():
    found = predicted(HALA, TOWN, relations=[Relation(0, 1, "PRESENT_AT")])
    wanted = predicted(MAZEN, HALA, TOWN, relations=[Relation(1, 2, "PRESENT_AT")])
    assert relation_items(found, typed=True) == relation_items(wanted, typed=True)


def test_an_unknown_relation_is_taken_as_directed():
    wanted = predicted(MAZEN, HALA, relations=[Relation(0, 1, "KNOWS")])
    found = predicted(MAZEN, HALA, relations=[Relation(1, 0, "KNOWS")])
    assert evaluate([wanted], [found]).relations_strict.micro() == Score(0, 1, 1)


def test_proclitic_only_errors_are_counted():
    gold = [annotated("عاد ب[PER ندى] من [GPE عكار]")]
    found = [annotated("عاد [PER بندى] [GPE من عكار]")]
    assert evaluate(gold, found).proclitic_errors == 2
    assert evaluate(gold, [annotated("عاد [ORG بندى] من عكار")]).proclitic_errors == 0
    assert evaluate(gold, [annotated("[PER عاد بندى] من عكار")]).proclitic_errors == 0


def test_documents_are_scored_together():
    evaluation = evaluate([GOLD, GOLD], [GOLD, predicted()])
    assert evaluation.entities.micro() == Score(3, 3, 6)


def test_lists_and_texts_must_match():
    with pytest.raises(ValueError, match="shorter"):
        evaluate([GOLD, GOLD], [GOLD])
    with pytest.raises(ValueError, match="document m_1: gold and predicted text differ"):
        evaluate([GOLD], [Document("نص آخر")])


def test_the_report_form():
    report = evaluate([GOLD], [predicted(MAZEN, HALA, TOWN, relations=GOLD.relations[:1])]).to_dict()
    assert report["ner_strict"]["f1"] == 100.0
    assert report["rel_plus"] == {
        "precision": 100.0,
        "recall": 50.0,
        "f1": 66.67,
        "support": 2,
        "predicted": 1,
    }
    assert report["rel_plus_macro_f1"] == 50.0
    assert report["entities"]["GPE"]["support"] == 1
    assert report["relations"]["HAS_WEAPON"]["support"] == 0
    assert evaluate([], []).to_dict()["rel_plus_macro_f1"] == 0.0
