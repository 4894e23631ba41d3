import numpy as np

from khabar.calibration import UNSCALED, PlattScaling
from khabar.candidates import candidate_pairs
from khabar.decoding import TaggedWords, decode_entities, decode_relations
from khabar.probabilities import softmax
from khabar.schema import RELATION_LABELS
from khabar.tagging import TAG_IDS


def tagged(text, tags, letters=None, sentence=None):
    words, position = [], 0
    for word in text.split():
        start = text.index(word, position)
        position = start + len(word)
        words.append((start, position))
    logits = np.zeros((len(words), 27), dtype=np.float32)
    logits[range(len(words)), [TAG_IDS[tag] for tag in tags]] = 9
    proclitic = np.zeros((len(words), 4), dtype=np.float32)
    proclitic[range(len(words)), letters or [0] * len(words)] = 9
    starts, ends = np.array(words).T
    return TaggedWords(starts, ends, np.array(sentence or [0] * len(words)), logits, proclitic)


def test_entities_leave_their_proclitics_outside():
    text = "وصل كيري وبواشنطن"
    found = decode_entities(text, tagged(text, ["O", "B-PER", "B-GPE"], [0, 0, 2]))
    assert [item.entity.text for item in found] == ["كيري", "واشنطن"]
    assert all(0 < item.entity.score <= 1 for item in found)


def test_an_entity_ends_with_its_sentence():
    text = "القاهرة الكبرى"
    found = decode_entities(text, tagged(text, ["B-GPE", "I-GPE"], sentence=[0, 1]))
    assert [item.entity.text for item in found] == ["القاهرة"]


def test_no_words_give_no_entities():
    empty = np.zeros(0, dtype=np.int64)
    assert decode_entities("", TaggedWords(empty, empty, empty, np.zeros((0, 27)), np.zeros((0, 4)))) == []


def test_pairs_are_typed_and_stay_in_their_sentence():
    heads, tails, allowed = candidate_pairs(["PER", "TITLE", "DATE", "PER"], [0, 0, 0, 1])
    pairs = {
        (int(h), int(t)): [label for label, ok in zip(RELATION_LABELS, row, strict=True) if ok]
        for h, t, row in zip(heads, tails, allowed, strict=True)
    }
    assert "HOLDS_TITLE" in pairs[0, 1]
    assert "HAS_DATE" in pairs[0, 2]
    assert all(3 not in pair for pair in pairs)


def test_a_symmetric_relation_is_a_candidate_in_one_order_only():
    heads, _, allowed = candidate_pairs(["GPE", "GPE"], [0, 0])
    meets = RELATION_LABELS.index("MEETS_WITH")
    assert allowed[:, meets].tolist() == [True, False]
    assert heads.tolist() == [0, 1]


def test_a_symmetric_relation_is_written_in_the_order_the_schema_allows():
    labels = ["FAC", "ORG"]
    pairs = candidate_pairs(labels, [0, 0])
    conflicts = RELATION_LABELS.index("CONFLICTS_WITH")
    logits = np.full((len(pairs[0]), 14), -9.0)
    logits[:, conflicts] = 9
    assert [
        found[:3] for found in decode_relations(labels, np.zeros(2), pairs, logits, np.full(14, 0.5))
    ] == [(1, 0, "CONFLICTS_WITH")]


def test_thresholds_are_one_a_relation():
    labels = ["PER", "TITLE"]
    pairs = candidate_pairs(labels, [0, 0])
    logits = np.zeros((len(pairs[0]), 14))
    thresholds = np.array([0.4 if label == "HOLDS_TITLE" else 0.6 for label in RELATION_LABELS])
    assert decode_relations(labels, np.zeros(2), pairs, logits, thresholds) == [(0, 1, "HOLDS_TITLE", 0.5)]


def test_a_relation_between_doubtful_entities_scores_less():
    pairs = candidate_pairs(["PER", "TITLE"], [0, 0])
    logits, scaling = np.zeros((len(pairs[0]), 14)), PlattScaling(1.0, 0.0, 2.0)
    scores = []
    for certainties in ([0.0, 0.0], [np.log(0.5), 0.0], [0.0, np.log(0.5)], [np.log(0.5), np.log(0.25)]):
        found = decode_relations(
            ["PER", "TITLE"], np.array(certainties), pairs, logits, np.zeros(14), scaling
        )
        scores.append({label: score for _, _, label, score in found}["HOLDS_TITLE"])
    # Odds of one, times the square of what both ends are worth.
    assert scores == [0.5, 0.2, 0.2, round((1 / 64) / (1 + 1 / 64), 4)]


def test_probabilities_do_not_overflow():
    assert UNSCALED.of_log_odds(np.array([-1e4, 0.0, 1e4])).tolist() == [0.0, 0.5, 1.0]
    assert np.allclose(softmax(np.array([[1e4, 0.0]])), [[1.0, 0.0]])


def test_separators_that_pass_as_letters_stay_outside_of_a_name():
    text = "زار \x1cبغداد\x1f و\x1d"
    words = TaggedWords(
        np.array([0, 4, 12]),
        np.array([3, 11, 14]),
        np.zeros(3, dtype=int),
        9 * np.eye(27)[[0, TAG_IDS["B-GPE"], TAG_IDS["B-GPE"]]],
        9 * np.eye(4)[[0, 0, 1]],
    )
    # The second name is nothing but a separator behind its proclitic.
    found = decode_entities(text, words)
    assert [(item.entity.text, item.entity.start) for item in found] == [("بغداد", 5)]
