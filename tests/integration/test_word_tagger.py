import json

import pytest
import yaml
from tokenizers import Tokenizer
from transformers import AutoTokenizer

from khabar.tokenization import WordTokenizer
from khabar_data.conll import read_conll
from khabar_training.word_sentences import TrainingSentences, to_sentences
from khabar_training.word_tagger import main, run
from khabar_training.word_tagger_config import WordTaggingConfig
from tests.tiny_model import tiny_encoder

ROWS = [
    "زار O\nوليد B-PERS\nالحربي I-PERS\nلندن B-LOC\n. O\n",
    "قالت O\nالأمم B-ORG\nالمتحدة I-ORG\nأمس O\n",
    "وصل O\nسالم B-PERS\nإلى O\nبغداد B-LOC\nوالموصل B-LOC\n",
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("words")
    (folder / "train.conll").write_text("\n".join(ROWS * 4), encoding="utf-8")
    (folder / "test.conll").write_text("\n".join(ROWS), encoding="utf-8")
    tiny_encoder(folder / "encoder", extra=tuple(" ".join(ROWS).split()))
    return folder


def recipe(folder, **changes):
    return WordTaggingConfig(
        encoder=str(folder / "encoder"),
        output=folder / "report.json",
        train=folder / "train.conll",
        tests={"plain": folder / "test.conll"},
        **{"epochs": 60, "batch_size": 4, "learning_rate": 3e-3, "dropout": 0, "token_dropout": 0, **changes},
    )


def test_three_sentences_are_learnt_by_heart_with_their_own_labels(folder):
    report = run(recipe(folder, seeds=(1, 2)))
    assert report["labels"] == ["LOC", "ORG", "PERS"]
    assert report["mean"]["plain"] == {
        "strict_iob2": {"mean": 100.0, "deviation": 0.0},
        "lenient": {"mean": 100.0, "deviation": 0.0},
    }
    assert [row["seed"] for row in report["seeds"]] == [1, 2]


def test_the_held_out_end_of_the_training_file_replaces_the_tests(folder):
    report = run(recipe(folder, held_out=0.25, seeds=(1,), epochs=1))
    assert list(report["mean"]) == ["held out of the training file"]


def test_a_long_sentence_is_cut_between_words_and_keeps_every_tag(folder):
    tokenizer = WordTokenizer(
        Tokenizer.from_str(AutoTokenizer.from_pretrained(folder / "encoder").backend_tokenizer.to_str())
    )
    whole = to_sentences(read_conll(folder / "test.conll"), tokenizer, 256)
    parts = to_sentences(read_conll(folder / "test.conll"), tokenizer, 6)
    assert len(parts) > len(whole) == 3
    assert max(len(part.ids) for part in parts) <= 6
    assert [tag for part in parts for tag in part.tags] == [tag for part in whole for tag in part.tags]
    assert whole[0].tags == ["O", "B-PERS", "I-PERS", "B-LOC", "O"]
    assert whole[2].tags[-2:] == ["B-LOC", "B-LOC"]


def test_names_change_from_epoch_to_epoch_and_tags_go_with_them(folder):
    tokenizer = WordTokenizer(
        Tokenizer.from_str(AutoTokenizer.from_pretrained(folder / "encoder").backend_tokenizer.to_str())
    )
    documents = read_conll(folder / "train.conll")
    data, same = (
        TrainingSentences(documents, tokenizer, 256, mention_replacement=0.8, spelling_noise=0.0, seed=3)
        for _ in range(2)
    )
    first = list(data)
    data.set_epoch(1)
    assert list(data) != first
    assert len(data) == len(first) == len(data.lengths())
    same.set_epoch(1)
    assert list(same) == list(data)
    names = {
        (entity.label, *tokenizer.words(entity.text, 0, len(entity.text)).ids)
        for document in documents
        for entity in document.entities
    }
    found = [name for sentence in data for name in marked(sentence)]
    assert len(found) == sum(len(document.entities) for document in documents)
    assert set(found) <= names


def marked(sentence):
    """Label and pieces of every name that the tags of a sentence mark."""
    ends = [*sentence.first[1:], len(sentence.ids) - 1]
    names = []
    for tag, start, end in zip(sentence.tags, sentence.first, ends, strict=True):
        if tag.startswith("B-"):
            names.append((tag[2:],))
        if tag != "O":
            names[-1] += tuple(sentence.ids[start:end])
    return names


def test_the_command_writes_its_report_or_says_what_is_wrong(folder, capsys):
    path = folder / "recipe.yaml"
    wanted = json.loads(recipe(folder, seeds=(3,), epochs=1).model_dump_json())
    path.write_text(yaml.safe_dump(wanted), encoding="utf-8")
    assert main([str(path)]) == 0
    assert json.loads((folder / "report.json").read_text(encoding="utf-8"))["seeds"][0]["seed"] == 3
    path.write_text(yaml.safe_dump({**wanted, "train": str(folder / "missing.conll")}), encoding="utf-8")
    assert main([str(path)]) == 2
    assert "missing.conll" in capsys.readouterr().err
