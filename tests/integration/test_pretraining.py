import json
import lzma
import re

import numpy as np
import pytest
import torch
import yaml
from transformers import AutoModel, AutoTokenizer

from khabar.modeling import JointModel
from khabar_training import pretrain
from khabar_training.config import ConfigError
from khabar_training.masking import WholeWordMasker
from khabar_training.pretrain import (
    Pretraining,
    learning_rate_factor,
    prepare_sequences,
    prepare_vectors,
    prepare_vocabulary,
)
from khabar_training.pretrain_config import PretrainConfig
from khabar_training.run_folder import claim_folder
from khabar_training.sequences import PackedSequences
from khabar_training.started_encoder import load_encoder, load_vocabulary, masked_logits
from khabar_training.vocabulary import CLS_ID, MASK_ID, SEP_ID
from tests.tiny_model import SENTENCES, tiny_encoder


@pytest.fixture
def config(tmp_path):
    with lzma.open(tmp_path / "news.txt.xz", "wt", encoding="utf-8") as target:
        target.write("\n\n".join(SENTENCES * 40))
    return PretrainConfig(
        output=tmp_path / "run",
        text_folder=tmp_path,
        sources=({"name": "news", "glob": "news.txt.xz", "repeat": 2},),
        encoder={"layers": 1, "hidden": 16, "intermediate": 24, "heads": 2},
        skip_gram={"epochs": 1, "min_count": 1},
        vocabulary_size=300,
        sequence_length=32,
        batch_size=4,
        warmup_steps=2,
        held_out_sequences=4,
        minutes=0.02,
        bf16=False,
        compile=False,
    )


def test_a_run_leaves_an_encoder_that_loads_anywhere(config):
    tokenizer = prepare_vocabulary(config)
    run = Pretraining(config, tokenizer, prepare_sequences(config, tokenizer))
    before = run.evaluate()
    run.run()
    folder = config.output / "encoder"
    assert run.evaluate() < before
    assert json.loads((folder / "pretraining.json").read_text())["steps"] > 0
    assert AutoModel.from_pretrained(folder).config.hidden_size == 16
    assert AutoTokenizer.from_pretrained(folder).mask_token_id == MASK_ID
    joint = JointModel.from_encoder(folder)
    head = {name: value for name, value in run.model.state_dict().items() if name.startswith("head.")}
    for name, value in head.items():
        assert torch.equal(joint.classifier.state_dict()[name], value), "the MLM head starts the tag head"


def test_a_run_goes_on_at_its_checkpoint(config):
    tokenizer = prepare_vocabulary(config)
    sequences = prepare_sequences(config, tokenizer)
    first = Pretraining(config, tokenizer, sequences)
    first.run()
    second = Pretraining(config, tokenizer, sequences)
    for name, value in first.model.state_dict().items():
        assert torch.equal(second.model.state_dict()[name], value), name


def adapting(config, folder, **changes):
    options = json.loads(config.model_dump_json(exclude={"encoder", "skip_gram", "vocabulary_size"}))
    return PretrainConfig.model_validate({**options, "start_from": folder, "batch_size": 4, **changes})


@pytest.mark.parametrize("architecture", ["modernbert", "bert"])
def test_an_encoder_goes_on_learning(config, tmp_path, architecture):
    encoder = tiny_encoder(tmp_path / "before", architecture)
    adapted = adapting(config, encoder, output=tmp_path / "after", learning_rate=3e-3, minutes=0.05)
    assert pretrain.main([str(written(tmp_path, adapted))]) == 0
    left = {path.name for path in adapted.output.iterdir()}
    assert left == {"recipe.json", "ids", "checkpoint.pt", "encoder"}, (
        "no vocabulary and no vectors are trained"
    )
    before, after = (
        AutoTokenizer.from_pretrained(folder) for folder in (encoder, adapted.output / "encoder")
    )
    assert before.get_vocab() == after.get_vocab()
    tokenizer = prepare_vocabulary(adapted)
    sequences = prepare_sequences(adapted, tokenizer)
    fresh = Pretraining(adapted.model_copy(update={"output": tmp_path / "fresh"}), tokenizer, sequences)
    assert fresh.model.training
    start = AutoModel.from_pretrained(encoder).state_dict()
    for name, value in fresh.model.base_model.state_dict().items():
        assert torch.equal(start[name], value), "it starts from the checkpoint's weights"
    assert Pretraining(adapted, tokenizer, sequences).evaluate() < fresh.evaluate()
    assert JointModel.from_encoder(adapted.output / "encoder").config.hidden == 48


def test_the_masked_positions_are_those_of_the_whole_projection(config, tmp_path):
    encoder = tiny_encoder(tmp_path / "before")
    tokenizer = load_vocabulary(encoder)
    model = load_encoder(encoder, tokenizer, 32).eval()
    ids, positions = torch.randint(5, 300, (2, 32)), torch.tensor([1, 7, 40])
    whole = model(input_ids=ids).logits.reshape(64, -1)[positions]
    assert torch.allclose(masked_logits(model, ids, positions), whole, atol=1e-5)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"start_from": "nowhere"}, "nowhere/tokenizer.json: no such file"),
        ({"sequence_length": 600}, "sequence_length: .* reads no more than"),
        ({"vocabulary_size": 300}, r"brings its own encoder and vocabulary: leave out \['vocabulary_size'\]"),
        ({"start_from": None}, "give 'encoder', the shape of a fresh one, or 'start_from'"),
    ],
)
def test_an_adaptation_that_cannot_start_says_why(config, tmp_path, capsys, change, message):
    record = json.loads(adapting(config, tiny_encoder(tmp_path / "before", "bert")).model_dump_json())
    (tmp_path / "x.yaml").write_text(yaml.safe_dump({**record, **change}))
    assert pretrain.main([str(tmp_path / "x.yaml")]) == 2
    assert re.search(message, capsys.readouterr().err)


