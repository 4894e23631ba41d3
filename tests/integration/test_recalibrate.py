"""``python -m khabar_training.recalibrate``: a finished run with thresholds and scaling chosen anew."""

import json

import pytest

from khabar.bundle import Bundle
from khabar_data.jsonl import write_jsonl
from khabar_training import recalibrate
from khabar_training.train import train
from khabar_training.train_config import TrainConfig
from tests.gold import gold_documents
from tests.tiny_model import tiny_encoder


@pytest.fixture
def run(tmp_path):
    """The folder of a run that was developed on one document."""
    gold, few = tmp_path / "gold.jsonl", tmp_path / "few.jsonl"
    write_jsonl(gold_documents(), gold)
    write_jsonl(gold_documents()[:1], few)
    train(
        TrainConfig(
            name="trained",
            encoder=str(tiny_encoder(tmp_path / "encoder")),
            output=tmp_path / "run",
            datasets=({"path": gold},),
            development=(few,),
            epochs=6,
            learning_rate=3e-3,
            max_tokens=40,
            overlap=9,
        )
    )
    return tmp_path / "run"


def report(run):
    return json.loads((run / "training.json").read_text(encoding="utf-8"))


def test_other_documents_choose_other_thresholds(run, tmp_path):
    before = report(run)
    assert recalibrate.main([str(run), str(tmp_path / "gold.jsonl")]) == 0
    after = report(run)
    assert after["calibrated_on"] == [str(tmp_path / "gold.jsonl")]
    assert after["config"] == before["config"]
    assert after["development"]["ner_strict"]["support"] > before["development"]["ner_strict"]["support"]
    assert after["scaling"] != before["scaling"]
    decoding = Bundle.open(run / "bundle").manifest.decoding
    assert dict(decoding.thresholds) == after["thresholds"]
    assert decoding.relation_scaling.slope == after["scaling"]["relations"]["slope"]
    assert decoding.relation_scaling.ends == after["scaling"]["relations"]["ends"]


def test_the_documents_of_the_recipe_choose_as_training_did(run):
    before = report(run)
    assert recalibrate.main([str(run)]) == 0
    after = report(run)
    assert {**after, "calibrated_on": None} == {**before, "calibrated_on": None}


def test_a_folder_that_is_no_run_is_one_clear_line(run, tmp_path, capsys):
    before = (run / "training.json").read_bytes()
    assert recalibrate.main([str(tmp_path / "nowhere")]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert recalibrate.main([str(run), str(tmp_path / "missing.jsonl")]) == 2
    assert "missing.jsonl" in capsys.readouterr().err
    assert (run / "training.json").read_bytes() == before
