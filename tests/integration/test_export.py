"""``python -m khabar_training.export``: the folder of a run -> a bundle."""

import json

import numpy as np
import pytest

from khabar.bundle import MODEL, QUANTIZED_MODEL, Bundle
from khabar.modeling import JointModel
from khabar.session import ModelSession
from khabar.tagger import Tagger
from khabar_data.jsonl import write_jsonl
from khabar_training import export
from khabar_training.torch_session import TorchSession
from khabar_training.train import train
from khabar_training.train_config import TrainConfig
from tests.gold import gold_documents
from tests.tiny_model import tiny_encoder


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """The folder of a training run of one step."""
    folder = tmp_path_factory.mktemp("run")
    gold = folder / "gold.jsonl"
    write_jsonl(gold_documents(), gold)
    encoder = tiny_encoder(folder / "encoder")
    train(
        TrainConfig(
            name="trained",
            encoder=str(encoder),
            output=folder / "run",
            datasets=({"path": gold},),
            development=(gold,),
            max_steps=1,
            max_tokens=40,
            overlap=9,
            quantize=False,
        )
    )
    return folder / "run"


def read_files(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


def test_a_checkpoint_becomes_the_bundle_that_training_wrote(run, tmp_path, capsys):
    assert export.main([str(run / "checkpoint"), str(tmp_path / "a/bundle")]) == 0
    assert (
        capsys.readouterr().out == f"{tmp_path / 'a/bundle'}: trained, with {MODEL} and {QUANTIZED_MODEL}\n"
    )
    old, new = Bundle.open(run / "bundle"), Bundle.open(tmp_path / "a/bundle")
    assert new.manifest.name == "trained"
    assert new.manifest.decoding == old.manifest.decoding
    text = gold_documents()[0].text
    documents = [
        Tagger.from_pretrained(bundle.folder, quantized=False).predict(text) for bundle in (old, new)
    ]
    assert documents[0] == documents[1]
    assert Tagger.from_pretrained(tmp_path / "a/bundle").predict(text).text == text


def test_name_precision_and_thresholds_are_options(run, tmp_path):
    record = json.loads((run / "training.json").read_text(encoding="utf-8"))
    record["thresholds"]["HAS_DATE"] = 0.875
    (tmp_path / "mine.json").write_text(json.dumps(record), encoding="utf-8")
    bundle = tmp_path / "bundle"
    for name in ("first", "second"):  # A bundle may take the place of another.
        arguments = [str(run / "checkpoint"), str(bundle), "--name", name, "--no-int8"]
        assert export.main([*arguments, "--thresholds", str(tmp_path / "mine.json")]) == 0
        manifest = Bundle.open(bundle).manifest
        assert manifest.name == name
        assert manifest.decoding.thresholds["HAS_DATE"] == 0.875
        assert QUANTIZED_MODEL not in manifest.files
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_a_folder_that_is_no_bundle_is_not_replaced(run, capsys):
    before = read_files(run)
    for folder in (run, run / "checkpoint"):
        assert export.main([str(run / "checkpoint"), str(folder)]) == 2
        assert f"{folder}: is there and is no bundle; name a new folder" in capsys.readouterr().err
    assert read_files(run) == before


def test_what_is_no_checkpoint_is_said(run, tmp_path, capsys):
    assert export.main([str(run), str(tmp_path / "bundle")]) == 2
    assert f"{run}: holds no relation_config.json; name the 'checkpoint' folder" in capsys.readouterr().err
    assert not (tmp_path / "bundle").exists()


def test_a_report_that_is_not_there_is_said(run, tmp_path, capsys):
    arguments = [str(run / "checkpoint"), str(tmp_path / "bundle"), "--thresholds", str(tmp_path / "no.json")]
    assert export.main(arguments) == 2
    assert "no.json: cannot be read: No such file or directory" in capsys.readouterr().err
    assert not (tmp_path / "bundle").exists()


def test_a_window_without_pairs_has_no_scores(tiny_checkpoint, tiny_bundle):
    spans, pairs = (np.array([1]), np.array([2]), np.array([0])), (np.zeros(0, dtype=np.int64),) * 2
    for session in (
        ModelSession.of_bundle(Bundle.open(tiny_bundle), quantized=True),
        TorchSession(JointModel.load(tiny_checkpoint)),
    ):
        _, hidden, _ = session.encode(np.arange(5, 9))
        assert session.relate(hidden, spans, pairs).shape == (0, 14)