def test_an_encoder_with_other_special_tokens_is_refused(config, tmp_path):
    encoder = tiny_encoder(tmp_path / "before")
    path = encoder / "tokenizer.json"
    path.write_text(path.read_text(encoding="utf-8").replace("[MASK]", "<mask>"), encoding="utf-8")
    with pytest.raises(ConfigError, match="WordPiece vocabulary that begins with"):
        prepare_vocabulary(adapting(config, encoder))


def test_a_recipe_from_before_start_from_can_be_resumed(config, tmp_path):
    claim_folder(tmp_path / "old", config, set())
    path = tmp_path / "old/recipe.json"
    record = json.loads(path.read_text(encoding="utf-8"))
    del record["start_from"]
    path.write_text(json.dumps(record), encoding="utf-8")
    claim_folder(tmp_path / "old", config, set())


def written(folder, config):
    path = folder / "recipe.yaml"
    path.write_text(yaml.safe_dump(json.loads(config.model_dump_json())))
    return path


def test_the_embedding_table_starts_from_skip_gram_vectors(config):
    tokenizer = prepare_vocabulary(config)
    run = Pretraining(config, tokenizer, prepare_sequences(config, tokenizer))
    vectors = prepare_vectors(config, tokenizer)
    assert torch.equal(run.model.get_input_embeddings().weight, vectors)
    seen = np.unique(np.load(config.output / "ids/news.npy").astype(np.int64))
    assert vectors[seen].std() == pytest.approx(0.09, abs=0.01)


def test_a_source_without_a_file_is_named_before_anything_is_written(config, tmp_path, capsys):
    (tmp_path / "news.txt.xz").unlink()
    (tmp_path / "x.yaml").write_text(yaml.safe_dump(json.loads(config.model_dump_json())))
    assert pretrain.main([str(tmp_path / "x.yaml")]) == 2
    assert "news.txt.xz: no such file (source 'news')" in capsys.readouterr().err
    assert not (config.output / "tokenizer.json").exists()


def test_the_command_names_a_wrong_key(tmp_path, capsys):
    (tmp_path / "x.yaml").write_text("outputs: x\n")
    assert pretrain.main([str(tmp_path / "x.yaml")]) == 2
    assert "outputs: Extra inputs are not permitted" in capsys.readouterr().err


def test_words_are_masked_whole_and_their_number_is_fixed(config):
    tokenizer = prepare_vocabulary(config)
    masker = WholeWordMasker(tokenizer, 0.2)
    continues = {i for token, i in tokenizer.get_vocab().items() if token.startswith("##")}
    batch = prepare_sequences(config, tokenizer).batch(0, 4)
    for seed in range(20):
        masked, positions, targets = masker.mask(batch, np.random.default_rng(seed))
        assert len(positions) == round(0.2 * batch.size)
        assert (batch.reshape(-1)[positions] == targets).all()
        untouched = np.setdiff1d(np.arange(batch.size), positions)
        assert (masked.reshape(-1)[untouched] == batch.reshape(-1)[untouched]).all()
        assert not set(targets) & {CLS_ID, SEP_ID}
        chosen = set(positions.tolist())
        # The word chosen last may lack its end, and the first of a sequence its beginning; no other.
        flat = batch.reshape(-1).tolist()
        cut = [p for p in chosen if flat[p] in continues and p - 1 not in chosen and flat[p - 1] != CLS_ID]
        assert not cut


def test_sequences_are_the_same_for_the_same_step(config):
    ids = np.arange(5, 3005, dtype=np.uint16)
    first, second = (PackedSequences([ids, ids + 3000], [1.0, 0.5], 12, 4, seed=3) for _ in range(2))
    second.batch(11, 8)
    assert (first.batch(3, 8) == second.batch(3, 8)).all()
    assert first.batch(0, 8).shape == (8, 12)
    held = {tuple(row) for batch in first.held_out(2) for row in batch}
    seen = {tuple(row) for step in range(len(first) // 8) for row in first.batch(step, 8)}
    assert held
    assert not held & seen


def test_a_source_too_small_is_refused():
    with pytest.raises(ValueError, match="fewer than two sequences"):
        PackedSequences([np.arange(5, dtype=np.uint16)], [1.0], 12, 2, seed=0)


def test_the_learning_rate_rises_holds_and_falls(config):
    slow = config.model_copy(update={"minutes": 10.0, "decay": 0.2, "warmup_steps": 4})
    assert learning_rate_factor(0, 0.0, slow) == 0.25
    assert learning_rate_factor(100, 5.0, slow) == 1.0
    assert learning_rate_factor(100, 9.0, slow) == pytest.approx(0.5)
    assert learning_rate_factor(100, 10.0, slow) == 0.0
