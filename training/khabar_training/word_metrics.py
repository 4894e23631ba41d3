"""Word-level entity scores by seqeval, in strict IOB2 and in its lenient default, for comparison with others.

seqeval's default scores a lone ``I-X`` as an entity; its strict mode does not. Words are the
tokenizer's, so a proclitic error does not show here: ``khabar_data.metrics`` has the character
scores.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from seqeval.metrics import f1_score
from seqeval.scheme import IOB2

from khabar.decoding import TaggedWords
from khabar.document import Document
from khabar.tagging import WordSpan, spans_to_tags
from khabar.tokenization import Words, WordTokenizer


def word_f1(
    gold: Sequence[Document], predicted: Sequence[Document], tokenizer: WordTokenizer
) -> dict[str, float]:
    """Strict and lenient micro F1 in percent over the words of the tokenizer."""
    words = [tokenizer.words(document.text, 0, len(document.text)) for document in gold]
    wanted = [gold_tags(document, part) for document, part in zip(gold, words, strict=True)]
    found = [gold_tags(document, part) for document, part in zip(predicted, words, strict=True)]
    return {
        "strict_iob2": round(100 * float(f1_score(wanted, found, mode="strict", scheme=IOB2)), 2),
        "lenient": round(100 * float(f1_score(wanted, found)), 2),
    }


def gold_tags(document: Document, words: Words | TaggedWords) -> list[str]:
    """One tag a word: a word belongs to the first entity that touches it."""
    spans, taken = [], 0
    for entity in document.entities:
        first = max(int(np.searchsorted(words.end, entity.start, side="right")), taken)
        last = int(np.searchsorted(words.start, entity.end, side="left"))
        if first < last:
            spans.append(WordSpan(first, last, entity.label))
            taken = last
    return spans_to_tags(spans, len(words.start))
