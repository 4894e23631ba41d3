"""A run comes to the same model however its steps are parted: by a kill, into batches, among processes."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch
import yaml
from safetensors.torch import load_file

from khabar_data.jsonl import write_jsonl
from khabar_training.config import ConfigError
from khabar_training.train import train
from khabar_training.train_config import TrainConfig
from tests.gold import gold_documents
from tests.tiny_model import tiny_encoder

ROOT = Path(__file__).resolve().parents[2]
#: Runs a recipe and is killed while it works on a step.
KILLED = """
import os, signal, sys
from khabar_training import train
from khabar_training.objective import JointObjective

calls, original = [0], JointObjective.forward

def forward(self, *arguments, **named):
    calls[0] += self.training
    if calls[0] == int(sys.argv[2]):
        os.kill(os.getpid(), signal.SIGKILL)
    return original(self, *arguments, **named)

JointObjective.forward = forward
train.main([sys.argv[1]])
"""
#: Nothing drawn, so that only the order of sums may differ.
STILL = {"dropout": 0.0, "encoder_dropout": 0.0, "token_dropout": 0.0}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("resuming")
    gold = gold_documents()
    write_jsonl(gold, folder / "gold.jsonl")
    tiny_encoder(folder / "encoder", extra=tuple(document.text for document in gold))
    return folder


def recipe(folder, name, **changes):
    options = {
        "name": name,
        "encoder": str(folder / "encoder"),
        "output": str(folder / name),
        "datasets": [{"path": str(folder / "gold.jsonl")}],
        "development": [str(folder / "gold.jsonl")],
        "epochs": 2,
        "batch_size": 2,
        "quantize": False,
        **changes,
    }
    path = folder / f"{name}.yaml"
    path.write_text(yaml.safe_dump(options), encoding="utf-8")
    return path, TrainConfig.model_validate(options)


def run(*arguments, **environment):
    variables = {**os.environ, "OMP_NUM_THREADS": "1", **environment}
    return subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, env=variables, capture_output=True, text=True, timeout=300
    )


def report(config):
    return json.loads((config.output / "training.json").read_text(encoding="utf-8"))


def weights(config):
    names = ("model.safetensors", "relation_head.safetensors")
    return {
        key: value for name in names for key, value in load_file(config.output / "checkpoint" / name).items()
    }


def assert_same_weights(first, second, tolerance):
    first, second = weights(first), weights(second)
    assert first.keys() == second.keys()
    for name, value in first.items():
        # The bias of an attention's keys changes no score: its gradient is rounding, which Adam makes large.
        loose = 2e-5 if name == "relations.key_value.bias" else 0.0
        assert torch.allclose(value, second[name], atol=max(tolerance, loose)), name


def assert_same_losses(first, second):
    steps, losses = zip(*report(first)["loss"], strict=True)
    again, found = zip(*report(second)["loss"], strict=True)
    assert steps == again
    assert found == pytest.approx(losses, rel=1e-3)


def test_a_run_killed_within_an_epoch_comes_to_the_same_model(folder):
    drawn = {"token_dropout": 0.2, "mention_replacement": 0.5, "spelling_noise": 0.3, "save_steps": 2}
    path, killed = recipe(folder, "killed", **drawn)
    other, whole = recipe(folder, "whole", **drawn)
    # Each in a process of one thread: sums in another order would differ by more than the tolerance.
    process = run("-m", "khabar_training.train", str(other))
    assert process.returncode == 0, process.stderr
    per_epoch = report(whole)["steps"] // 2
    assert per_epoch > 3
    process = run("-c", KILLED, str(path), str(per_epoch + 4))
    assert process.returncode == -signal.SIGKILL, process.stderr
    saved = [path.name for path in (killed.output / "checkpoints").iterdir()]
    assert saved == [f"checkpoint-{per_epoch + 2}"], "the kill is to come behind a checkpoint within an epoch"
    process = run("-m", "khabar_training.train", str(path))
    assert process.returncode == 0, process.stderr
    assert_same_weights(whole, killed, 1e-6)
    for key in ("steps", "development", "history", "thresholds"):
        assert report(whole)[key] == report(killed)[key], key


def test_a_checkpoint_that_was_not_finished_does_not_count(folder):
    _, config = recipe(folder, "torn", **STILL)
    train(config)
    before = weights(config)
    torn = config.output / "checkpoints/checkpoint-99"
    torn.mkdir()
    (torn / "model.safetensors").write_bytes(b"half")
    (torn / "trainer_state.json").write_text('{"epoch": 1.', encoding="utf-8")
    train(config)
    assert all(torch.equal(value, before[name]) for name, value in weights(config).items())


def test_two_accumulated_batches_are_one_of_twice_the_size(folder):
    _, whole = recipe(folder, "one-batch", batch_size=4, **STILL)
    _, parts = recipe(folder, "two-batches", batch_size=2, accumulation=2, **STILL)
    train(whole)
    train(parts)
    assert report(whole)["steps"] == report(parts)["steps"]
    assert_same_weights(whole, parts, 1e-4)
    assert_same_losses(whole, parts)


def test_two_processes_come_to_the_model_of_one(folder):
    options = {"epochs": 4, "patience": 3, "warmup": 0.0, **STILL}
    _, whole = recipe(folder, "one-process", batch_size=4, **options)
    path, parts = recipe(folder, "two-processes", batch_size=2, **options)
    train(whole)
    process = run(
        "-m", "torch.distributed.run", "--nproc-per-node", "2", "-m", "khabar_training.train", str(path)
    )
    assert process.returncode == 0, process.stderr
    assert process.stderr.count("bundle in") == 1, "one process speaks"
    assert_same_weights(whole, parts, 1e-4)
    first, second = report(whole), report(parts)
    assert first["steps"] == second["steps"]
    assert first["best_epoch"] == second["best_epoch"]
    assert_same_losses(whole, parts)
    for key in ("ner_strict", "rel_plus"):
        assert second["development"][key]["f1"] == pytest.approx(first["development"][key]["f1"], abs=1)


def test_a_run_that_gets_no_better_stops_and_keeps_its_best_epoch(folder, monkeypatch):
    scores = iter([(40.0, 10.0), (60.0, 20.0), (70.0, 10.0), (50.0, 10.0), (90.0, 90.0)])
    kept = {}

    def scored(_sizes, model, _tokenizer, _gold):
        kept[len(kept) + 1] = {name: value.clone() for name, value in model.state_dict().items()}
        return dict(zip(("ner_strict", "rel_plus"), next(scores), strict=True))

    monkeypatch.setattr("khabar_training.development.development_row", scored)
    _, config = recipe(folder, "stopped", epochs=9, patience=2)
    train(config)
    assert [row["epoch"] for row in report(config)["history"]] == [1, 2, 3, 4]
    assert report(config)["best_epoch"] == 2
    assert [path.name for path in (config.output / "best").iterdir()] == ["epoch-2.safetensors"]
    train(config)
    assert len(kept) == 4, "a run that has ended by its scores trains no further"
    relations = {f"relations.{name}" for name in ("output.weight", "dense.weight")}
    saved = weights(config)
    assert all(torch.equal(saved[name], kept[2][name]) for name in relations)
    assert not all(torch.equal(saved[name], kept[4][name]) for name in relations)


def test_the_loss_is_in_the_report_and_drawn(folder):
    _, config = recipe(folder, "curve", epochs=1, **STILL)
    train(config)
    steps = [step for step, _ in report(config)["loss"]]
    assert steps == list(range(1, report(config)["steps"] + 1))
    assert (config.output / "loss.svg").read_text(encoding="utf-8").startswith("<svg")


def test_tensorboard_is_asked_for_by_name(folder, monkeypatch):
    monkeypatch.setattr("khabar_training.train.is_tensorboard_available", lambda: False)
    _, config = recipe(folder, "board", tensorboard=True)
    with pytest.raises(ConfigError, match="pip install tensorboard"):
        train(config)
    assert not config.output.exists()
