import json
import logging

import onnx
import pytest
import torch
import yaml
from transformers import AutoModelForTokenClassification

from khabar.bundle import MODEL, QUANTIZED_MODEL, RELATION_HEAD
from khabar.modeling import JointModel
from khabar.tagger import Tagger
from khabar_data.jsonl import write_jsonl
from khabar_data.metrics import evaluate
from khabar_training import evaluate as evaluate_command
from khabar_training import train as train_command
from khabar_training.config import ConfigError, load_config
from khabar_training.export import copy_embedded
from khabar_training.fused_graph import can_fuse, fused_graph
from khabar_training.objective import JointObjective
from khabar_training.parity import PARITY, ExportError, check_parity
from khabar_training.train import train
from khabar_training.train_config import TrainConfig
from tests.gold import gold_documents
from tests.tiny_model import tiny_checkpoint, tiny_encoder


@pytest.fixture(scope="module")
def overfit(tmp_path_factory):
    """A run that learns eight sentences by heart."""
    folder = tmp_path_factory.mktemp("overfit")
    gold = gold_documents()
    write_jsonl(gold, folder / "gold.jsonl")
    encoder = tiny_encoder(folder / "encoder", extra=tuple(document.text for document in gold))
    config = TrainConfig(
        name="overfit",
        encoder=str(encoder),
        output=folder / "run",
        datasets=({"path": folder / "gold.jsonl"},),
        development=(folder / "gold.jsonl",),
        epochs=140,
        batch_size=4,
        learning_rate=3e-3,
        head_learning_rate=3e-3,
        dropout=0.0,
        token_dropout=0.0,
        max_tokens=48,
        overlap=8,
        evaluate_epochs=140,
    )
    train(config)
    return folder


@pytest.mark.parametrize("quantized", [False, True])
def test_eight_sentences_are_learnt_to_the_letter(overfit, quantized):
    gold = gold_documents()
    tagger = Tagger.from_pretrained(overfit / "run/bundle", quantized=quantized)
    scores = evaluate(gold, tagger.predict_batch([document.text for document in gold]))
    assert scores.entities.micro().f1 == 1.0
    assert scores.relations_strict.micro().f1 == 1.0


def test_a_checkpoint_as_encoder_goes_on_with_its_heads(overfit, tmp_path):
    first = JointModel.load(overfit / "run/checkpoint")
    second = JointModel.from_encoder(overfit / "run/checkpoint", dropout=0.5)
    assert second.config.dropout == 0.5
    for name, value in first.state_dict().items():
        assert torch.equal(second.state_dict()[name], value), name
    fresh = JointModel.from_encoder(overfit / "encoder")
    assert not torch.equal(fresh.relations.dense.weight, first.relations.dense.weight)


def test_stock_transformers_loads_the_entity_part(overfit, caplog, monkeypatch):
    # Outside of CI the library keeps its log to itself.
    monkeypatch.setattr(logging.getLogger("transformers"), "propagate", True)
    with caplog.at_level(logging.WARNING, logger="transformers"):
        model, info = AutoModelForTokenClassification.from_pretrained(
            overfit / "run/checkpoint", output_loading_info=True
        )
    assert not info["missing_keys"]
    assert not info["unexpected_keys"]
    assert not caplog.records
    assert model.config.id2label[1] == "B-PER"


def test_the_joint_model_loads_what_it_saved(overfit, tmp_path):
    model = JointModel.load(overfit / "run/checkpoint")
    model.save(tmp_path / "again")
    first, second = (
        (folder / "relation_head.safetensors").read_bytes()
        for folder in (overfit / "run/checkpoint", tmp_path / "again")
    )
    assert first == second


def test_the_run_leaves_a_report(overfit):
    report = json.loads((overfit / "run/training.json").read_text(encoding="utf-8"))
    assert report["development"]["ner_strict"]["f1"] == 100.0
    assert set(report["thresholds"]) >= {"HOLDS_TITLE", "HAS_DATE"}
    assert report["history"][-1]["epoch"] == 140


