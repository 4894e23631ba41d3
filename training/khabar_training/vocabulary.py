"""The WordPiece vocabulary and the normalisation that lives inside ``tokenizer.json``.

Normalisation happens in the tokenizers library, which keeps every offset into the original string,
so that training and serving cannot differ. What is folded: compatibility forms (NFKC), harakat and
other combining marks, tatweel, format characters (bidi marks, ZWJ), the alef carriers أ إ آ ٱ to ا
(the press drops the hamza at will), Persian letters typed for Arabic ones, and Arabic and Persian
digits to 0-9. ى, ي, ة, ه, ؤ and ئ stay: «علي» and «على» are different words.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from sentencepiece import SentencePieceNormalizer, set_min_log_level
from sentencepiece.sentencepiece_model_pb2 import NormalizerSpec
from tokenizers import AddedToken, Regex, Tokenizer
from tokenizers.models import WordPiece
from tokenizers.normalizers import NFKC, Normalizer, Precompiled, Replace
from tokenizers.normalizers import Sequence as NormalizerSequence
from tokenizers.pre_tokenizers import BertPreTokenizer, Digits, PreTokenizer
from tokenizers.pre_tokenizers import Sequence as PreTokenizerSequence
from tokenizers.processors import TemplateProcessing
from tokenizers.trainers import WordPieceTrainer

SPECIAL_TOKENS: Final = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
PAD_ID, UNK_ID, CLS_ID, SEP_ID, MASK_ID = range(5)

_FOLDED: Final = (
    ("أإآٱٲٳ", "ا"),
    ("یې", "ي"),
    ("ک", "ك"),
    ("ھہە", "ه"),
    ("گڭ", "ك"),
)
#: Arabic-Indic and Persian zero; nine digits follow each.
_ZEROS: Final = (0x0660, 0x06F0)
_MAX_WORD_CHARACTERS: Final = 64
_ALPHABET_SIZE: Final = 400


def build_normalizer() -> Normalizer:
    """The folding described above, as one tokenizers normalizer."""
    # Lm: tatweel (U+0640) only; Mn, Me: marks; Cf: bidi marks and joiners. NFKC first: it turns
    # presentation forms into letters, some of them followed by combining marks.
    dropped = Replace(Regex(r"[\p{Mn}\p{Me}\p{Cf}\u0640]+"), "")
    return NormalizerSequence([NFKC(), dropped, Precompiled(_folding_table())])


def _folding_table() -> bytes:
    """The folding of single characters as one table, the form that sentencepiece compiles.

    One pass with it costs next to nothing; a ``Replace`` for each target made half of the tokenizer's time.
    An Indic vowel sign (category Mc) directly behind a folded character is dropped with it.
    """
    folded = {letter: target for letters, target in _FOLDED for letter in letters}
    digits = {chr(zero + value): str(value) for zero in _ZEROS for value in range(10)}
    set_min_log_level(2)
    compiled = SentencePieceNormalizer(norm_map=[*folded.items(), *digits.items()])
    specification = NormalizerSpec.FromString(compiled.serialized_normalizer_spec())
    table: bytes = specification.precompiled_charsmap
    return table


def build_pre_tokenizer() -> PreTokenizer:
    """Words: runs between white space, with punctuation and runs of digits parted from letters."""
    # A number joined to letters («الـ28», «ب20») must be a word of its own: its span is.
    return PreTokenizerSequence([BertPreTokenizer(), Digits(individual_digits=False)])


def train_vocabulary(texts: Iterable[str], size: int, min_frequency: int = 5) -> Tokenizer:
    """Train a WordPiece tokenizer of ``size`` entries on ``texts``."""
    tokenizer = Tokenizer(WordPiece(unk_token="[UNK]", max_input_chars_per_word=_MAX_WORD_CHARACTERS))  # noqa: S106
    tokenizer.normalizer = build_normalizer()
    tokenizer.pre_tokenizer = build_pre_tokenizer()
    trainer = WordPieceTrainer(
        vocab_size=size,
        min_frequency=min_frequency,
        special_tokens=[AddedToken(token, special=True, normalized=False) for token in SPECIAL_TOKENS],
        limit_alphabet=_ALPHABET_SIZE,
        continuing_subword_prefix="##",
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.post_processor = TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", CLS_ID), ("[SEP]", SEP_ID)],
    )
    return tokenizer
