import json
import sys

import pytest
from datasets import ClassLabel, Dataset, DatasetDict, Features, Sequence, Value

from khabar_data.errors import DataError
from khabar_data.jsonl import read_jsonl
from khabar_training.hub_data import Columns, main, read_hub_data

NAMES = ["O", "B-PERS", "I-PERS", "B-LOC"]
ROWS = {"tokens": [["زار", "سعد", "الدين", "عكا"], ["انتهى"]], "ner_tags": [[0, 1, 2, 3], [0]]}
TRIPLES = [(4, 13, "PERS", "سعد الدين"), (14, 17, "LOC", "عكا")]


@pytest.fixture(autouse=True)
def _cache(tmp_path, monkeypatch):
    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", tmp_path / "cache")


def labelled(rows=None):
    features = Features({"tokens": Sequence(Value("string")), "ner_tags": Sequence(ClassLabel(names=NAMES))})
    return Dataset.from_dict(rows or ROWS, features=features)


def spans(document):
    return [(entity.start, entity.end, entity.label, entity.text) for entity in document.entities]


def check(documents, split="train"):
    assert [(document.id, document.text) for document in documents] == [
        (f"{split}-0", "زار سعد الدين عكا"),
        (f"{split}-1", "انتهى"),
    ]
    assert spans(documents[0]) == TRIPLES


def test_a_saved_data_set_with_class_labels(tmp_path):
    labelled().save_to_disk(tmp_path / "set")
    check(read_hub_data(str(tmp_path / "set")))


def test_a_saved_dictionary_of_splits(tmp_path):
    DatasetDict({"test": labelled()}).save_to_disk(tmp_path / "sets")
    check(read_hub_data(str(tmp_path / "sets"), split="test"), "test")
    with pytest.raises(DataError, match="sets: split 'dev' cannot be loaded"):
        read_hub_data(str(tmp_path / "sets"), split="dev")


def test_one_data_file_and_a_folder_of_them(tmp_path):
    folder = tmp_path / "files"
    folder.mkdir()
    labelled().to_parquet(str(folder / "train.parquet"))
    check(read_hub_data(str(folder / "train.parquet")))
    check(read_hub_data(str(folder)))


def test_tags_that_are_strings_and_other_columns(tmp_path):
    rows = [{"words": ["زار", "سعد"], "labels": ["O", "S-PERS"]}]
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    (document,) = read_hub_data(str(tmp_path / "a.jsonl"), columns=Columns("words", "labels"))
    assert spans(document) == [(4, 7, "PERS", "سعد")]


def test_numbers_without_names_need_them(tmp_path):
    rows = [{"tokens": ["زار", "سعد"], "ner_tags": [0, 1]}]
    (tmp_path / "a.jsonl").write_text(json.dumps(rows[0]), encoding="utf-8")
    with pytest.raises(
        DataError, match="a.jsonl: split train, row 0: tag 0 has no name among 0; name the tags"
    ):
        read_hub_data(str(tmp_path / "a.jsonl"))
    (document,) = read_hub_data(str(tmp_path / "a.jsonl"), columns=Columns(tag_names=("O", "B-PER")))
    assert spans(document) == [(4, 7, "PER", "سعد")]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"tokens": ["ا", "ب"], "ner_tags": ["O"]}, "row 0: 2 tokens but 1 tags; each token has one"),
        ({"tokens": [" "], "ner_tags": ["O"]}, "row 0: token ' ' is no text; take it out, with its tag"),
        ({"tokens": ["ا"], "ner_tags": ["PER"]}, "row 0: tag 'PER' is neither O nor of the form B-LABEL"),
        ({"tokens": "ا", "ner_tags": ["O"]}, "row 0: column 'tokens': expected a list, got str"),
        (
            {"tokens": ["ا"], "tags": ["O"]},
            "no column 'ner_tags'; choose with --tokens and --tags from tokens, tags",
        ),
    ],
)
def test_a_malformed_row_names_data_set_split_and_row(tmp_path, row, message):
    (tmp_path / "a.jsonl").write_text(json.dumps(row), encoding="utf-8")
    with pytest.raises(DataError, match=rf"a\.jsonl: split train.*{message}"):
        read_hub_data(str(tmp_path / "a.jsonl"))


def test_what_cannot_be_loaded_is_named(tmp_path):
    (tmp_path / "a.xlsx").touch()
    with pytest.raises(
        DataError, match=r"a\.xlsx: split 'train' cannot be loaded: a file to load ends in one"
    ):
        read_hub_data(str(tmp_path / "a.xlsx"))
    with pytest.raises(DataError, match="nobody/nothing: split 'train' cannot be loaded"):
        read_hub_data("nobody/nothing")


def test_without_the_package_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(
        DataError, match=r"x/y: reading it needs the package 'datasets'; .* 'khabar\[train\]'"
    ):
        read_hub_data("x/y")


def test_the_command_maps_and_writes(tmp_path, capsys):
    labelled().save_to_disk(tmp_path / "set")
    arguments = [str(tmp_path / "set"), str(tmp_path / "out.jsonl")]
    assert main(arguments) == 1
    assert "1 x unknown label 'PERS'" in capsys.readouterr().out
    assert main([*arguments, "--map", "PERS=PER", "--map", "LOC=GPE"]) == 0
    assert "2 documents, 2 entities" in capsys.readouterr().out
    assert [entity.label for entity in read_jsonl(tmp_path / "out.jsonl")[0].entities] == ["PER", "GPE"]
    assert main([str(tmp_path / "none"), str(tmp_path / "other.jsonl")]) == 2
    assert not (tmp_path / "other.jsonl").exists()
