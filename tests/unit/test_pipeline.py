"""What the pipeline asks of a model, watched through one that finds a person in every word."""

import tracemalloc

import numpy as np
import pytest
from tokenizers import Tokenizer

from khabar.bundle import DecodingOptions
from khabar.pipeline import Pipeline
from khabar.schema import RELATION_LABELS
from khabar.tagging import TAG_IDS
from khabar.tokenization import WordTokenizer
from tests.tiny_model import tiny_tokenizer

MAX_TOKENS = 60


class EverybodySession:
    """Every word is a person, and nobody is related to anybody."""

    def __init__(self):
        self.windows, self.pairs = [], []

    def encode(self, ids):
        self.windows.append(len(ids))
        logits = np.zeros((len(ids), 27), dtype=np.float32)
        logits[:, TAG_IDS["B-PER"]] = 9
        return logits, np.zeros((len(ids), 4), dtype=np.float32), np.zeros((len(ids), 4), dtype=np.float32)

    def relate(self, hidden, spans, pairs):
        assert spans[1].max() < len(hidden)
        assert max(pairs[0].max(), pairs[1].max()) < len(spans[0])
        self.pairs.append(len(pairs[0]))
        return np.full((len(pairs[0]), 14), -9, dtype=np.float32)


@pytest.fixture
def session():
    return EverybodySession()


@pytest.fixture
def pipeline(session):
    tokenizer = WordTokenizer(Tokenizer.from_str(tiny_tokenizer().backend_tokenizer.to_str()))
    options = DecodingOptions(MAX_TOKENS, 16, dict.fromkeys(RELATION_LABELS, 0.5))
    return Pipeline(tokenizer, session, options)


def test_pairs_are_those_of_one_window_however_long_the_sentence_is(pipeline, session):
    tracemalloc.start()
    document = pipeline.tag(" ".join(["وزير"] * 3_000), None, threads=1)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(document.entities) == 3_000
    assert len(session.pairs) == len(session.windows) > 50
    assert max(session.pairs) <= MAX_TOKENS**2
    assert peak < 60_000_000


def test_pairs_never_leave_their_sentence(pipeline, session):
    pipeline.tag("وزير مصر. لندن بغداد سالم.\nوزير", None, threads=1)
    # Two people and three, the full stops are people here too; two people stand in symmetric relations
    # alone, which are asked for in one order.
    assert session.pairs == [3 + 6]


def test_a_window_with_one_entity_asks_for_no_pairs(pipeline, session):
    assert len(pipeline.tag("وزير\nمصر\nلندن", None, threads=1).entities) == 3
    assert len(session.windows) == 3
    assert session.pairs == []
