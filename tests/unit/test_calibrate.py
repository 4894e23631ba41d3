from dataclasses import replace

import numpy as np
import pytest

from khabar.calibration import UNSCALED, PlattScaling
from khabar_training.calibrate import calibrated, fit_platt
from khabar_training.calibration_error import calibration
from tests.annotated import annotated
from tests.tiny_model import tiny_options


def test_no_scaling_changes_nothing():
    scores = np.array([0.0, 0.3, 1.0])
    assert UNSCALED(scores) is scores


def test_a_scaling_is_a_logistic_function_of_the_log_odds():
    scaled = PlattScaling(0.5, -1.0)(np.array([0.5, 0.8]))
    assert scaled == pytest.approx([1 / (1 + np.e), 1 / (1 + np.exp(1 - 0.5 * np.log(4)))])
    assert PlattScaling(2.0, 0.0)(np.array([0.0, 1.0])) == pytest.approx([0, 1], abs=1e-9)


def test_scores_that_promise_too_much_become_frequencies():
    random = np.random.default_rng(3)
    true = random.uniform(0.05, 0.95, 4000)
    right = random.random(4000) < true
    log_odds = np.log(true / (1 - true))
    raw = 1 / (1 + np.exp(-(log_odds * 2.5 + 0.8)))
    scaling = fit_platt(raw.tolist(), right.tolist())
    assert scaling.slope == pytest.approx(0.4, abs=0.04)
    assert scaling.bias == pytest.approx(-0.32, abs=0.06)
    before, after = calibration(raw, right), calibration(scaling(raw), right)
    assert after.expected_calibration_error < 0.03 < before.expected_calibration_error


def test_the_weight_of_both_ends_is_found():
    random = np.random.default_rng(4)
    log_odds, certainty = random.normal(0, 2, 6000), np.log(random.uniform(0.2, 1, 6000))
    right = random.random(6000) < 1 / (1 + np.exp(-(0.5 * log_odds + 0.4 + 1.5 * certainty)))
    scaling = fit_platt((1 / (1 + np.exp(-log_odds))).tolist(), right.tolist(), certainty.tolist())
    assert (scaling.slope, scaling.bias, scaling.ends) == pytest.approx((0.5, 0.4, 1.5), abs=0.15)


def test_relations_learn_how_much_their_ends_matter():
    # A relation is right where its head is, and heads are right in as many cases as they say.
    gold, found = [], []
    for number in range(200):
        stated = annotated("[1:PER وليد] في [2:GPE لندن]\n> 1 PRESENT_AT 2")
        score = (0.9, 0.5, 0.3, 0.1)[number % 4]
        gold.append(stated if number // 4 % 10 < score * 10 else replace(stated, relations=()))
        head, tail = stated.entities
        entities = (replace(head, score=score), replace(tail, score=1.0))
        found.append(replace(stated, entities=entities, relations=(replace(stated.relations[0], score=0.9),)))
    scaling = calibrated(tiny_options(), gold, found).relation_scaling
    assert scaling.ends > 1
    scores = [float(scaling(np.array(0.9), np.log(probability))) for probability in (0.9, 0.5, 0.1)]
    assert scores == pytest.approx([0.9, 0.5, 0.1], abs=0.12)


@pytest.mark.parametrize("right", [[True] * 100, [False] * 100, [True, False] * 20])
def test_too_little_to_learn_from_leaves_scores_alone(right):
    assert fit_platt(np.linspace(0.1, 0.9, len(right)).tolist(), right) == UNSCALED


def test_thresholds_are_chosen_on_scaled_scores():
    # One relation a document, right in three of four; raw scores say 0.9 throughout.
    gold, found = [], []
    for number in range(80):
        stated = annotated("[1:PER وليد] في [2:GPE لندن]\n> 1 PRESENT_AT 2")
        gold.append(stated if number % 4 else replace(stated, relations=()))
        found.append(replace(stated, relations=(replace(stated.relations[0], score=0.9),)))
    options = calibrated(tiny_options(), gold, found)
    scaled = float(options.relation_scaling(np.array(0.9)))
    assert scaled == pytest.approx(0.75, abs=0.02)
    assert options.thresholds["PRESENT_AT"] <= scaled
    assert options.max_tokens == tiny_options().max_tokens
