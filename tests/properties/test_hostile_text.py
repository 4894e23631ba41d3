"""Any text gives a sound Document.

``KHABAR_FUZZ_TEXTS=500000 pytest tests/properties/test_hostile_text.py`` runs longer.
"""

import os
from random import Random

import pytest

from khabar.tagger import Tagger
from tests.hostile_text import HARAKAT, NAMES, ODD, PRESENTATION, check_document, hostile_text

TEXTS = int(os.environ.get("KHABAR_FUZZ_TEXTS", "20000"))
#: The shipped model is slower than the tiny one and finds fewer names in nonsense.
SHIPPED_SHARE = 10


@pytest.fixture(scope="module")
def tiny(tiny_bundle):
    return Tagger.from_pretrained(tiny_bundle)


@pytest.fixture(scope="module")
def shipped():
    return Tagger.from_pretrained()


@pytest.mark.timeout(0)
def test_generated_texts_on_a_model_that_finds_names_everywhere(tiny):
    entities = 0
    for seed in range(TEXTS):
        text = hostile_text(Random(seed))
        document = tiny.predict(text)
        check_document(document, text)
        entities += len(document.entities)
    # A model that found nothing would prove nothing.
    assert entities > TEXTS


@pytest.mark.timeout(0)
def test_generated_texts_on_the_shipped_model(shipped):
    entities = 0
    for seed in range(TEXTS, TEXTS + TEXTS // SHIPPED_SHARE):
        text = hostile_text(Random(seed))
        document = shipped.predict(text)
        check_document(document, text)
        entities += len(document.entities)
    assert entities > TEXTS // SHIPPED_SHARE / 4


def test_every_odd_code_point_beside_and_inside_a_name(shipped, tiny):
    for start in range(0, len(ODD), 8):
        for odd in ODD[start : start + 8]:
            name = NAMES[ord(odd) % len(NAMES)]
            half = len(name) // 2
            text = f"زار {odd}{name} {name}{odd} {name[:half]}{odd}{name[half:]} أمس."
            check_document(tiny.predict(text), text)
    text = "\n".join(f"زار {odd}بغداد وبغ{odd}داد و{odd}لندن{odd}." for odd in ODD)
    check_document(shipped.predict(text), text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " \t\n\u00a0\u200f",
        "...،؟!؛«»()" * 50,
        "\ud800",
        "\udfff بغداد \ud83d",
        "".join(letter + mark for letter in "وزيرالخارجيةالعراقي" for mark in HARAKAT),
        "ـ" * 5000 + "بغداد" + "ـ" * 5000,
        "".join(PRESENTATION),
        "ب\u200cغ\u200cد\u200cا\u200cد",
        "<html><body><p>زار <b>وليد</b> لندن</p></body></html>",
        "زار NATO وUN لندن, London وPARIS.",
        "\x00" * 300,
    ],
)
def test_single_attacks(shipped, tiny, text):
    for tagger in (shipped, tiny):
        check_document(tagger.predict(text), text)


def test_a_word_of_300_000_letters(tiny):
    text = "زار وليد " + "س" * 300_000 + " بغداد."
    check_document(tiny.predict(text), text)


def test_words_with_their_tags_are_as_many_as_the_words(shipped):
    for seed in range(300):
        random = Random(seed)
        words = [hostile_text(random) for _ in range(random.randint(0, 12))]
        assert len(shipped.predict_tokens(words)) == len(words)