def test_evaluate_scores_a_bundle(overfit, capsys, tmp_path):
    arguments = ["--model", str(overfit / "run/bundle"), str(overfit / "gold.jsonl")]
    assert evaluate_command.main([*arguments, "--output", str(tmp_path / "report.json")]) == 0
    assert "NER strict        P 100.00  R 100.00  F1 100.00  95 % 100.0-100.0" in capsys.readouterr().out
    report = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert report["word_level_f1"] == {"strict_iob2": 100.0, "lenient": 100.0}
    assert report["rel_plus"]["support"] == sum(len(document.relations) for document in gold_documents())


def test_training_does_not_start_on_broken_data(tmp_path, capsys):
    encoder = tiny_encoder(tmp_path / "encoder")
    broken = tmp_path / "broken.jsonl"
    broken.write_text(
        '{"text": "نص"}\n{"text": "نص", "entities": [{"start": 0, "end": 9, "label": "PER"}]}\n'
    )
    config = {
        "name": "x",
        "encoder": str(encoder),
        "output": str(tmp_path / "run"),
        "datasets": [{"path": str(broken)}],
        "development": [str(broken)],
    }
    (tmp_path / "x.yaml").write_text(yaml.safe_dump(config))
    assert train_command.main([str(tmp_path / "x.yaml")]) == 2
    error = capsys.readouterr().err
    assert "broken.jsonl:2: field 'entities[0]': span [0, 9) is not inside the text" in error
    assert not (tmp_path / "run").exists()


def test_data_that_breaks_the_schema_is_refused(tmp_path, capsys):
    encoder = tiny_encoder(tmp_path / "encoder")
    path = tmp_path / "wrong.jsonl"
    path.write_text('{"id": "a", "text": "نص", "entities": [{"start": 0, "end": 2, "label": "PERSON"}]}\n')
    config = {
        "name": "x",
        "encoder": str(encoder),
        "output": str(tmp_path / "run"),
        "datasets": [{"path": str(path)}],
        "development": [str(path)],
    }
    (tmp_path / "x.yaml").write_text(yaml.safe_dump(config))
    assert train_command.main([str(tmp_path / "x.yaml")]) == 2
    assert "unknown label 'PERSON'" in capsys.readouterr().err


def test_a_run_that_was_stopped_goes_on(tmp_path, monkeypatch):
    steps = count_steps(monkeypatch)
    gold = gold_documents()
    write_jsonl(gold, tmp_path / "gold.jsonl")
    encoder = tiny_encoder(tmp_path / "encoder")
    options = {
        "name": "resumed",
        "encoder": str(encoder),
        "datasets": ({"path": tmp_path / "gold.jsonl"},),
        "development": (tmp_path / "gold.jsonl",),
        "batch_size": 4,
        "epochs": 4,
        "quantize": False,
    }
    train(TrainConfig(output=tmp_path / "whole", **options))
    train(TrainConfig(output=tmp_path / "parts", **{**options, "max_steps": 4}))
    assert steps == [8 + 4]
    train(TrainConfig(output=tmp_path / "parts", **options))
    assert steps == [8 + 4 + 4], "the second part begins where the first one stopped"
    reports = [
        json.loads((tmp_path / name / "training.json").read_text(encoding="utf-8"))
        for name in ("whole", "parts")
    ]
    assert [report["steps"] for report in reports] == [8, 8]
    assert [[row["epoch"] for row in report["history"]] for report in reports] == [[1, 2, 3, 4]] * 2


def count_steps(monkeypatch):
    """Count forward passes of the objective while it trains, without changing what they do."""
    steps, original = [0], JointObjective.forward

    def counted(self, *arguments, **named):
        steps[0] += self.training
        return original(self, *arguments, **named)

    monkeypatch.setattr(JointObjective, "forward", counted)
    return steps


