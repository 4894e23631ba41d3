"""The tags that the best valid sequence gives the words of a text.

tag logits [words, L], what a tag adds behind another one [L, L] -> tag ids [words]

A token classifier chooses each tag by itself. What two neighbouring tags say of one another (an office that
has begun rather goes on than makes room for a body, say) is added here: the scores of a linear-chain CRF
(Lafferty, McCallum and Pereira 2001), fitted after training on the logits of a model that is done.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from khabar.tagging import OUTSIDE, TAG_IDS, TAGS, TagIds

Logits = npt.NDArray[np.floating[Any]]
Flags = npt.NDArray[np.bool_]

#: A word whose best tag leads by so much keeps it where that makes a valid step, and parts the search into
#: short runs. Fitted transitions are far smaller.
_SURE: Final = 8.0


@cache
def valid_steps(tags: tuple[str, ...] = TAGS) -> Flags:
    """Whether tag b may follow tag a ``[L, L]``: I-X only B-X and I-X."""
    return np.array(
        [[not b.startswith("I-") or (a != OUTSIDE and a[2:] == b[2:]) for b in tags] for a in tags]
    )


def transition_matrix(scores: Mapping[str, float]) -> Logits | None:
    """Scores by pair of tags («B-TITLE I-TITLE») as a matrix ``[27, 27]``; ``None`` where there are none.

    Raises:
        KeyError: a name is no tag.
    """
    if not scores:
        return None
    matrix = np.zeros((len(TAGS), len(TAGS)))
    for pair, score in scores.items():
        before, after = pair.split()
        matrix[TAG_IDS[before], TAG_IDS[after]] = score
    return matrix


def best_path(
    logits: Logits,
    breaks: Sequence[int] | TagIds = (),
    transitions: Logits | None = None,
    tags: tuple[str, ...] = TAGS,
) -> TagIds:
    """The valid IOB2 sequence with the greatest sum of logits and transitions ``[words]``.

    Where the best tag of every word happens to make a valid sequence and nothing is added, that is it. Else
    the words that are not sure of their tag, and both words of an invalid step, are searched by the Viterbi
    recursion (Forney 1973), all runs of them side by side; the sure words between them stay as they are.

    Args:
        logits: ``[words, L]``.
        breaks: where the second and every later sequence begins; none goes on from the one before.
        transitions: what tag b adds behind tag a ``[L, L]``. A sequence begins behind «O» and ends before it.
        tags: names of the tags, «O» first.
    """
    count = len(logits)
    greedy: TagIds = logits.argmax(axis=1).astype(np.int64)
    valid = valid_steps(tags)
    # One row of words, with an «O» before each sequence and behind the last one.
    place = np.arange(1, count + 1) + np.searchsorted(breaks, np.arange(count), side="right")
    row = np.zeros(count + len(breaks) + 2, dtype=np.int64)
    row[place] = greedy
    wrong = np.flatnonzero(~valid[row[:-1], row[1:]])
    if transitions is None and not len(wrong):
        return greedy
    word = np.full(len(row), -1, dtype=np.int64)
    word[place] = np.arange(count)
    searched = np.zeros(len(row), dtype=bool)
    searched[place] = _lead(logits) < _SURE
    searched[wrong] = searched[wrong + 1] = True
    searched &= word >= 0
    steps = np.where(valid, 0.0 if transitions is None else transitions, -np.inf)
    _search(row, searched, logits, word, steps)
    found: TagIds = row[place]
    return found


def _lead(logits: Logits) -> Logits:
    """By how much the best tag of each word leads ``[words]``."""
    if logits.shape[1] < 2:
        return np.full(len(logits), np.inf)
    best = np.partition(logits, -2, axis=1)[:, -2:]
    lead: Logits = best[:, 1] - best[:, 0]
    return lead


def _search(row: TagIds, searched: Flags, logits: Logits, word: TagIds, steps: Logits) -> None:
    """Fill in the searched places of ``row``, run by run between words that keep their tags."""
    edges = np.flatnonzero(np.diff(searched.astype(np.int8))) + 1
    start, end = edges[::2], edges[1::2]
    if not len(start):
        return
    longest_first = np.argsort(start - end, kind="stable")
    start, end = start[longest_first], end[longest_first]
    length = end - start
    score = steps[row[start - 1]] + logits[word[start]]
    back: list[TagIds] = []
    # How many runs have a word at each step: the longest ones stand first.
    alive = [int(np.searchsorted(-length, -step, side="left")) for step in range(1, int(length[0]))]
    for step, runs in enumerate(alive, start=1):
        paths = score[:runs, :, None] + steps
        back.append(paths.argmax(axis=1))
        score[:runs] = paths.max(axis=1) + logits[word[start[:runs] + step]]
    row[end - 1] = (score + steps[:, row[end]].T).argmax(axis=1)
    for step, runs in reversed(list(enumerate(alive, start=1))):
        after = row[start[:runs] + step]
        row[start[:runs] + step - 1] = back[step - 1][np.arange(runs), after]
