from khabar.document import Document, Entity, Relation
from khabar.schema import RELATION_LABELS
from khabar_training.thresholds import DEFAULT_THRESHOLD, choose_thresholds

TEXT = "وليد ببغداد"
ENTITIES = (Entity(0, 4, "PER", "وليد"), Entity(6, 11, "GPE", "بغداد"))


def documents(label, right, wrong):
    """Gold and predicted documents of one pair each, with the scores of right and of wrong predictions."""
    scored = [(score, True) for score in right] + [(score, False) for score in wrong]
    gold = [Document(TEXT, ENTITIES, (Relation(0, 1, label),) if good else ()) for _, good in scored]
    predicted = [Document(TEXT, ENTITIES, (Relation(0, 1, label, score),)) for score, _ in scored]
    return gold, predicted


def test_a_frequent_relation_has_a_threshold_of_its_own():
    first = documents("PRESENT_AT", right=[0.3] * 600, wrong=[0.2] * 200)
    second = documents("AFFILIATED_WITH", right=[0.8] * 600, wrong=[0.6] * 600)
    chosen = choose_thresholds(first[0] + second[0], first[1] + second[1])
    assert 0.2 < chosen["PRESENT_AT"] <= 0.3
    assert 0.6 < chosen["AFFILIATED_WITH"] <= 0.8


def test_a_rare_relation_follows_all_of_them():
    many = documents("AFFILIATED_WITH", right=[0.8] * 600, wrong=[0.6] * 600)
    # One lucky hit at 0.1 would ask for the lowest threshold.
    one = documents("PRESENT_AT", right=[0.1], wrong=[])
    chosen = choose_thresholds(many[0] + one[0], many[1] + one[1])
    assert chosen["PRESENT_AT"] == chosen["AFFILIATED_WITH"] == chosen["HAS_DATE"]
    assert 0.6 < chosen["PRESENT_AT"] <= 0.8


def test_without_any_relation_the_default_stays():
    gold = [Document(TEXT, ENTITIES)]
    assert choose_thresholds(gold, gold) == dict.fromkeys(RELATION_LABELS, DEFAULT_THRESHOLD)