def test_a_folder_of_another_recipe_is_refused(overfit):
    config = TrainConfig.model_validate_json((overfit / "run/recipe.json").read_text(encoding="utf-8"))
    with pytest.raises(ConfigError, match="holds a run of another recipe"):
        train(config.model_copy(update={"epochs": 3}))


def test_a_graph_that_differs_from_the_model_is_refused(overfit):
    model = JointModel.load(overfit / "run/checkpoint")
    graphs = [overfit / "run/bundle" / name for name in (MODEL, RELATION_HEAD)]
    assert check_parity(model, *graphs) <= PARITY
    for wrong in (1.0, float("nan")):
        with torch.no_grad():
            model.proclitic.bias += wrong
        with pytest.raises(ExportError, match="differs from the model"):
            check_parity(model, *graphs)


def test_an_embedded_bundle_that_is_too_large_leaves_the_old_one(overfit, tmp_path):
    size = copy_embedded(overfit / "run/bundle", tmp_path / "default", 25_000_000)
    before = sorted(tmp_path.joinpath("default").rglob("*"))
    with pytest.raises(ExportError, match=f"{size} bytes, more than 1000"):
        copy_embedded(overfit / "run/bundle", tmp_path / "default", 1000)
    assert sorted(tmp_path.joinpath("default").rglob("*")) == before
    assert Tagger.from_pretrained(tmp_path / "default").predict("زار سامي القاهرة").text


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"encoder": "nowhere/at-all"}, "encoder: nowhere/at-all: neither a folder nor a Hub model"),
        (
            {"datasets": [{"path": "a.jsonl", "labels": {"LOC": ["PLACE"]}, "covers": ["PER"]}]},
            "a.jsonl: in 'labels' or 'covers': labels ['PLACE'] are not in the schema",
        ),
        (
            {"datasets": [{"path": "a.jsonl", "labels": {"LOC": []}, "covers": ["PER"], "skip": "no.json"}]},
            "no.json: expected a JSON list of sentence numbers",
        ),
    ],
)
def test_a_wrong_recipe_is_one_clear_line(tmp_path, monkeypatch, capsys, change, message):
    monkeypatch.chdir(tmp_path)
    write_jsonl(gold_documents(), tmp_path / "a.jsonl")
    encoder = tiny_encoder(tmp_path / "encoder")
    config = {"name": "x", "encoder": str(encoder), "output": "run", "datasets": [{"path": "a.jsonl"}]}
    (tmp_path / "x.yaml").write_text(yaml.safe_dump({**config, "development": ["a.jsonl"], **change}))
    assert train_command.main(["x.yaml"]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert "Traceback" not in error


def test_every_recipe_is_read(request):
    root = request.config.rootpath
    names = sorted(path.name for path in (root / "configs").glob("*.yaml"))
    assert "default.yaml" in names
    for name in names:
        if not name.startswith(("encoder", "adapt", "anercorp", "distill")):
            assert load_config(root / "configs" / name, TrainConfig).name


def test_the_int8_graph_of_our_encoder_is_a_fused_one_that_says_what_the_model_says(overfit, tmp_path):
    assert {node.domain for node in onnx.load(overfit / "run/bundle" / QUANTIZED_MODEL).graph.node} >= {
        "com.microsoft"
    }
    model = JointModel.load(overfit / "run/checkpoint")
    onnx.save(fused_graph(model), tmp_path / "fused.onnx")
    assert check_parity(model, tmp_path / "fused.onnx", overfit / "run/bundle" / RELATION_HEAD) <= PARITY


def test_another_encoder_has_no_fused_graph(tmp_path):
    model = JointModel.load(tiny_checkpoint(tmp_path / "bert", "bert"))
    assert not can_fuse(model)
    with pytest.raises(ValueError, match="bert: no fused graph"):
        fused_graph(model)
