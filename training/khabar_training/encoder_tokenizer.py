"""The tokenizer that comes with an encoder: as transformers loads it, and as the runtime uses it.

Entities begin and end at words, so a full stop, a quotation mark or a number must be a word of its own.
BERT's tokenizers have it so; those of SentencePiece's kind (XLM-R, Gemma, mmBERT) part at spaces or not
at all, and get a rule of their own behind the one they have. Their vocabulary stays as it is.
"""

from __future__ import annotations

from typing import Final

from tokenizers import Regex, Tokenizer
from tokenizers.normalizers import Replace
from tokenizers.normalizers import Sequence as Normalizers
from tokenizers.pre_tokenizers import Sequence as PreTokenizers
from tokenizers.pre_tokenizers import Split
from transformers import AutoTokenizer, PreTrainedTokenizerFast

from khabar.tokenization import WordTokenizer
from khabar_training.config import ConfigError

_PROBE: Final = ("زار", "«", "سامي", "»", "بغداد", ".")
_PUNCTUATION: Final = r"\p{P}$+<=>^`|~"
#: A run of digits, one mark or a run of anything else, each with the «▁» that stands for the space before it.
_WORD: Final = rf"▁*(?:\p{{N}}+|[{_PUNCTUATION}]|[^\s▁\p{{N}}{_PUNCTUATION}]+)|▁+"
#: Marks of writing direction; a word would begin with them.
_DIRECTION: Final = "[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]+"


def load_tokenizer(
    encoder: str, revision: str | None = None, *, key: str = "encoder"
) -> PreTrainedTokenizerFast:
    """The fast tokenizer of a folder or a Hub model.

    Args:
        encoder: folder or Hub name.
        revision: branch, tag or commit on the Hub.
        key: the recipe's key that names it, for the message.

    Raises:
        ConfigError: there is no such encoder, or it has no ``tokenizer.json``.
    """
    try:
        fast = AutoTokenizer.from_pretrained(encoder, revision=revision)
    except OSError as error:
        raise ConfigError(f"{key}: {encoder}: neither a folder nor a Hub model: {error}") from error
    if not isinstance(fast, PreTrainedTokenizerFast):
        raise ConfigError(f"{encoder}: has no tokenizer.json; khabar needs a fast tokenizer")
    try:
        part_words(fast.backend_tokenizer)
    except ValueError as error:
        raise ConfigError(f"{key}: {encoder}: its tokenizer cannot be used: {error}") from error
    return fast


def part_words(tokenizer: Tokenizer) -> None:
    """Make words of what the tokenizer leaves together; nothing where it parts them already.

    Raises:
        ValueError: the words are not parted with the rule either, or the tokenizer frames no text.
    """
    if _parts_words(tokenizer):
        return
    before, steps = tokenizer.pre_tokenizer, Split(Regex(_WORD), "isolated")
    tokenizer.pre_tokenizer = steps if before is None else PreTokenizers([before, steps])
    direction = Replace(Regex(_DIRECTION), "")
    normalizer = tokenizer.normalizer
    tokenizer.normalizer = direction if normalizer is None else Normalizers([direction, normalizer])
    if not _parts_words(tokenizer):
        raise ValueError("it does not part words from punctuation")


def _parts_words(tokenizer: Tokenizer) -> bool:
    text = f"{_PROBE[0]} {_PROBE[1]}{_PROBE[2]}{_PROBE[3]} {_PROBE[4]}{_PROBE[5]}"
    words = WordTokenizer(Tokenizer.from_str(tokenizer.to_str())).words(text, 0, len(text))
    return tuple(text[start:end] for start, end in zip(words.start, words.end, strict=True)) == _PROBE


def word_tokenizer(fast: PreTrainedTokenizerFast) -> WordTokenizer:
    """The same vocabulary behind the runtime's interface; ``fast`` stays as it is."""
    return WordTokenizer(Tokenizer.from_str(fast.backend_tokenizer.to_str()))
