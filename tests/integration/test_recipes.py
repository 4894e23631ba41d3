"""Every YAML starts a step: the shipped recipes on a tiny encoder, over the data that they name."""

import lzma
from pathlib import Path

import pytest

from khabar.tagger import Tagger
from khabar_data.jsonl import read_jsonl, write_jsonl
from khabar_data.standoff import join_texts
from khabar_training.config import load_config
from khabar_training.distill import distill
from khabar_training.distill_config import DistillConfig
from khabar_training.pretrain import Pretraining, prepare_sequences, prepare_vocabulary
from khabar_training.pretrain_config import PretrainConfig, TextSource
from khabar_training.train import train
from khabar_training.train_config import DataSet, TrainConfig
from khabar_training.word_tagger_config import WordTaggingConfig
from tests.gold import gold_documents
from tests.tiny_model import SENTENCES, tiny_checkpoint, tiny_encoder, tiny_multilingual_encoder

CONFIGS = Path(__file__).resolve().parents[2] / "configs"
RECIPES = sorted(
    path
    for path in CONFIGS.glob("*.yaml")
    if not path.name.startswith(("encoder-", "adapt-", "anercorp", "distill"))
)
ENCODERS = sorted(CONFIGS.glob("encoder-*.yaml"))
ADAPTATIONS = sorted(CONFIGS.glob("adapt-*.yaml"))
DISTILLATIONS = sorted(CONFIGS.glob("distill*.yaml"))


def test_there_are_recipes():
    assert {"default.yaml", "smoke.yaml", "camelbert-msa.yaml", "multilingual.yaml"} <= {
        path.name for path in RECIPES
    }
    assert {"adapt-news.yaml"} <= {path.name for path in ADAPTATIONS}
    assert {"encoder-cpu.yaml", "encoder-gpu.yaml"} <= {path.name for path in ENCODERS}
    assert {"distill.yaml"} <= {path.name for path in DISTILLATIONS}


def beginning(data_set, folder):
    """The first documents of a set; marks on other people's news are put together with their text."""
    name = data_set.path
    if name.parts[0] == "runs":
        documents = join_texts(Path("data/news") / name.name, Path("../shared/text"))
    else:
        documents = read_jsonl(name)
    start = folder / f"{name.parent.name}-{name.name}"
    write_jsonl(documents[:30], start)
    return data_set.model_copy(update={"path": start})


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_a_recipe_starts_a_step(path, tmp_path, monkeypatch):
    monkeypatch.chdir(CONFIGS.parent)
    config = load_config(path, TrainConfig)
    names = [data_set.path for data_set in config.datasets]
    if any(name.parts[0] in ("..", "runs") for name in names) and not Path("../shared").exists():
        pytest.skip("this recipe's data is not beside this checkout (../shared)")
    gold = tmp_path / "gold.jsonl"
    write_jsonl(gold_documents(), gold)
    smaller = tuple(
        DataSet(**{**data_set.model_dump(), "repeat": 0.02})
        if data_set.labels
        else beginning(data_set, tmp_path)
        for data_set in config.datasets
    )
    train(
        config.model_copy(
            update={
                "encoder": str(encoder_like(path.stem, tmp_path / "encoder")),
                "output": tmp_path / "run",
                "datasets": smaller,
                "development": (gold,),
                "average_with": (),
                "max_steps": 1,
                "batch_size": 2,
            }
        )
    )
    tagger = Tagger.from_pretrained(tmp_path / "run/bundle")
    assert tagger.predict(SENTENCES[0]).text == SENTENCES[0]


def encoder_like(name, folder):
    """An encoder of the architecture that a recipe of this name asks for."""
    if name == "multilingual":
        return tiny_multilingual_encoder(folder)
    return tiny_encoder(folder, "bert" if "bert" in name else "modernbert")


@pytest.mark.parametrize("path", ADAPTATIONS, ids=lambda path: path.stem)
def test_an_adaptation_starts_a_step(path, tmp_path):
    config = load_config(path, PretrainConfig)
    assert config.start_from is not None
    assert (CONFIGS.parent / config.start_from / "model.safetensors").exists()
    start_encoder_recipe(config, tmp_path, {"start_from": tiny_encoder(tmp_path / "before")})


@pytest.mark.parametrize("path", ENCODERS, ids=lambda path: path.stem)
def test_an_encoder_recipe_starts_a_step(path, tmp_path):
    start_encoder_recipe(load_config(path, PretrainConfig), tmp_path, {"vocabulary_size": 300})


def start_encoder_recipe(recipe, tmp_path, changes):
    with lzma.open(tmp_path / "news.txt.xz", "wt", encoding="utf-8") as target:
        target.write("\n".join(SENTENCES * 400))
    config = recipe.model_copy(
        update={
            "output": tmp_path / "run",
            "text_folder": tmp_path,
            "sources": (TextSource(name="news", glob="news.txt.xz"),),
            **changes,
            "batch_size": 2,
            "held_out_sequences": 2,
            "minutes": 0.0001,
            "compile": False,
        }
    )
    tokenizer = prepare_vocabulary(config)
    Pretraining(config, tokenizer, prepare_sequences(config, tokenizer)).run()
    assert (config.output / "encoder/model.safetensors").exists()


@pytest.mark.parametrize("path", DISTILLATIONS, ids=lambda path: path.stem)
def test_a_distillation_recipe_starts_a_step(path, tmp_path, monkeypatch):
    monkeypatch.chdir(CONFIGS.parent)
    config = load_config(path, DistillConfig)
    names = [data_set.path for data_set in config.datasets]
    if any(name.parts[0] in ("..", "runs") for name in names) and not Path("../shared").exists():
        pytest.skip("this recipe's data is not beside this checkout (../shared)")
    (tmp_path / "news.txt").write_text("\n".join(SENTENCES), encoding="utf-8")
    gold = tmp_path / "gold.jsonl"
    write_jsonl(gold_documents(), gold)
    teacher = tiny_checkpoint(tmp_path / "teacher")
    distill(
        config.model_copy(
            update={
                "teacher": teacher,
                # Its tokenizer is the teacher's.
                "student": str(tmp_path / "teacher-encoder"),
                "output": tmp_path / "run",
                "text_folder": tmp_path,
                "sources": (TextSource(name="news", glob="news.txt"),),
                "datasets": tuple(
                    data_set.model_copy(update={"repeat": 0.02}) for data_set in config.datasets
                ),
                "development": (gold,),
                "steps": 1,
                "batch_size": 2,
            }
        )
    )
    assert (tmp_path / "run/bundle/manifest.json").exists()


def test_the_benchmark_recipe_names_files_that_are_there():
    config = load_config(CONFIGS / "anercorp.yaml", WordTaggingConfig)
    assert len(config.seeds) >= 3
    paths = [CONFIGS.parent / path for path in (config.train, *config.tests.values())]
    if not paths[0].exists():
        pytest.skip("ANERcorp is not beside this checkout (../shared)")
    assert all(path.exists() for path in paths)
