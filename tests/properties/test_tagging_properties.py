import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from khabar.schema import ENTITY_LABELS
from khabar.tagging import TAG_IDS, TAGS, WordSpan, best_tags, spans_to_tags, tags_to_spans


@st.composite
def flat_spans(draw):
    words = draw(st.integers(0, 30))
    edges = sorted(draw(st.sets(st.integers(0, words), max_size=12)))
    spans = []
    for first, last in itertools.pairwise(edges):
        if draw(st.booleans()):
            spans.append(WordSpan(first, last, draw(st.sampled_from(ENTITY_LABELS))))
    return spans, words


def spans_of(tags):
    return tags_to_spans(np.array([TAG_IDS[tag] for tag in tags], dtype=np.int64))


@given(flat_spans())
def test_tags_give_back_the_spans(case):
    spans, words = case
    assert spans_of(spans_to_tags(spans, words)) == spans


@given(st.lists(st.sampled_from(TAGS), max_size=30))
def test_any_tags_give_spans_that_survive_a_round_trip(tags):
    spans = spans_of(tags)
    assert spans_of(spans_to_tags(spans, len(tags))) == spans


@given(arrays(np.float64, st.tuples(st.integers(1, 4), st.just(27)), elements=st.floats(-5, 5)))
def test_decoding_is_valid_and_no_valid_sequence_scores_higher(logits):
    found = best_tags(logits)
    assert spans_to_tags(tags_to_spans(found), len(found)) == [TAGS[i] for i in found]
    # Against a plain search over the most likely tags of each word.
    likely = [[*np.argsort(row)[::-1][:4].tolist(), 0] for row in logits]
    best = max(
        sum(row[tag] for row, tag in zip(logits, path, strict=True))
        for path in itertools.product(*likely)
        if spans_to_tags(tags_to_spans(np.array(path)), len(path)) == [TAGS[i] for i in path]
    )
    assert logits[range(len(found)), found].sum() >= best - 1e-9
