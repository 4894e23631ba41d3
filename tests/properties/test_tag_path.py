import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from khabar.tag_path import best_path, transition_matrix, valid_steps
from khabar.tagging import TAG_IDS, TAGS, spans_to_tags, tags_to_spans

SMALL = ("O", "B-X", "I-X", "B-Y", "I-Y")


def test_a_valid_greedy_sequence_is_kept():
    logits = np.zeros((3, 27))
    wanted = [TAG_IDS["B-GPE"], TAG_IDS["I-GPE"], TAG_IDS["O"]]
    logits[range(3), wanted] = 5
    assert best_path(logits).tolist() == wanted


def test_the_better_of_two_repairs_wins():
    # Greedy says O I-PER: either the first word opens the person or the second is outside.
    logits = np.zeros((2, 27))
    logits[0, TAG_IDS["O"]], logits[0, TAG_IDS["B-PER"]] = 2.0, 1.5
    logits[1, TAG_IDS["I-PER"]], logits[1, TAG_IDS["O"]] = 3.0, 0.0
    assert [TAGS[i] for i in best_path(logits)] == ["B-PER", "I-PER"]


def test_no_words_no_tags():
    assert best_path(np.zeros((0, 27))).tolist() == []


def test_the_tags_of_another_scheme():
    logits = np.array([[0, 1, 5], [0, 3, 4]], dtype=float)
    assert best_path(logits, tags=("O", "B-X", "I-X")).tolist() == [1, 2]


def test_runs_are_tagged_as_each_alone():
    random = np.random.default_rng(5)
    for _ in range(200):
        sizes = random.integers(1, 6, random.integers(1, 5))
        logits = random.normal(size=(int(sizes.sum()), 27)) * 3
        breaks = np.cumsum(sizes)[:-1]
        alone = np.concatenate([best_path(part) for part in np.split(logits, breaks)])
        assert best_path(logits, breaks).tolist() == alone.tolist()


@given(arrays(np.float64, st.tuples(st.integers(1, 4), st.just(27)), elements=st.floats(-5, 5)))
def test_decoding_is_valid_and_no_valid_sequence_scores_higher(logits):
    found = best_path(logits)
    assert spans_to_tags(tags_to_spans(found), len(found)) == [TAGS[i] for i in found]
    # Against a plain search over the most likely tags of each word.
    likely = [[*np.argsort(row)[::-1][:4].tolist(), 0] for row in logits]
    best = max(
        sum(row[tag] for row, tag in zip(logits, path, strict=True))
        for path in itertools.product(*likely)
        if spans_to_tags(tags_to_spans(np.array(path)), len(path)) == [TAGS[i] for i in path]
    )
    assert logits[range(len(found)), found].sum() >= best - 1e-9


def score(logits, path, transitions):
    """Of a whole sequence, «O» before and behind it."""
    framed = [0, *path, 0]
    steps = sum(transitions[a, b] for a, b in itertools.pairwise(framed))
    return sum(row[tag] for row, tag in zip(logits, path, strict=True)) + steps


@given(
    arrays(np.float64, st.tuples(st.integers(1, 5), st.just(5)), elements=st.floats(-3, 3)),
    arrays(np.float64, (5, 5), elements=st.floats(-2, 2)),
)
def test_no_valid_sequence_scores_higher_with_transitions(logits, transitions):
    found = best_path(logits, transitions=transitions, tags=SMALL)
    valid = valid_steps(SMALL)
    paths = [
        path
        for path in itertools.product(range(5), repeat=len(logits))
        if all(valid[a, b] for a, b in itertools.pairwise([0, *path]))
    ]
    assert tuple(found.tolist()) in paths
    assert score(logits, found, transitions) >= max(score(logits, p, transitions) for p in paths) - 1e-9


def test_runs_with_transitions_are_tagged_as_each_alone():
    random = np.random.default_rng(7)
    for _ in range(100):
        sizes = random.integers(1, 9, random.integers(1, 6))
        # Some words are sure of their tag and part the search.
        logits = random.normal(size=(int(sizes.sum()), 27)) * random.choice([1.0, 9.0], (int(sizes.sum()), 1))
        transitions = random.normal(size=(27, 27))
        breaks = np.cumsum(sizes)[:-1]
        alone = [best_path(part, transitions=transitions) for part in np.split(logits, breaks)]
        assert best_path(logits, breaks, transitions).tolist() == np.concatenate(alone).tolist()


def test_a_transition_moves_a_word_that_is_unsure_and_leaves_a_sure_one():
    logits = np.zeros((2, 27))
    logits[0, TAG_IDS["B-TITLE"]] = 20.0
    logits[1, TAG_IDS["B-ORG"]], logits[1, TAG_IDS["I-TITLE"]] = 1.0, 0.5
    goes_on = transition_matrix({"B-TITLE I-TITLE": 0.8})
    assert [TAGS[i] for i in best_path(logits)] == ["B-TITLE", "B-ORG"]
    assert [TAGS[i] for i in best_path(logits, transitions=goes_on)] == ["B-TITLE", "I-TITLE"]
    logits[1, TAG_IDS["B-ORG"]] = 9.0
    assert [TAGS[i] for i in best_path(logits, transitions=goes_on)] == ["B-TITLE", "B-ORG"]


def test_no_transitions_are_no_matrix_and_an_unknown_tag_is_refused():
    assert transition_matrix({}) is None
    with pytest.raises(KeyError):
        transition_matrix({"B-TITLE I-NOTHING": 1.0})
