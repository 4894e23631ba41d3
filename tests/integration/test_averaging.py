"""``average_with``: a run ends with the mean of its weights and those of earlier runs."""

import pytest
import torch

from khabar.modeling import JointModel
from khabar.tagger import Tagger
from khabar_data.jsonl import write_jsonl
from khabar_training.config import ConfigError
from khabar_training.train import train
from khabar_training.train_config import TrainConfig
from tests.gold import gold_documents
from tests.tiny_model import tiny_encoder


@pytest.fixture
def recipe(tmp_path):
    gold = tmp_path / "gold.jsonl"
    write_jsonl(gold_documents()[:2], gold)
    tiny_encoder(tmp_path / "encoder")

    def make(name, encoder=None, **more):
        return TrainConfig(
            name="trained",
            encoder=str(encoder or tmp_path / "encoder"),
            output=tmp_path / name,
            datasets=({"path": gold},),
            development=(gold,),
            epochs=3,
            batch_size=1,
            max_tokens=40,
            overlap=9,
            **more,
        )

    return make


def weights(run):
    return JointModel.load(run / "checkpoint").state_dict()


def test_the_run_ends_with_the_mean_and_can_take_another_one(recipe, tmp_path):
    train(recipe("first"))
    train(recipe("second", tmp_path / "first/checkpoint"))
    alone, first = weights(tmp_path / "second"), weights(tmp_path / "first")
    train(recipe("second", tmp_path / "first/checkpoint", average_with=(tmp_path / "first",)))
    together = weights(tmp_path / "second")
    assert any(not torch.equal(alone[name], first[name]) for name in alone)
    for name, value in together.items():
        torch.testing.assert_close(value, (alone[name] + first[name]) / 2, msg=name)
    assert Tagger.from_pretrained(tmp_path / "second/bundle").predict("قال سامي عزيز") is not None


def test_a_run_that_cannot_be_averaged_is_named_before_training(recipe, tmp_path):
    with pytest.raises(ConfigError, match="nowhere has no checkpoint"):
        train(recipe("first", average_with=(tmp_path / "nowhere",)))
    (tmp_path / "broken/checkpoint").mkdir(parents=True)
    with pytest.raises(ConfigError, match="broken.checkpoint cannot be read"):
        train(recipe("third", average_with=(tmp_path / "broken",)))
    train(recipe("first"))
    other = tiny_encoder(tmp_path / "other", extra=("كلمة غريبة",))
    with pytest.raises(ConfigError, match=r"average_with: .*first.* another (shape|vocabulary)"):
        train(recipe("second", other, average_with=(tmp_path / "first",)))
    assert not (tmp_path / "second/checkpoint").exists()
