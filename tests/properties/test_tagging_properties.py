import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from khabar.schema import ENTITY_LABELS
from khabar.tagging import TAG_IDS, TAGS, WordSpan, spans_to_tags, tags_to_spans


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
