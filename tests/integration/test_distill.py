"""A tiny student learns from a tiny teacher, on raw text alone and with annotated text beside it."""

import json

import pytest
import torch
import yaml
from transformers import AutoTokenizer, ModernBertConfig, ModernBertModel

from khabar.modeling import JointModel
from khabar.tagger import Tagger
from khabar_data.jsonl import write_jsonl
from khabar_training import distill as distill_command
from khabar_training.config import ConfigError
from khabar_training.distill import distill
from khabar_training.distill_config import DistillConfig
from khabar_training.encoder_tokenizer import load_tokenizer, word_tokenizer
from khabar_training.raw_windows import NO_WORD, MixedCollator, raw_windows
from khabar_training.trained_options import read_trained_options
from khabar_training.vocabulary import PAD_ID
from tests.gold import gold_documents
from tests.tiny_model import SENTENCES, tiny_checkpoint, tiny_encoder


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A teacher that has opinions, a smaller encoder of its vocabulary, raw text, development documents."""
    folder = tmp_path_factory.mktemp("distill")
    tiny_checkpoint(folder / "teacher")
    model = JointModel.load(folder / "teacher")
    with torch.no_grad():
        model.classifier.classifier.weight *= 100
        model.relations.output.weight *= 10
    model.save(folder / "teacher")
    sizes = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 1, "num_attention_heads": 2}
    fast = AutoTokenizer.from_pretrained(folder / "teacher")
    config = ModernBertConfig(
        vocab_size=len(fast), pad_token_id=PAD_ID, global_attn_every_n_layers=1, **sizes
    )
    ModernBertModel(config).save_pretrained(folder / "student")
    fast.save_pretrained(folder / "student")
    write_jsonl(gold_documents(), folder / "gold.jsonl")
    (folder / "news.txt").write_text("\n".join(SENTENCES), encoding="utf-8")
    lines = [json.dumps({"text": document.text}, ensure_ascii=False) for document in gold_documents()]
    (folder / "news.jsonl").write_text("\n".join(lines), encoding="utf-8")
    return folder


def recipe(folder, **changes):
    options = {
        "name": "distilled",
        "teacher": folder / "teacher",
        "student": str(folder / "student"),
        "output": folder / "run",
        "text_folder": folder,
        "sources": [{"name": "news", "glob": "news.*"}],
        "development": [folder / "gold.jsonl"],
        "paragraphs": 100,
        "steps": 250,
        "batch_size": 4,
        "learning_rate": 3e-3,
        "head_learning_rate": 3e-3,
        "dropout": 0.0,
        "token_dropout": 0.0,
        "max_tokens": 48,
        "overlap": 8,
        "quantize": False,
    }
    return DistillConfig.model_validate({**options, **changes})


def agreement(folder, student):
    """Part of the words of the raw text that have the teacher's tag."""
    fast = load_tokenizer(str(folder / "teacher"))
    batch = MixedCollator(fast.pad_token_id)(raw_windows(SENTENCES, word_tokenizer(fast), 48, 8))["raw"]
    words = batch.pop("sentences") != NO_WORD
    with torch.no_grad():
        first, second = (
            model.encode(**batch)[0][words].argmax(-1)
            for model in (JointModel.load(folder / "teacher"), student)
        )
    return (first == second).float().mean().item()


@pytest.fixture(scope="module")
def run(folder):
    return distill(recipe(folder)).parent


def test_a_student_learns_the_teachers_tags_on_raw_text(folder, run):
    torch.manual_seed(17)
    before = agreement(folder, JointModel.from_encoder(folder / "student").eval())
    after = agreement(folder, JointModel.load(run / "checkpoint"))
    assert before < 0.3
    assert after > 0.9


