import numpy as np

from khabar.document import Document
from khabar_training.spelling import careless
from tests.gold import gold_documents


def test_careless_spelling_moves_nothing_and_changes_something():
    changed = 0
    for seed in range(20):
        for document in gold_documents():
            noisy = careless(document, np.random.default_rng(seed))
            assert len(noisy.text) == len(document.text)
            assert noisy.relations == document.relations
            for before, after in zip(document.entities, noisy.entities, strict=True):
                assert (before.start, before.end, before.label) == (after.start, after.end, after.label)
                assert after.text == noisy.text[after.start : after.end]
            changed += noisy.text != document.text
    assert changed > 10


def test_a_ya_inside_a_word_stays_with_harakat_too():
    document = Document("عزيز كِتَابِيَّة")
    for seed in range(20):
        noisy = careless(document, np.random.default_rng(seed)).text
        assert noisy.startswith("عزيز كِتَابِيَّ")
