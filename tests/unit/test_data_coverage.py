import pytest

from khabar.schema import ENTITY_LABELS
from khabar.tagging import TAG_IDS, TAGS
from khabar_data.coverage import ANY_TAG, Coverage, tag_bits

NARROW = Coverage(
    {"PERS": ("PER",), "LOCATION": ("GPE", "LOC"), "MISC": ()}, frozenset({"PER", "GPE", "LOC"})
)


def tags(bits):
    return {tag for tag in TAGS if bits >> TAG_IDS[tag] & 1}


def test_bits_name_tags():
    assert tag_bits([]) == 0
    assert tags(tag_bits(["O", "B-PER", "I-MONEY"])) == {"O", "B-PER", "I-MONEY"}
    assert tags(ANY_TAG) == set(TAGS)


def test_the_whole_schema_leaves_nothing_open():
    full = Coverage.full()
    assert tags(full.outside()) == {"O"}
    for label in ENTITY_LABELS:
        assert tags(full.inside(label, first=True)) == {f"B-{label}"}
        assert tags(full.inside(label, first=False)) == {f"I-{label}"}


def test_outside_a_narrow_set_every_label_it_does_not_cover_is_open():
    open_tags = tags(NARROW.outside())
    assert {"O", "B-DATE", "I-DATE", "B-ORG", "I-TITLE"} <= open_tags
    assert not {f"{prefix}-{label}" for prefix in "BI" for label in NARROW.covers} & open_tags
    assert len(open_tags) == 1 + 2 * (len(ENTITY_LABELS) - 3)


def test_a_label_that_may_be_two():
    assert tags(NARROW.inside("LOCATION", first=True)) == {"B-GPE", "B-LOC"}
    assert tags(NARROW.inside("LOCATION", first=False)) == {"I-GPE", "I-LOC"}


def test_a_label_of_which_nothing_is_known():
    assert NARROW.inside("MISC", first=True) == NARROW.inside("MISC", first=False) == ANY_TAG


def test_a_label_outside_the_map():
    with pytest.raises(KeyError, match="PRODUCT"):
        NARROW.inside("PRODUCT", first=True)


@pytest.mark.parametrize(
    ("labels", "covers", "unknown"),
    [
        ({"PERS": ("PERSON",)}, frozenset(), r"\['PERSON'\]"),
        ({}, frozenset({"CITY"}), r"\['CITY'\]"),
        ({"A": ("B", "PER")}, frozenset({"C", "PER"}), r"\['B', 'C'\]"),
    ],
)
def test_labels_outside_the_schema_are_refused(labels, covers, unknown):
    with pytest.raises(ValueError, match=rf"labels {unknown} are not in the schema: PER, TITLE"):
        Coverage(labels, covers)
