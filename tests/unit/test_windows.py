import itertools

import pytest
from tokenizers import Tokenizer
from tokenizers.pre_tokenizers import WhitespaceSplit

from khabar.sentences import split_sentences
from khabar.tokenization import WordTokenizer
from khabar.windows import iter_windows
from tests.tiny_model import SENTENCES, tiny_tokenizer


@pytest.fixture(scope="module")
def tokenizer():
    return WordTokenizer(Tokenizer.from_str(tiny_tokenizer().backend_tokenizer.to_str()))


def owned_words(windows):
    return [int(start) for window in windows for start in window.words.start[slice(*window.owned)]]


@pytest.mark.parametrize(("max_tokens", "overlap"), [(12, 4), (32, 8), (160, 48), (8, 0)])
@pytest.mark.parametrize(
    "text",
    [
        " ".join(SENTENCES),
        "\n".join(SENTENCES),
        # A line that is tokenised in parts.
        " ".join(SENTENCES * 40),
        "الوزير " * 300,
        "",
        "...",
        "س" * 500,
    ],
)
def test_every_word_is_owned_once_in_order(tokenizer, text, max_tokens, overlap):
    windows = list(iter_windows(text, tokenizer, max_tokens, overlap))
    owned = owned_words(windows)
    assert owned == sorted(set(owned))
    assert len(owned) == sum(len(tokenizer.words(line, 0, len(line))) for line in text.split("\n"))


def test_windows_fit(tokenizer):
    for window in iter_windows(" ".join(SENTENCES) * 3, tokenizer, 24, 8):
        assert len(window.input_ids(tokenizer)) <= 24


def test_a_line_break_parts_windows_and_a_full_stop_does_not(tokenizer):
    first, second = SENTENCES[:2]
    assert len(list(iter_windows(f"{first} {second}", tokenizer, 500, 8))) == 1
    assert len(list(iter_windows(f"{first}\n{second}", tokenizer, 500, 8))) == 2
    assert len(list(iter_windows(f"{first}\r\n\r\n{second}", tokenizer, 500, 8))) == 2


def test_a_long_sentence_is_read_in_overlapping_windows(tokenizer):
    windows = list(iter_windows("الوزير المصري " * 40, tokenizer, 20, 6))
    assert [window.continued for window in windows] == [True] * (len(windows) - 1) + [False]
    for left, right in itertools.pairwise(windows):
        assert left.words.start[-1] >= right.words.start[0]


def test_a_line_tokenised_at_once_gives_the_words_of_its_sentences(tokenizer):
    text = " ".join(SENTENCES * 40)
    windows = list(iter_windows(text, tokenizer, 160, 48))
    assert len(text) > 4_000
    alone = [tokenizer.words(text, start, end) for start, end in split_sentences(text)]
    assert [i for window in windows for i in window.words.ids] == [i for words in alone for i in words.ids]
    assert [n for window in windows for n in window.sentence] == [
        number for number, words in enumerate(alone) for _ in range(len(words))
    ]


def test_a_full_stop_without_a_space_parts_sentences_for_a_tokenizer_that_parts_at_spaces():
    plain = Tokenizer.from_str(tiny_tokenizer().backend_tokenizer.to_str())
    plain.pre_tokenizer = WhitespaceSplit()
    text = "وصل الوزير.ثم عاد"
    (window,) = iter_windows(text, WordTokenizer(plain), 160, 48)
    words = zip(window.words.start, window.words.end, window.sentence, strict=True)
    assert [(text[start:end], sentence) for start, end, sentence in words] == [
        ("وصل", 0),
        ("الوزير.", 0),
        ("ثم", 1),
        ("عاد", 1),
    ]
