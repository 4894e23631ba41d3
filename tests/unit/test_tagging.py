import numpy as np
import pytest

from khabar.document import Entity
from khabar.tagging import (
    TAG_IDS,
    TAGS,
    WordSpan,
    spans_to_tags,
    tags_to_spans,
    word_tags,
)


def test_there_are_27_tags_with_outside_first():
    assert len(TAGS) == 27
    assert TAGS[0] == "O"


def test_spans_become_iob2():
    tags = spans_to_tags([WordSpan(0, 1, "TITLE"), WordSpan(1, 3, "PER")], 4)
    assert tags == ["B-TITLE", "B-PER", "I-PER", "O"]


@pytest.mark.parametrize("span", [WordSpan(1, 1, "PER"), WordSpan(2, 5, "PER"), WordSpan(-1, 1, "PER")])
def test_an_impossible_span_is_refused(span):
    with pytest.raises(ValueError, match="outside of 4 words"):
        spans_to_tags([span], 4)


def test_overlapping_spans_are_refused():
    with pytest.raises(ValueError, match="overlaps"):
        spans_to_tags([WordSpan(0, 2, "PER"), WordSpan(1, 3, "ORG")], 4)


def test_an_inside_tag_that_nothing_opened_opens_nothing():
    tags = np.array([TAG_IDS[tag] for tag in ("I-PER", "B-ORG", "I-PER", "I-ORG")])
    assert tags_to_spans(tags) == [WordSpan(1, 2, "ORG")]


def entity(text, surface, label):
    start = text.index(surface)
    return Entity(start, start + len(surface), label, surface)


def test_words_get_the_tags_of_the_names_in_them():
    words = ["زار", "وليد", "الحربي", "وبغداد", "", "أمس"]
    text = " ".join(words)
    entities = [entity(text, "وليد الحربي", "PER"), entity(text, "بغداد", "GPE")]
    assert word_tags(words, entities) == ["O", "B-PER", "I-PER", "B-GPE", "O", "O"]


def test_an_empty_word_inside_a_name_belongs_to_it():
    words = ["الأمم", "", "المتحدة"]
    assert word_tags(words, [Entity(0, 14, "ORG", "الأمم  المتحدة")]) == ["B-ORG", "I-ORG", "I-ORG"]


def test_of_two_names_in_a_word_the_first_counts():
    words = ["بغداد-لندن", "وباريس"]
    text = " ".join(words)
    entities = [entity(text, name, "GPE") for name in ("بغداد", "لندن وباريس"[:4], "باريس")]
    assert word_tags(words, entities) == ["B-GPE", "B-GPE"]
