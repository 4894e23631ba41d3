import numpy as np
import pytest

from khabar.windows import iter_windows
from khabar_data.coverage import Coverage
from khabar_training.datasets import AnnotatedSet, MixedExamples
from khabar_training.encoder_tokenizer import word_tokenizer
from khabar_training.features import Example
from khabar_training.hidden_pieces import HiddenPieces
from khabar_training.raw_windows import NO_WORD, MixedCollator, MixedWindows, RawWindow, raw_windows
from khabar_training.train_config import TrainConfig
from khabar_training.vocabulary import PAD_ID
from tests.gold import gold_documents
from tests.tiny_model import SENTENCES, tiny_tokenizer


@pytest.fixture(scope="module")
def tokenizer():
    return word_tokenizer(tiny_tokenizer(tuple(document.text for document in gold_documents())))


@pytest.fixture(scope="module")
def annotated(tokenizer):
    config = TrainConfig.model_validate(
        {"name": "x", "encoder": "x", "output": "x", "datasets": [{"path": "x"}], "development": ["x"]}
    )
    return MixedExamples([AnnotatedSet(gold_documents(), Coverage.full(), True, 1.0)], tokenizer, config)


def test_raw_windows_are_those_of_the_runtime(tokenizer):
    text = " ".join(SENTENCES)
    wanted = list(iter_windows(text, tokenizer, 24, 6))
    found = raw_windows([text], tokenizer, 24, 6)
    assert len(found) == len(wanted) > 3
    for window, raw in zip(wanted, found, strict=True):
        assert raw.input_ids.tolist() == window.input_ids(tokenizer).tolist()
        first = np.flatnonzero(raw.sentences != NO_WORD)
        assert first.tolist() == window.first_piece()[:-1].tolist()
        assert raw.sentences[first].tolist() == window.sentence.tolist()


def test_a_batch_holds_each_kind_for_itself(tokenizer, annotated):
    raw = raw_windows(SENTENCES[:3], tokenizer, 48, 8)
    batch = MixedCollator(PAD_ID)([raw[0], annotated[0], raw[1], annotated[1], raw[2]])
    assert {name: len(part["input_ids"]) for name, part in batch.items()} == {"raw": 3, "annotated": 2}
    for row, window in enumerate(raw):
        length = len(window.input_ids)
        assert batch["raw"]["input_ids"][row, :length].tolist() == window.input_ids.tolist()
        assert batch["raw"]["attention_mask"][row].sum() == length
        assert (batch["raw"]["sentences"][row, length:] == NO_WORD).all()
    assert set(MixedCollator(PAD_ID)(raw)) == {"raw"}
    assert set(MixedCollator(PAD_ID)([annotated[0]])) == {"annotated"}


def test_annotated_windows_stand_behind_the_raw_ones(tokenizer, annotated):
    raw = raw_windows(SENTENCES, tokenizer, 48, 8)
    data = MixedWindows(raw, annotated)
    kinds = [type(data[i]) for i in range(len(data))]
    assert kinds == [RawWindow] * len(raw) + [Example] * len(annotated)
    assert data.lengths() == [len(data[i].input_ids) for i in range(len(data))]
    before = [data[i].input_ids.tolist() for i in range(len(raw), len(data))]
    data.set_epoch(1)
    after = [data[i].input_ids.tolist() for i in range(len(raw), len(data))]
    assert before != after
    assert sorted(before) == sorted(after)
    with pytest.raises(IndexError):
        MixedWindows(raw, None)[len(raw)]


def test_hidden_pieces_are_others_each_epoch_and_the_same_for_the_same_one(tokenizer):
    raw = raw_windows(SENTENCES, tokenizer, 48, 8)
    data = MixedWindows(raw, None, HiddenPieces(4, 0.3, seed=1))
    first = [data[i].input_ids.tolist() for i in range(len(data))]
    assert first == [data[i].input_ids.tolist() for i in range(len(data))]
    data.set_epoch(1)
    assert first != [data[i].input_ids.tolist() for i in range(len(data))]
    for ids, window in zip(first, raw, strict=True):
        assert (ids[0], ids[-1]) == (tokenizer.cls_id, tokenizer.sep_id)
        assert all(new in (old, 4) for new, old in zip(ids, window.input_ids.tolist(), strict=True))
