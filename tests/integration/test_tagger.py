import json
import threading

import pytest

from khabar import Document
from khabar.tagger import Tagger
from tests.tiny_model import SENTENCES


@pytest.fixture(scope="module")
def tagger(tiny_bundle):
    return Tagger.from_pretrained(tiny_bundle)


TEXT = " ".join(SENTENCES[:4]) + "\n\n" + " ".join(SENTENCES[4:])


def test_an_empty_text_gives_an_empty_document(tagger):
    assert tagger.predict("") == Document("")
    assert tagger.predict(" \n\u200f ").entities == ()


@pytest.mark.parametrize(
    ("value", "name"), [(None, "NoneType"), (b"x", "bytes"), (["x"], "list"), (3, "int")]
)
def test_what_is_no_text_is_a_type_error(tagger, value, name):
    with pytest.raises(TypeError, match=f"expected a string, got {name}"):
        tagger.predict(value)


def test_a_batch_says_which_item_is_no_text(tagger):
    with pytest.raises(TypeError, match=r"texts\[1\]: expected a string, got NoneType"):
        tagger.predict_batch(["نص", None])
    with pytest.raises(TypeError, match="takes a list of strings"):
        tagger.predict_batch("نص")


@pytest.mark.parametrize("quantized", [True, False])
def test_one_and_many_give_the_same_documents(tiny_bundle, quantized):
    tagger = Tagger.from_pretrained(tiny_bundle, quantized=quantized)
    texts = [TEXT, *SENTENCES, "", TEXT * 3]
    alone = [tagger.predict(text) for text in texts]
    assert tagger.predict_batch(texts) == alone
    assert list(tagger.stream(iter(reversed(texts)))) == alone[::-1]
    # Equality leaves the scores out; the JSON form has them.
    assert [d.to_dict() for d in tagger.predict_batch(texts)] == [d.to_dict() for d in alone]


def test_threads_change_nothing(tiny_bundle, tagger):
    assert Tagger.from_pretrained(tiny_bundle, threads=3).predict(TEXT * 5) == tagger.predict(TEXT * 5)


def test_threads_may_share_a_tagger(tagger):
    expected, found = tagger.predict(TEXT), []
    workers = [threading.Thread(target=lambda: found.append(tagger.predict(TEXT))) for _ in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert found == [expected] * 8


def test_predictions_are_plain_json_and_read_back(tagger):
    document = tagger.predict(TEXT, id="a")
    assert document.entities
    assert Document.from_dict(json.loads(json.dumps(document.to_dict()))) == document


def test_two_texts_without_a_common_word_give_the_entities_of_both(tagger):
    first, second = SENTENCES[0], "Angela Merkel traveled toward Oslo, بلير إلى برلين"
    both = tagger.predict(first + "\n\n" + second)
    shift = len(first) + 2
    wanted = [(e.start, e.end, e.label) for e in tagger.predict(first).entities]
    wanted += [(e.start + shift, e.end + shift, e.label) for e in tagger.predict(second).entities]
    assert [(e.start, e.end, e.label) for e in both.entities] == wanted


def test_a_sentence_longer_than_a_window_is_read_to_its_end(tagger):
    text = " ".join(sentence.rstrip(".") for sentence in SENTENCES * 6)
    document = tagger.predict(text)
    starts = [entity.start for entity in document.entities]
    assert starts == sorted(starts)
    assert document.entities[-1].end > len(text) * 0.9
    assert all(
        left.end <= right.start for left, right in zip(document.entities, document.entities[1:], strict=False)
    )