def test_the_run_ends_as_a_fine_tuning_run_does(folder, run):
    assert Tagger.from_pretrained(run / "bundle", quantized=False).predict(SENTENCES[0]).text == SENTENCES[0]
    assert AutoTokenizer.from_pretrained(run / "checkpoint").get_vocab()
    name, options = read_trained_options(run / "training.json")
    assert (name, options.max_tokens) == ("distilled", 48)
    report = json.loads((run / "training.json").read_text(encoding="utf-8"))
    assert report["steps"] == 250
    assert set(report["teacher"]) == {"ner_strict", "rel_plus"}
    assert report["config"]["teacher"] == str(folder / "teacher")


def test_a_run_with_annotated_text_that_was_stopped_goes_on(folder):
    changes = {"datasets": [{"path": folder / "gold.jsonl", "repeat": 2}], "evaluate_steps": 3}
    distill(recipe(folder, output=folder / "whole", steps=12, **changes))
    distill(recipe(folder, output=folder / "parts", steps=6, **changes))
    distill(recipe(folder, output=folder / "parts", steps=12, **changes))
    reports = [
        json.loads((folder / name / "training.json").read_text(encoding="utf-8"))
        for name in ("whole", "parts")
    ]
    assert [report["steps"] for report in reports] == [12, 12]
    assert [[row["step"] for row in report["history"]] for report in reports] == [[3, 6, 9, 12]] * 2
    # 16 paragraphs and twice 8 documents: eight steps an epoch.
    assert [row["epoch"] for row in reports[1]["history"]] == [0.375, 0.75, 1.125, 1.5]
    with pytest.raises(ConfigError, match="holds a run of another recipe"):
        distill(recipe(folder, output=folder / "parts", steps=12, temperature=3.0, **changes))


def test_a_student_of_another_vocabulary_is_refused(folder, tmp_path):
    encoder = tiny_encoder(tmp_path / "encoder", extra=("كلمات أخرى تماما من أجل مفردات أخرى",))
    with pytest.raises(ConfigError, match="tokenizer is not the teacher's, the vocabulary differs"):
        distill(recipe(folder, student=str(encoder), output=tmp_path / "run"))
    assert not (tmp_path / "run").exists()


def test_a_student_that_normalises_otherwise_is_refused(folder, tmp_path):
    encoder = tiny_encoder(tmp_path / "encoder")
    AutoTokenizer.from_pretrained(folder / "teacher").save_pretrained(encoder)
    path = encoder / "tokenizer.json"
    record = json.loads(path.read_text(encoding="utf-8"))
    record["normalizer"] = {"type": "NFKC"}
    path.write_text(json.dumps(record), encoding="utf-8")
    with pytest.raises(ConfigError, match="the normaliser differs"):
        distill(recipe(folder, student=str(encoder), output=tmp_path / "run"))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"teacher": "nowhere"}, "teacher: nowhere: no checkpoint of a fine-tuning run"),
        ({"teacher": "teacher-encoder"}, "teacher: teacher-encoder: no checkpoint of a fine-tuning run"),
        ({"student": "nowhere/at-all"}, "student: nowhere/at-all: neither a folder nor a Hub model"),
        ({"sources": [{"name": "news", "glob": "no-*"}]}, "no-*: no such file (source 'news')"),
        ({"sources": [{"name": "news", "glob": "broken.jsonl"}]}, "broken.jsonl:1: field 'text'"),
        ({"tag_weight": 0}, "tag_weight: Input should be greater than 0"),
        ({"overlap": 46}, "'overlap' less than 'max_tokens' - 2"),
    ],
)
def test_a_wrong_recipe_is_one_clear_line(folder, monkeypatch, capsys, tmp_path, change, message):
    monkeypatch.chdir(folder)
    (folder / "broken.jsonl").write_text("{}\n", encoding="utf-8")
    record = json.loads(recipe(folder, output=tmp_path / "run").model_dump_json())
    (tmp_path / "x.yaml").write_text(yaml.safe_dump({**record, **change}), encoding="utf-8")
    assert distill_command.main([str(tmp_path / "x.yaml")]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert "Traceback" not in error
    assert not (tmp_path / "run").exists()
