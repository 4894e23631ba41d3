from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from khabar_data.metrics import Score
from khabar_training.confidence import count_interval, count_table, f1_percent
from khabar_training.significance import compare


def table(*rows: tuple[int, int, int]) -> np.ndarray:
    return np.array(rows, dtype=float).reshape(-1, 3)


def two_sided(first: np.ndarray, second: np.ndarray) -> float:
    """p by going through every exchange of documents."""

    def f1(rows: np.ndarray) -> float:
        true, predicted, gold = rows.sum(axis=0)
        return 200 * true / max(predicted + gold, 1)

    seen = f1(first) - f1(second)
    differences = []
    for exchange in product([False, True], repeat=len(first)):
        side = np.array(exchange)[:, None]
        differences.append(f1(np.where(side, second, first)) - f1(np.where(side, first, second)))
    above = sum(difference >= seen - 1e-9 for difference in differences)
    below = sum(difference <= seen + 1e-9 for difference in differences)
    return min(1.0, 2 * min(above, below) / len(differences))


@pytest.mark.parametrize(("documents", "p"), [(2, 0.5), (3, 0.25), (5, 0.0625)])
def test_p_of_a_model_that_is_better_everywhere(documents, p):
    # Of 2 ** n exchanges one parts the two as far as they are, and one as far the other way.
    found = compare(table(*[(2, 2, 2)] * documents), table(*[(0, 2, 2)] * documents))
    assert found.p_value == pytest.approx(p)
    assert found.to_dict() == {
        "difference": 100.0,
        "interval_95": (100.0, 100.0),
        "p_value": p,
        "documents_better": documents,
        "documents_worse": 0,
        "documents_equal": 0,
    }


def test_p_of_many_documents_is_drawn_and_never_nothing():
    found = compare(table(*[(2, 2, 2)] * 40), table(*[(1, 2, 2)] * 40))
    assert found.p_value == pytest.approx(2 / 10_000)


def test_a_model_against_itself():
    counts = table((1, 2, 3), (4, 4, 4), (0, 1, 2))
    found = compare(counts, counts)
    assert (found.difference, found.p_value, found.interval) == (0.0, 1.0, (0.0, 0.0))
    assert (found.better, found.worse, found.equal) == (0, 0, 3)


def test_the_difference_is_of_micro_f1_not_of_mean_f1():
    first, second = table((9, 10, 10), (0, 1, 1)), table((5, 10, 10), (1, 1, 1))
    found = compare(first, second)
    assert found.difference == pytest.approx(200 * 9 / 22 - 200 * 6 / 22)
    assert (found.better, found.worse, found.equal) == (1, 1, 0)


@settings(max_examples=25)
@given(st.lists(st.tuples(*[st.integers(0, 4)] * 5), min_size=2, max_size=6))
def test_p_is_that_of_all_exchanges_where_there_are_few(rows):
    first = table(*((min(a, b, c), b, c) for a, b, c, _, _ in rows))
    second = table(*((min(d, e, c), e, c) for _, _, c, d, e in rows))
    found = compare(first, second)
    assert found.p_value == pytest.approx(two_sided(first, second))
    turned = compare(second, first)
    assert turned.difference == pytest.approx(-found.difference)
    assert turned.p_value == pytest.approx(found.p_value)


def test_the_same_seed_gives_the_same_answer():
    random = np.random.default_rng(3)
    gold = random.integers(3, 9, 30)
    first, second = (
        np.stack([random.integers(0, 4, 30), gold, gold], axis=1).astype(float) for _ in range(2)
    )
    assert compare(first, second) == compare(first, second)
    assert compare(first, second, seed=1).p_value == pytest.approx(compare(first, second).p_value, abs=0.03)


def test_one_document_proves_nothing():
    found = compare(table((1, 2, 2)), table((0, 2, 2)))
    assert (found.difference, found.interval, found.p_value) == (50.0, None, None)


def test_both_models_need_the_same_documents():
    with pytest.raises(ValueError, match="2 documents against 1"):
        compare(table((1, 2, 2), (1, 2, 2)), table((0, 2, 2)))


def test_the_table_and_the_interval_of_a_score():
    counts = count_table([Score(1, 2, 3), Score(0, 0, 0)])
    assert counts.tolist() == [[1, 2, 3], [0, 0, 0]]
    assert f1_percent(counts).tolist() == [40.0, 0.0]
    # Drawn with replacement, two documents give F1 of 0, 40 and 40; the ends are the lowest and the highest.
    assert count_interval(counts, f1_percent) == (0.0, 40.0)
    assert count_interval(counts[:1], f1_percent) is None
    assert count_table([]).shape == (0, 3)
