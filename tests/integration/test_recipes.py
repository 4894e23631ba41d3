"""Every YAML starts a step: the shipped recipes on a tiny encoder, over the data that they name."""

import lzma
from pathlib import Path

import pytest

from khabar_data.jsonl import write_jsonl
from khabar_training.config import (
    DataSet,
    PretrainConfig,
    TextSource,
    TrainConfig,
    WordTaggingConfig,
    load_config,
)
from khabar_training.pretrain import Pretraining, prepare_sequences, prepare_vocabulary
from khabar_training.train import train
from tests.gold import gold_documents
from tests.tiny_model import SENTENCES, tiny_encoder

CONFIGS = Path(__file__).resolve().parents[2] / "configs"
RECIPES = sorted(
    path for path in CONFIGS.glob("*.yaml") if not path.name.startswith(("encoder-", "anercorp"))
)
ENCODERS = sorted(CONFIGS.glob("encoder-*.yaml"))


def test_there_are_recipes():
    assert {"default.yaml", "smoke.yaml", "camelbert-msa.yaml"} <= {path.name for path in RECIPES}
    assert {"encoder-cpu.yaml", "encoder-gpu.yaml"} <= {path.name for path in ENCODERS}


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_a_recipe_starts_a_step(path, tmp_path, monkeypatch):
    monkeypatch.chdir(CONFIGS.parent)
    config = load_config(path, TrainConfig)
    names = [data_set.path for data_set in config.datasets]
    if any(name.parts[0] == ".." and not name.exists() for name in names):
        pytest.skip("this recipe's data is not beside this checkout (../shared)")
    gold = tmp_path / "gold.jsonl"
    write_jsonl(gold_documents(), gold)
    architecture = "bert" if "bert" in path.stem else "modernbert"
    smaller = tuple(
        DataSet(**{**data_set.model_dump(), "repeat": 0.02}) if data_set.labels else data_set
        for data_set in config.datasets
    )
    train(
        config.model_copy(
            update={
                "encoder": str(tiny_encoder(tmp_path / "encoder", architecture)),
                "output": tmp_path / "run",
                "datasets": smaller,
                "development": (gold,),
                "max_steps": 1,
                "batch_size": 2,
            }
        )
    )
    assert (tmp_path / "run/bundle/manifest.json").exists()


@pytest.mark.parametrize("path", ENCODERS, ids=lambda path: path.stem)
def test_an_encoder_recipe_starts_a_step(path, tmp_path):
    with lzma.open(tmp_path / "news.txt.xz", "wt", encoding="utf-8") as target:
        target.write("\n".join(SENTENCES * 400))
    config = load_config(path, PretrainConfig).model_copy(
        update={
            "output": tmp_path / "run",
            "text_folder": tmp_path,
            "sources": (TextSource(name="news", glob="news.txt.xz"),),
            "vocabulary_size": 300,
            "batch_size": 2,
            "held_out_sequences": 2,
            "minutes": 0.0001,
            "compile": False,
        }
    )
    tokenizer = prepare_vocabulary(config)
    Pretraining(config, tokenizer, prepare_sequences(config, tokenizer)).run()
    assert (config.output / "encoder/model.safetensors").exists()


def test_the_benchmark_recipe_names_files_that_are_there():
    config = load_config(CONFIGS / "anercorp.yaml", WordTaggingConfig)
    assert len(config.seeds) >= 3
    paths = [CONFIGS.parent / path for path in (config.train, *config.tests.values())]
    if not paths[0].exists():
        pytest.skip("ANERcorp is not beside this checkout (../shared)")
    assert all(path.exists() for path in paths)
