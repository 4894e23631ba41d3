"""Transitions fitted on real sequences, from a model's logits to the manifest."""

import json
from dataclasses import replace

import numpy as np
import pytest

from khabar.bundle import Bundle, BundleError, Manifest
from khabar.document import Document, Entity
from khabar.modeling import JointModel
from khabar.pipeline import Pipeline
from khabar.tag_path import best_path, transition_matrix
from khabar.tagging import TAG_IDS, TAGS
from khabar_data.jsonl import write_jsonl
from khabar_training import transition_report
from khabar_training.encoder_tokenizer import load_tokenizer, word_tokenizer
from khabar_training.torch_session import TorchSession
from khabar_training.transitions import TaggedSentence, fit_transitions, tagged_sentences
from tests.annotated import annotated
from tests.tiny_model import SENTENCES, tiny_checkpoint, tiny_options

TITLE, INSIDE, BODY = (TAG_IDS[tag] for tag in ("B-TITLE", "I-TITLE", "B-ORG"))


def test_sentences_carry_the_gold_tags_of_their_words(tmp_path):
    model = JointModel.load(tiny_checkpoint(tmp_path / "tiny"))
    tokenizer = word_tokenizer(load_tokenizer(str(tmp_path / "tiny"), None))
    text = f"{SENTENCES[0]} {SENTENCES[1]}"
    entities = [
        Entity(text.index(name), text.index(name) + len(name), label, name)
        for name, label in (("سامي عزيز", "PER"), ("القاهرة", "GPE"), ("البيشمركة", "ORG"))
    ]
    pipeline = Pipeline(tokenizer, TorchSession(model), tiny_options())
    sentences = tagged_sentences(pipeline, [Document(text, tuple(entities))])
    assert [[TAGS[tag] for tag in s.tags if tag] for s in sentences] == [
        ["B-PER", "I-PER", "B-GPE"],
        ["B-ORG"],
    ]
    assert [s.logits.shape for s in sentences] == [(len(s.tags), 27) for s in sentences]


def undecided(random):
    """Sentences of an office of two words, whose second word the logits take for a body a little rather."""
    sentences = []
    for _ in range(300):
        logits = random.normal(scale=0.3, size=(4, 27)).astype(np.float32)
        tags = np.array([0, TITLE, INSIDE, 0])
        logits[range(4), tags] += 3.0
        logits[2, BODY] += 3.5
        sentences.append(TaggedSentence(logits, tags))
    return sentences


def test_what_the_logits_leave_open_is_learnt_from_the_tags():
    random = np.random.default_rng(3)
    transitions = fit_transitions(undecided(random))
    matrix = transition_matrix(transitions)
    assert transitions["B-TITLE I-TITLE"] > transitions.get("B-TITLE B-ORG", 0.0)
    unseen = undecided(random)
    right = {
        name: np.mean([(best_path(s.logits, transitions=m) == s.tags).all() for s in unseen])
        for name, m in (("plain", None), ("fitted", matrix))
    }
    assert right["plain"] < 0.4
    assert right["fitted"] > 0.9


def test_the_penalty_keeps_transitions_small():
    sentences = undecided(np.random.default_rng(3))
    strong, weak = (fit_transitions(sentences, penalty) for penalty in (1e4, 1.0))
    assert max(map(abs, strong.values()), default=0.0) < max(map(abs, weak.values()))


def test_nothing_is_learnt_from_nothing():
    assert fit_transitions([]) == {}


def test_a_step_that_is_never_valid_gets_no_score():
    transitions = fit_transitions(undecided(np.random.default_rng(3)))
    assert "O I-TITLE" not in transitions
    assert "B-ORG I-TITLE" not in transitions


def manifest_with(folder, transitions):
    options = replace(tiny_options(), transitions=transitions)
    (folder / "manifest.json").write_text(Manifest("tiny", options, {}).to_json(), encoding="utf-8")
    return folder


def test_the_manifest_keeps_them(tmp_path):
    transitions = {"B-TITLE I-TITLE": 0.5, "O B-PER": -0.25}
    assert Bundle.open(manifest_with(tmp_path, transitions)).manifest.decoding.transitions == transitions


def test_a_manifest_without_them_adds_nothing(tmp_path):
    path = manifest_with(tmp_path, {}) / "manifest.json"
    record = json.loads(path.read_text(encoding="utf-8"))
    del record["decoding"]["transitions"]
    path.write_text(json.dumps(record), encoding="utf-8")
    assert Bundle.open(tmp_path).manifest.decoding.transitions == {}


@pytest.mark.parametrize(
    "transitions",
    [{"B-TITLE I-NOTHING": 0.5}, {"B-TITLE": 0.5}, {"O B-PER": 11.0}, {"O B-PER": float("nan")}],
)
def test_a_manifest_with_impossible_ones_is_refused(tmp_path, transitions):
    with pytest.raises(BundleError, match=r"manifest\.json: .*transition"):
        Bundle.open(manifest_with(tmp_path, transitions))


def corpus_file(path, *texts):
    write_jsonl([annotated(text) for text in texts], path)
    return str(path)


def test_each_file_is_scored_by_what_the_others_taught(tiny_bundle, tmp_path):
    files = [
        corpus_file(tmp_path / "a.jsonl", "زار [1:PER سامي عزيز] [2:GPE بغداد]\n> 1 PRESENT_AT 2"),
        corpus_file(tmp_path / "b.jsonl", "قالت [ORG وزارة الدفاع] إن [GPE القاهرة] بعيدة"),
    ]
    report = tmp_path / "report.json"
    assert transition_report.main([str(tiny_bundle), *files, "--output", str(report)]) == 0
    rows = json.loads(report.read_text(encoding="utf-8"))["held_out"]
    assert [row["penalty"] for row in rows] == [None, *transition_report.PENALTIES]
    assert all(set(row["scores"]) == set(files) for row in rows)


def test_one_file_leaves_nothing_to_fit_on(tiny_bundle, tmp_path, capsys):
    file = corpus_file(tmp_path / "a.jsonl", "زار [PER سامي عزيز] المدينة")
    with pytest.raises(SystemExit):
        transition_report.main([str(tiny_bundle), file, "--output", str(tmp_path / "report.json")])
    assert "two files or more" in capsys.readouterr().err


def test_a_folder_that_is_no_bundle_is_one_clear_line(tmp_path, capsys):
    files = [corpus_file(tmp_path / name, "زار [PER سامي عزيز] المدينة") for name in ("a.jsonl", "b.jsonl")]
    assert transition_report.main([str(tmp_path), *files, "--output", str(tmp_path / "report.json")]) == 2
    assert "manifest.json" in capsys.readouterr().err
