from __future__ import annotations

from khabar_training.seen_names import names_of, seen_recall
from tests.annotated import annotated

TRAINING = [annotated("زار [PER أحمد] [GPE عمّان] ثم [GPE عمان] و[ORG الأردن]")]
GOLD = [
    annotated("عاد [PER احمد] من [GPE عمان] إلى [GPE الأردن]"),
    annotated("عاد [PER ندى] من [GPE عَمان]"),
]
FOUND = [
    annotated("عاد [PER احمد] من عمان إلى [GPE الأردن]"),
    annotated("عاد ندى من [GPE عَمان]"),
]


def test_names_are_folded_and_keep_their_labels():
    assert names_of(TRAINING) == {"احمد": {"PER"}, "عمان": {"GPE"}, "الاردن": {"ORG"}}


def test_recall_of_each_group_by_hand():
    report = seen_recall(GOLD, FOUND, names_of(TRAINING))
    assert report["distinct_names"] == 3
    groups = report["groups"]
    # Seen: احمد and one عمان were found, the other عمان was not.
    assert {key: groups["seen"][key] for key in ("recall", "found", "support")} == {
        "recall": 66.67,
        "found": 2,
        "support": 3,
    }
    assert groups["seen_with_another_label"]["recall"] == 100.0
    assert (groups["unseen"]["found"], groups["unseen"]["support"]) == (0, 1)
    assert groups["seen"]["interval_95"] == (50.0, 100.0)
    assert report["by_label"]["GPE"] == {
        "seen": {"recall": 50.0, "found": 1, "support": 2},
        "seen_with_another_label": {"recall": 100.0, "found": 1, "support": 1},
        "unseen": {"recall": 0.0, "found": 0, "support": 0},
    }
    assert list(report["by_label"]) == ["PER", "GPE"]


def test_recall_is_strict():
    wrong = [annotated("عاد [ORG احمد] [GPE من عمان] إلى الأردن"), FOUND[1]]
    assert seen_recall(GOLD, wrong, names_of(TRAINING))["groups"]["seen"]["found"] == 1


def test_without_training_names_all_is_unseen():
    groups = seen_recall(GOLD, GOLD, {})["groups"]
    assert groups["unseen"]["support"] == 5
    assert groups["seen"] == {"recall": 0.0, "found": 0, "support": 0, "interval_95": None}
