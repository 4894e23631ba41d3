"""Tokenizers that part at spaces, or not at all, give the words that entities begin and end at."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer
from tokenizers.models import WordLevel

from khabar.tokenization import WordTokenizer
from khabar_training.config import ConfigError
from khabar_training.encoder_tokenizer import load_tokenizer, part_words, word_tokenizer
from tests.tiny_model import tiny_multilingual_tokenizer, tiny_tokenizer

FORMS = ("metaspace", "normalizer", "unigram")


def parted(form):
    fast = tiny_multilingual_tokenizer(form)
    part_words(fast.backend_tokenizer)
    return word_tokenizer(fast)


TOKENIZERS = {form: parted(form) for form in FORMS}


def surfaces(tokenizer, text, start=0):
    words = tokenizer.words(text, start, len(text))
    return [text[left:right] for left, right in zip(words.start, words.end, strict=True)]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("قال الوزير", ["قال", "الوزير"]),
        ("قال: «نعم».", ["قال", ":", "«", "نعم", "»", "."]),
        ("الـ28 دولة", ["الـ", "28", "دولة"]),
        ("  زار   القاهرة  ", ["زار", "القاهرة"]),
        ("زار\tبغداد\u00a0أمس", ["زار", "بغداد", "أمس"]),
        ("\u200fزار\u200f بغداد", ["زار", "بغداد"]),
        ("<bos> <mask>", ["<", "bos", ">", "<", "mask", ">"]),
        ("F-16", ["F", "-", "16"]),
        (" ", []),
        ("", []),
    ],
)
def test_words_are_those_of_the_text(form, text, words):
    assert surfaces(TOKENIZERS[form], text) == words
    assert surfaces(TOKENIZERS[form], f"# {text}", 2) == words


@pytest.mark.parametrize("form", FORMS)
@given(text=st.text(alphabet="زاركم «».28aB\u200f\u064b\u00a0\n\t", max_size=40))
def test_words_are_in_order_and_hold_every_letter(form, text):
    words = TOKENIZERS[form].words(text, 0, len(text))
    assert (words.start < words.end).all()
    assert (words.end[:-1] <= words.start[1:]).all()
    assert words.first_piece[0] == 0
    assert words.first_piece[-1] == len(words.ids)
    assert (words.first_piece[:-1] < words.first_piece[1:]).all()
    covered = {i for start, end in zip(words.start, words.end, strict=True) for i in range(start, end)}
    assert {i for i, letter in enumerate(text) if letter.isalnum()} <= covered
    assert not any(text[start].isspace() for start in words.start)
    assert not any(text[end - 1].isspace() for end in words.end)


@pytest.mark.parametrize("form", FORMS)
def test_special_tokens_come_from_the_tokenizer(form):
    tokenizer = TOKENIZERS[form]
    assert (tokenizer.cls_id, tokenizer.sep_id, tokenizer.unk_id) == (2, 1, 3)
    own = WordTokenizer(Tokenizer.from_str(tiny_tokenizer().backend_tokenizer.to_str()))
    assert (own.cls_id, own.sep_id, own.unk_id) == (2, 3, 1)


def test_a_tokenizer_that_parts_words_stays_as_it_is():
    tokenizer = tiny_tokenizer().backend_tokenizer
    before = tokenizer.to_str()
    part_words(tokenizer)
    assert tokenizer.to_str() == before


@pytest.mark.parametrize("form", FORMS)
def test_the_rule_is_saved_with_the_tokenizer_and_added_once(form, tmp_path):
    tiny_multilingual_tokenizer(form).save_pretrained(tmp_path / "encoder")
    fast = load_tokenizer(str(tmp_path / "encoder"))
    fast.save_pretrained(tmp_path / "checkpoint")
    text = "قال: «نعم» في 2018م"
    saved = Tokenizer.from_file(str(tmp_path / "checkpoint/tokenizer.json"))
    assert surfaces(WordTokenizer(saved), text) == surfaces(TOKENIZERS[form], text)
    again = load_tokenizer(str(tmp_path / "checkpoint"))
    assert again.backend_tokenizer.to_str() == fast.backend_tokenizer.to_str()


def test_a_tokenizer_without_a_frame_is_refused(tmp_path):
    fast = tiny_tokenizer()
    fast.save_pretrained(tmp_path)
    bare = Tokenizer(WordLevel({"[UNK]": 0}, unk_token="[UNK]"))
    with pytest.raises(ValueError, match="one token before a text and one behind it are expected, not 0"):
        part_words(bare)
    bare.save(str(tmp_path / "tokenizer.json"))
    with pytest.raises(ConfigError, match="encoder: .*its tokenizer cannot be used"):
        load_tokenizer(str(tmp_path))
