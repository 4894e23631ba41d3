import numpy as np
import pytest

from khabar.repeated_words import share_between_equal_words
from khabar.tagging import TAG_IDS, TAGS


def logits(*tags, sure=6.0):
    rows = np.zeros((len(tags), len(TAGS)), dtype=np.float32)
    rows[range(len(tags)), [TAG_IDS[tag] for tag in tags]] = sure
    return rows


def best(words, *rows):
    return [TAGS[i] for i in share_between_equal_words(np.concatenate(rows), words.split()).argmax(axis=1)]


@pytest.mark.parametrize(
    "words",
    [
        "سواريز قال سواريز",
        "سواريز قال وسواريز",
        "سوّاريز قال لسواريز",
        "أسواريز قال بٱسواريز",
        "السواريز قال للسواريز",
    ],
)
def test_a_doubtful_word_follows_a_sure_one(words):
    sure, doubtful = logits("B-PER", "O"), logits("O", sure=0.5)
    assert best(words, sure, doubtful) == ["B-PER", "O", "B-PER"]
    assert best(words.split()[-1], doubtful) == ["O"]


def test_a_sure_word_stays_what_it_is():
    assert best("القدس في القدس", logits("B-GPE", "O"), logits("O", sure=9)) == ["B-GPE", "O", "O"]


def test_only_the_label_is_shared():
    rows = logits("B-PER", "O"), logits("I-PER", sure=1.5)
    assert best("سواريز قال سواريز", *rows) == ["B-PER", "O", "I-PER"]


@pytest.mark.parametrize("words", ["سواريز قال سوار", "من قال من", "2021 قال 2021", "وسواريز قال بسواريز"])
def test_other_words_particles_and_numbers_are_left_alone(words):
    before = np.concatenate([logits("B-PER", "O"), logits("O", sure=0.5)])
    assert share_between_equal_words(before, words.split()) is before


def test_the_logits_that_came_in_are_not_changed():
    before = np.concatenate([logits("B-PER"), logits("O", sure=0.5)])
    kept = before.copy()
    share_between_equal_words(before, ["سواريز", "سواريز"])
    assert (before == kept).all()


def test_no_words_are_no_trouble():
    assert share_between_equal_words(np.zeros((0, len(TAGS)), dtype=np.float32), []).shape == (0, len(TAGS))
