import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer

from khabar.tokenization import Words, WordTokenizer
from khabar.windows import _overlapping, iter_windows
from tests.tiny_model import SENTENCES, tiny_tokenizer

TOKENIZER = WordTokenizer(Tokenizer.from_str(tiny_tokenizer().backend_tokenizer.to_str()))
LONG = ["ﷺ" * 30, "س" * 90, "\n", "الوزير المصري " * 20, "..."]
PIECES = st.lists(st.sampled_from([*SENTENCES, *LONG]), max_size=12)


def words_of(sizes):
    first = np.cumsum([0, *sizes])
    start = np.arange(len(sizes)) * 2
    return Words(np.arange(first[-1]), first, start, start + 1)


@given(st.lists(st.integers(1, 40), min_size=1, max_size=60), st.integers(4, 60), st.integers(0, 40))
def test_every_word_of_a_long_sentence_is_owned_once_whatever_its_size(sizes, room, overlap):
    words = words_of(sizes)
    owned = []
    for window in _overlapping(words, 0, room, min(overlap, room - 1)):
        first, last = window.owned
        assert 0 <= first < last <= len(window.words)
        assert len(window.words.ids) <= room
        owned += window.words.start[first:last].tolist()
    assert owned == words.start.tolist()


@given(PIECES, st.integers(8, 64))
def test_the_windows_of_any_text_own_every_word_once(pieces, max_tokens):
    text = " ".join(pieces)
    windows = list(iter_windows(text, TOKENIZER, max_tokens, max_tokens // 4))
    owned = [int(start) for w in windows for start in w.words.start[slice(*w.owned)]]
    assert owned == sorted(set(owned))
    assert all(len(window.input_ids(TOKENIZER)) <= max_tokens for window in windows)
    lines = [TOKENIZER.words(text, *span) for span in _lines(text)]
    assert len(owned) == sum(len(words) for words in lines)


def _lines(text):
    position = 0
    for line in text.split("\n"):
        yield position, position + len(line)
        position += len(line) + 1
