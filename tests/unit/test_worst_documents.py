from __future__ import annotations

from dataclasses import replace

from khabar_data.metrics import evaluate
from khabar_training.worst_documents import worst_documents
from tests.annotated import annotated

BODY = "[1:PER هالة] في [2:GPE إربد]"
GOLD = annotated(f"{BODY}\n> 1 PRESENT_AT 2")


def ranked(*found, count=9, gold=GOLD):
    documents = [replace(gold, id=f"d_{position}") for position in range(len(found))]
    evaluations = [evaluate([one], [annotated(other)]) for one, other in zip(documents, found, strict=True)]
    return worst_documents(documents, evaluations, count)


def test_the_lowest_comes_first_and_what_is_right_is_left_out():
    right, half, nothing = f"{BODY}\n> 1 PRESENT_AT 2", BODY, "هالة في إربد"
    assert [score.name for score in ranked(right, half, nothing)] == ["d_2", "d_1"]
    assert [score.name for score in ranked(right, half, nothing, count=1)] == ["d_2"]
    assert ranked(right, half, nothing, count=0) == []


def test_of_two_that_are_alike_the_one_with_more_errors_comes_first():
    wrong_labels = "[1:ORG هالة] في [2:FAC إربد]\n> 1 PRESENT_AT 2"
    found = ranked("هالة في إربد", wrong_labels)
    assert [(score.position, score.errors, score.together.f1) for score in found] == [(1, 6, 0), (0, 3, 0)]


def test_entities_and_relations_count_together():
    (score,) = ranked(BODY)
    # Two entities of two, no relation of one: 2 x 2 / (2 + 3).
    assert score.to_dict() == {
        "position": 0,
        "name": "d_0",
        "f1": 80.0,
        "ner_strict": {"precision": 100.0, "recall": 100.0, "f1": 100.0, "support": 2, "predicted": 2},
        "rel_plus": {"precision": 0.0, "recall": 0.0, "f1": 0.0, "support": 1, "predicted": 0},
        "errors": 1,
    }


def test_a_document_without_an_id_is_named_by_its_number():
    nameless = replace(GOLD, id=None)
    (score,) = worst_documents([nameless], [evaluate([nameless], [annotated(BODY)])], 3)
    assert score.name == "document 1"
