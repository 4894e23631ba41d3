import pytest
from tokenizers import Tokenizer

from khabar.tokenization import WordTokenizer, count_letters, skip_letters
from tests.tiny_model import tiny_tokenizer


@pytest.fixture(scope="module")
def tokenizer():
    return WordTokenizer(Tokenizer.from_str(tiny_tokenizer().backend_tokenizer.to_str()))


def surfaces(tokenizer, text):
    words = tokenizer.words(text, 0, len(text))
    return [text[start:end] for start, end in zip(words.start, words.end, strict=True)]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("قال الوزير", ["قال", "الوزير"]),
        ("وَصَلَ مُحَمَّدٌ.", ["وَصَلَ", "مُحَمَّدٌ", "."]),
        ("الـ28 دولة", ["الـ", "28", "دولة"]),
        ("لـ«داعش»", ["لـ", "«", "داعش", "»"]),
        ("ﻣﺤﻤﺪ\u00a0صلاح", ["ﻣﺤﻤﺪ", "صلاح"]),
        ("سنة ٢٠١٩م", ["سنة", "٢٠١٩", "م"]),
        ("F-16", ["F", "-", "16"]),
        ("النبي ﷺ قال", ["النبي", "ﷺ", "قال"]),
        ("[SEP] [MASK]", ["[", "SEP", "]", "[", "MASK", "]"]),
        ("\u200f\u064b", []),
        ("", []),
    ],
)
def test_words_keep_their_place_in_the_original_text(tokenizer, text, words):
    # Tatweel at the end of a word is not part of its letters: «الـ» ends before it.
    assert [word.rstrip("ـ") for word in surfaces(tokenizer, text)] == [word.rstrip("ـ") for word in words]


def test_spelling_variants_get_the_same_pieces(tokenizer):
    def ids(text):
        return tokenizer.words(text, 0, len(text)).ids.tolist()

    assert ids("الأمين") == ids("الامين") == ids("الأَمِين") == ids("الأميـــن") == ids("ﺍلأمين")
    assert ids("٢٠١٩") == ids("2019") == ids("۲۰۱۹")


def test_a_lone_surrogate_moves_no_offset(tokenizer):
    assert surfaces(tokenizer, "أ\ud800 القاهرة")[-1] == "القاهرة"


def test_a_long_text_is_encoded_in_slices_with_the_same_words(tokenizer):
    text = "وصل الوزير إلى القاهرة أمس " * 1200
    words = tokenizer.words(text, 0, len(text))
    assert len(words) == 5 * 1200
    assert words.first_piece[-1] == len(words.ids)
    assert text[words.start[-1] : words.end[-1]] == "أمس"


def test_slices_never_cut_a_word_in_two(tokenizer):
    for space in ("\u00a0", "\t", "\u2009"):
        text = f"القاهرة{space}بغداد{space}دمشق{space}" * 800
        assert set(surfaces(tokenizer, text)) == {"القاهرة", "بغداد", "دمشق"}


def test_a_word_of_300_000_letters_is_read_in_bounded_pieces(tokenizer):
    words = tokenizer.words("س" * 300_000, 0, 300_000)
    assert len(words.ids) < 100
    assert words.end[-1] == 300_000


@pytest.mark.parametrize(
    ("word", "letters", "name"),
    [
        ("وروسيا", 1, "روسيا"),
        ("وَبِواشنطن", 2, "واشنطن"),
        ("بـسوريا", 1, "سوريا"),
        ("للأمم", 1, "لأمم"),
        ("بوتين", 0, "بوتين"),
        ("و", 1, "و"),
    ],
)
def test_proclitic_letters_are_skipped_with_their_marks(word, letters, name):
    start = skip_letters(word, 0, len(word), letters)
    assert word[start:] == name
    assert count_letters(word, 0, start) == (letters if name != word else 0)
