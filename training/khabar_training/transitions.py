"""Fit what a tag adds behind another one, on development documents.

gold, tag logits of its words -> sentences of logits and tags -> transitions of the greatest likelihood

The transitions of a linear-chain CRF (Lafferty, McCallum and Pereira 2001) over logits that stay as they are:
a token classifier was trained to choose each tag by itself, and is surer on the articles it learnt from than
elsewhere, so that both are fitted on articles it has not seen.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from khabar.decoding import TaggedWords, asked_together
from khabar.document import Document
from khabar.pipeline import Pipeline
from khabar.session import Floats
from khabar.tag_path import valid_steps
from khabar.tagging import TAG_IDS, TAGS
from khabar_training.word_metrics import gold_tags

Ids = npt.NDArray[np.int64]

#: Weight of the squared transitions: of 4, 10, 20, 40 and 100, each fitted on two development sets and tried
#: on the third one (reports/transitions.json).
_PENALTY: Final = 20.0
#: Smaller ones, to be left out of the manifest.
_LEAST: Final = 0.01
#: Logits that say nothing at all would be scaled away, and transitions grow without end.
_GREATEST: Final = 5.0
_STEPS: Final = 40
#: Longer sentences are lists and page furniture; they would make every batch as long.
_LONGEST: Final = 200
_BATCH: Final = 256
_IMPOSSIBLE: Final = -1e4


@dataclass(frozen=True, slots=True)
class TaggedSentence:
    """A sentence: what the encoder says of its words ``[words, 27]``, and their gold tags ``[words]``."""

    logits: Floats
    tags: Ids


def tagged_sentences(pipeline: Pipeline, gold: Iterable[Document]) -> list[TaggedSentence]:
    """The sentences of annotated documents as a model reads them, equal words asked together."""
    return [
        sentence
        for document in gold
        for words in pipeline.read(document.text)
        if len(words.start)
        for sentence in _sentences(document, words)
    ]


def _sentences(document: Document, words: TaggedWords) -> Iterator[TaggedSentence]:
    tags = np.array([TAG_IDS[tag] for tag in gold_tags(document, words)], dtype=np.int64)
    breaks = words.sentence_breaks()
    logits = asked_together(document.text, words)
    for part, wanted in zip(np.split(logits, breaks), np.split(tags, breaks), strict=True):
        # A name that the sentence splitter cuts: no path of the decoder begins inside one.
        if valid_steps()[0, wanted[0]]:
            yield TaggedSentence(part, wanted)


def fit_transitions(sentences: Sequence[TaggedSentence], penalty: float = _PENALTY) -> dict[str, float]:
    """Transitions by pair of tags, for ``khabar.tag_path``; empty where there is nothing to learn from.

    Args:
        sentences: of articles that the model has not learnt from.
        penalty: weight of the squared transitions beside the negative log-likelihood.
    """
    batches = [_batch(part) for part in _by_length(sentences)]
    if not batches:
        return {}
    transitions = torch.zeros(len(TAGS), len(TAGS), requires_grad=True)
    # The logits are too sure of themselves, and transitions are in their unit.
    scale = torch.zeros((), requires_grad=True)
    optimizer = torch.optim.LBFGS([transitions, scale], max_iter=_STEPS, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        optimizer.zero_grad()
        value = penalty * transitions.square().sum()
        for logits, tags, mask in batches:
            value = value + _surprise(logits * scale.exp(), tags, mask, transitions)
        torch.autograd.backward(value)
        return value

    optimizer.step(loss)  # type: ignore[no-untyped-call]
    fitted = (transitions / scale.exp()).detach().clamp(-_GREATEST, _GREATEST).numpy()
    if not np.isfinite(fitted).all():
        return {}
    return {
        f"{before} {after}": round(float(fitted[i, j]), 2)
        for i, before in enumerate(TAGS)
        for j, after in enumerate(TAGS)
        if valid_steps()[i, j] and abs(fitted[i, j]) >= _LEAST
    }


def _by_length(sentences: Sequence[TaggedSentence]) -> Iterator[list[TaggedSentence]]:
    short = sorted((s for s in sentences if len(s.tags) <= _LONGEST), key=lambda s: len(s.tags))
    yield from (short[start : start + _BATCH] for start in range(0, len(short), _BATCH))


def _batch(sentences: Sequence[TaggedSentence]) -> tuple[Tensor, Tensor, Tensor]:
    """Logits ``[B, T, 27]``, tags and mask ``[B, T]``."""
    longest = max(len(sentence.tags) for sentence in sentences)
    logits = torch.zeros(len(sentences), longest, len(TAGS))
    tags = torch.zeros(len(sentences), longest, dtype=torch.long)
    mask = torch.zeros(len(sentences), longest, dtype=torch.bool)
    for row, sentence in enumerate(sentences):
        size = len(sentence.tags)
        logits[row, :size] = torch.from_numpy(sentence.logits)
        tags[row, :size] = torch.from_numpy(sentence.tags)
        mask[row, :size] = True
    return logits, tags, mask


def _surprise(logits: Tensor, tags: Tensor, mask: Tensor, transitions: Tensor) -> Tensor:
    """The negative log-likelihood of the gold tags among all valid sequences, summed.

    The forward recursion in probabilities, so that a step is one product of matrices.
    """
    valid = torch.from_numpy(valid_steps())
    steps = torch.exp(transitions) * valid
    rows = torch.arange(len(tags))
    last = mask.sum(dim=1) - 1
    outside = torch.zeros(len(tags), dtype=torch.long)
    before = torch.cat([outside[:, None], tags[:, :-1]], dim=1)
    chosen = logits.gather(2, tags[..., None])[..., 0] + transitions[before, tags]
    gold = (chosen * mask).sum() + transitions[tags[rows, last], 0].sum()
    forward = logits[:, 0] + torch.where(valid[0], transitions[0], _IMPOSSIBLE)
    for place in range(1, logits.shape[1]):
        top = forward.amax(dim=1, keepdim=True).detach()
        stepped = top + torch.log(torch.exp(forward - top) @ steps + 1e-30) + logits[:, place]
        forward = torch.where(mask[:, place, None], stepped, forward)
    top = forward.amax(dim=1, keepdim=True).detach()
    total = top[:, 0] + torch.log(torch.exp(forward - top) @ steps[:, 0])
    return total.sum() - gold
