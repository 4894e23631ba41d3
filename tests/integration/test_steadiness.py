"""The same Documents whatever the batch, order, threads, process or cache; one bad text loses no other."""

import multiprocessing
import os
from random import Random

import pytest

from khabar import FailedText
from khabar.tagger import Tagger
from tests.hostile_text import hostile_text
from tests.tiny_model import SENTENCES

TEXTS = [
    *SENTENCES,
    "",
    "\n".join(SENTENCES),
    " ".join(SENTENCES) * 3,
    *(hostile_text(Random(i)) for i in range(20)),
]


@pytest.fixture(scope="module")
def tagger(tiny_bundle):
    return Tagger.from_pretrained(tiny_bundle)


@pytest.fixture(scope="module")
def alone(tagger):
    return [tagger.predict(text).to_dict() for text in TEXTS]


def records(documents):
    return [document.to_dict() for document in documents]


@pytest.mark.parametrize("threads", [1, 2, 5])
@pytest.mark.parametrize("cache", [0, 3, 512])
def test_batch_order_threads_and_cache_change_nothing(tiny_bundle, alone, threads, cache):
    tagger = Tagger.from_pretrained(tiny_bundle, threads=threads, cache=cache)
    assert records(tagger.predict_batch(TEXTS)) == alone
    assert records(tagger.stream(reversed(TEXTS))) == alone[::-1]
    assert records(tagger.predict(text) for text in TEXTS) == alone


def _in_child(tagger, queue):
    queue.put(records(tagger.predict_batch(TEXTS)))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_a_loaded_tagger_survives_a_fork(tagger, alone):
    context = multiprocessing.get_context("fork")
    queue = context.Queue()
    child = context.Process(target=_in_child, args=(tagger, queue))
    child.start()
    assert queue.get(timeout=120) == alone
    child.join(timeout=60)
    assert child.exitcode == 0


@pytest.mark.parametrize("threads", [1, 3])
def test_a_stream_holds_a_bounded_number_of_texts(tiny_bundle, threads):
    taken = 0

    def endless():
        nonlocal taken
        while True:
            taken += 1
            yield SENTENCES[taken % len(SENTENCES)]

    stream = Tagger.from_pretrained(tiny_bundle, threads=threads).stream(endless())
    for _ in range(10):
        next(stream)
    assert taken <= 10 + 2 * threads
    stream.close()


@pytest.mark.parametrize("threads", [1, 3])
def test_one_bad_text_loses_no_other(tiny_bundle, alone, threads):
    tagger = Tagger.from_pretrained(tiny_bundle, threads=threads)
    texts = [TEXTS[0], None, TEXTS[1], b"x", TEXTS[2]]
    first, second, third, fourth, fifth = tagger.predict_batch(texts, on_error="return")
    assert records([first, third, fifth]) == alone[:3]
    for failed, index, kind in ((second, 1, "NoneType"), (fourth, 3, "bytes")):
        assert isinstance(failed, FailedText)
        assert failed.index == index
        assert kind in str(failed.error)
    stream = tagger.stream(texts)
    assert next(stream).to_dict() == alone[0]
    with pytest.raises(TypeError, match=r"texts\[1\]: expected a string, got NoneType"):
        next(stream)


def test_an_error_inside_the_model_is_kept_to_its_text(tagger, alone, monkeypatch):
    encode = tagger._pipeline._session.encode
    marked = len(tagger._pipeline._tokenizer.words(SENTENCES[3], 0, len(SENTENCES[3])).ids) + 2

    def breaks(ids):
        if len(ids) == marked:
            raise RuntimeError("out of memory")
        return encode(ids)

    monkeypatch.setattr(tagger._pipeline._session, "encode", breaks)
    results = tagger.predict_batch(SENTENCES[:5], on_error="return")
    broken = [i for i, result in enumerate(results) if isinstance(result, FailedText)]
    assert 3 in broken
    assert all(str(results[i].error) == "out of memory" for i in broken)
    assert [results[i].to_dict() for i in range(5) if i not in broken] == [
        alone[i] for i in range(5) if i not in broken
    ]


def test_wrong_options_are_named(tagger):
    with pytest.raises(ValueError, match="on_error must be"):
        tagger.stream([], on_error="ignore")
    for wrong in (-0.1, 1.5, float("nan")):
        with pytest.raises(ValueError, match="min_score must be between 0 and 1"):
            tagger.predict("نص", min_score=wrong)


def test_a_least_score_leaves_out_what_is_below_it(tagger):
    text = "\n".join(SENTENCES)
    whole = tagger.predict(text)
    scores = sorted(entity.score for entity in whole.entities)
    least = scores[len(scores) // 2]
    fewer = tagger.predict(text, min_score=least)
    assert [e for e in whole.entities if e.score >= least] == list(fewer.entities)
    assert 0 < len(fewer.entities) < len(whole.entities)
    assert fewer == whole.with_min_score(least)
    assert tagger.predict(text, min_score=1.0).relations == ()


def test_words_that_the_tokenizer_drops_have_a_tag(tagger):
    words = ["زار", "", " ", "\u200f", "وليد", "\n", "لندن", "\ud800", "."]
    tags = tagger.predict_tokens(words)
    assert len(tags) == len(words)
    assert tagger.predict_tokens([]) == []
    with pytest.raises(TypeError, match="takes a list of strings"):
        tagger.predict_tokens("زار وليد")
    with pytest.raises(TypeError, match=r"words\[1\]: expected a string, got int"):
        tagger.predict_tokens(["زار", 3])
