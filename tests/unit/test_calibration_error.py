from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from khabar import Document
from khabar_training.calibration_error import Bin, calibration, entity_calibration, relation_calibration
from tests.annotated import annotated


def scored(document: Document, entities: list[float | None], relations: list[float | None]) -> Document:
    return replace(
        document,
        entities=tuple(replace(e, score=s) for e, s in zip(document.entities, entities, strict=True)),
        relations=tuple(replace(r, score=s) for r, s in zip(document.relations, relations, strict=True)),
    )


def test_bins_and_error_by_hand():
    found = calibration([0.1, 0.15, 0.9, 1.0], [False, True, True, True])
    assert [part for part in found.bins if part.count] == [
        Bin(0.1, 0.2, 2, 0.125, 0.5),
        Bin(0.9, 1.0, 2, 0.95, 1.0),
    ]
    # Half of the predictions are 0.375 off, the other half 0.05.
    assert found.expected_calibration_error == pytest.approx(0.2125)
    assert found.overconfidence == pytest.approx((0.1 + 0.15 + 0.9 + 1.0) / 4 - 3 / 4)


def test_gaps_of_both_signs_do_not_cancel_in_the_error():
    found = calibration([0.25, 0.75], [True, False], bins=2)
    assert found.expected_calibration_error == pytest.approx(0.75)
    assert found.overconfidence == pytest.approx(0)


def test_bins_weigh_by_their_predictions():
    # Three of 0.9 that are right, and one of 0.4 that is not: (3 x 0.1 + 1 x 0.4) / 4.
    found = calibration([0.9, 0.9, 0.9, 0.4], [True, True, True, False])
    assert found.expected_calibration_error == pytest.approx(0.175)


def test_edges_belong_to_the_bin_above_and_one_to_the_last():
    found = calibration([i / 10 for i in range(11)], [True] * 11)
    assert [part.count for part in found.bins] == [1] * 9 + [2]


def test_nothing_is_calibrated():
    found = calibration([], [])
    assert found.to_dict() == {
        "expected_calibration_error": 0.0,
        "overconfidence": 0.0,
        "count": 0,
        "bins": [],
    }


@pytest.mark.parametrize("score", [-0.01, 1.01, math.nan, math.inf])
def test_a_score_that_is_no_probability_is_refused(score):
    with pytest.raises(ValueError, match="between 0 and 1"):
        calibration([0.5, score], [True, True])


def test_scores_and_answers_must_match():
    with pytest.raises(ValueError, match="2 scores for 1"):
        calibration([0.5, 0.5], [True])


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=60))
def test_the_error_is_bounded_and_no_smaller_than_the_mean_gap(pairs):
    found = calibration([score for score, _ in pairs], [right for _, right in pairs])
    assert found.count == len(pairs)
    assert abs(found.overconfidence) - 1e-9 <= found.expected_calibration_error <= 1
    mean = sum(score - right for score, right in pairs) / len(pairs)
    assert found.overconfidence == pytest.approx(mean, abs=1e-9)


GOLD = annotated("[1:PER هالة] في [2:GPE إربد] مع [3:PER مازن]\n> 1 PRESENT_AT 2; 1 MEETS_WITH 3")


def test_an_entity_is_right_by_span_and_label():
    found = annotated("[1:PER هالة] في [2:FAC إربد] [3:PER مع مازن]")
    result = entity_calibration([GOLD], [scored(found, [0.95, 0.95, 0.05], [])])
    assert [(part.low, part.count, part.accuracy) for part in result.bins if part.count] == [
        (0.0, 1, 0.0),
        (0.9, 2, 0.5),
    ]


def test_a_relation_is_right_with_both_its_ends_and_a_symmetric_one_in_either_order():
    found = annotated("[1:PER هالة] في [2:FAC إربد] مع [3:PER مازن]\n> 1 PRESENT_AT 2; 3 MEETS_WITH 1")
    result = relation_calibration([GOLD], [scored(found, [None] * 3, [0.3, 0.7])])
    assert [(part.mean_score, part.accuracy) for part in result.bins if part.count] == [
        (0.3, 0.0),
        (0.7, 1.0),
    ]


def test_what_has_no_score_is_left_out():
    assert entity_calibration([GOLD], [GOLD]).count == 0
    assert relation_calibration([GOLD], [GOLD]).count == 0
