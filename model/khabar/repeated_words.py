"""What the encoder said of a word also counts for the same word elsewhere in the text.

tag logits [words, 27] -> tag logits [words, 27]

An article names somebody in full once and goes on with the surname, often where little around it says that
it is a name. The encoder reads some sentences of one line at a time and forgets them; here the words of a
longer run are put side by side. One sense per discourse is Gale, Church and Yarowsky's (1992) finding; the
tags of one word in one article agree for the same reason.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np

from khabar.folding import fold
from khabar.probabilities import Floats, softmax
from khabar.schema import ENTITY_LABELS
from khabar.tagging import TAGS

#: How much the others count beside the word itself, and what keeps a label that none of them has alive.
#: The weight was chosen on the development articles (docs/experiments.md), the other set by hand beside it.
_WEIGHT: Final = 0.4
_FLOOR: Final = 0.02
#: Shorter words are particles and initials.
_LETTERS: Final = 3
_PROCLITICS: Final = frozenset("وفبلكس")
#: Which tags belong to nothing and to each entity label ``[27, 14]``.
_KINDS: Final = np.eye(len(ENTITY_LABELS) + 1, dtype=np.float32)[(np.arange(len(TAGS)) + 1) // 2]


def share_between_equal_words(logits: Floats, words: Sequence[str]) -> Floats:
    """Tag logits of words, moved towards what is thought of the same words elsewhere in the run.

    To each logit of a tag comes the weighted logarithm of the mean probability that the other places give
    the tag's label. ``B-`` and ``I-`` of a label move together: where a name begins is the place's own
    affair.

    Args:
        logits: ``[words, 27]``; left as they are.
        words: the words of one text, or of a part of it; none holds a line break.
    """
    if not words:
        return logits
    groups = np.array(_groups(words), dtype=np.int64)
    sizes = np.bincount(groups + 1)[1:]
    rows = np.flatnonzero((groups >= 0) & (np.append(sizes, 0)[groups] > 1))
    if not len(rows):
        return logits
    group = groups[rows]
    own = softmax(logits[rows]) @ _KINDS
    total = np.zeros((len(sizes), own.shape[1]), dtype=own.dtype)
    np.add.at(total, group, own)
    others = (total[group] - own) / (sizes[group, None] - 1)
    shared = logits.copy()
    shared[rows] += _WEIGHT * np.log(np.maximum(others, 0) + _FLOOR) @ _KINDS.T
    return shared


def _groups(words: Iterable[str]) -> list[int]:
    """The same number for the same word, with and without proclitics; -1 for what is too short or no word."""
    folded = fold("\n".join(words)).split("\n")
    known = set(folded)
    numbers: dict[str, int] = {}
    return [
        numbers.setdefault(_bare(word, known), len(numbers))
        if len(word) >= _LETTERS and word.isalpha()
        else -1
        for word in folded
    ]


def _bare(word: str, known: set[str]) -> str:
    """The word without proclitics, each of which goes where the run holds the word without it.

    «سعيد» beside «عيد» is taken for the same word: then both are names, or the encoder is sure of each.
    """
    while len(word) > _LETTERS and word[0] in _PROCLITICS:
        if word[1:] in known:
            word = word[1:]
        elif word.startswith("لل") and "ال" + word[2:] in known:
            word = "ال" + word[2:]
        else:
            break
    return word
