"""What the tokenizer folds, letter by letter."""

from pathlib import Path

import pytest
from tokenizers import Tokenizer

from khabar_training.vocabulary import build_normalizer

ENCODER = Path(__file__).resolve().parents[2] / "model/encoder/tokenizer.json"
FOLDED = {
    "أإآٱٲٳا": "ا" * 7,
    "یېي": "ييي",
    "کك": "كك",
    "ھہەه": "هههه",
    "گڭ": "كك",
    "٠١٢٣٤٥٦٧٨٩": "0123456789",
    "۰۱۲۳۴۵۶۷۸۹": "0123456789",
    "0123456789": "0123456789",
    "ىيةهؤئء": "ىيةهؤئء",
    "مَـــدّ\u200f\u200d": "مد",
    "ﻻﷺ": "لاصلى الله عليه وسلم",
    "Aé": "Aé",
}


@pytest.fixture(scope="module", params=["built", "shipped"])
def normalizer(request):
    """The normaliser as the code builds it, and as the encoder's tokenizer holds it."""
    return build_normalizer() if request.param == "built" else Tokenizer.from_file(str(ENCODER)).normalizer


@pytest.mark.parametrize("text", FOLDED)
def test_letters_and_digits_are_folded_one_by_one(normalizer, text):
    assert normalizer.normalize_str(text) == FOLDED[text]


def test_a_folded_letter_keeps_its_place():
    tokenizer = Tokenizer.from_file(str(ENCODER))
    text = "\u200f٢٠٢١ أحمد\u200f"
    encoding = tokenizer.encode(text, add_special_tokens=False)
    assert [text[start:end] for start, end in encoding.offsets][:1] == ["٢٠٢١"]
    assert "".join(encoding.tokens).replace("##", "") == "2021احمد"
