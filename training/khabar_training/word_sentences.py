"""Sentences of a CoNLL file as pieces and word tags, changed anew each epoch, and batches of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from khabar.document import Document
from khabar.tagging import OUTSIDE
from khabar.tokenization import WordTokenizer
from khabar_training.mentions import mention_pool, replace_mentions
from khabar_training.spelling import careless

#: What cross-entropy passes over: the pieces of a word behind its first, and padding.
_IGNORED: Final = -100


@dataclass(frozen=True, slots=True)
class Sentence:
    """Words of one sentence, or of a part of a long one.

    Attributes:
        ids: pieces with ``[CLS]`` and ``[SEP]``.
        first: index in ``ids`` of each word's first piece.
        tags: the gold IOB2 tag of each word.
    """

    ids: list[int]
    first: list[int]
    tags: list[str]


def to_sentences(documents: Iterable[Document], tokenizer: WordTokenizer, max_tokens: int) -> list[Sentence]:
    """Sentences as ``read_conll`` gives them, as pieces; one longer than ``max_tokens`` becomes several.

    A token of the file that the tokenizer would split («القاهرة.») stays one word.
    """
    return [part for document in documents for part in _sentences(document, tokenizer, max_tokens)]


class TrainingSentences(Dataset[Sentence]):
    """The sentences of a training file, some of their names exchanged and misspelt anew each epoch.

    New names come from the file itself. The number of sentences stays that of the first epoch.
    """

    def __init__(
        self,
        documents: Sequence[Document],
        tokenizer: WordTokenizer,
        max_tokens: int,
        *,
        mention_replacement: float,
        spelling_noise: float,
        seed: int,
    ) -> None:
        self._documents, self._tokenizer, self._max_tokens = documents, tokenizer, max_tokens
        self._replacement, self._noise, self._seed = mention_replacement, spelling_noise, seed
        labels = {entity.label for document in documents for entity in document.entities}
        self._pool = mention_pool(documents, labels=labels)
        self._sentences = self._built(0)
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Change the sentences anew; the same for the same epoch."""
        if epoch == self.epoch or not (self._replacement or self._noise):
            self.epoch = epoch
            return
        size = len(self._sentences)
        built = self._built(epoch)
        # A sentence with longer names may need to be cut.
        self._sentences = [*built, *built[: max(0, size - len(built))]][:size]
        self.epoch = epoch

    def __len__(self) -> int:
        return len(self._sentences)

    def __getitem__(self, index: int) -> Sentence:
        return self._sentences[index]

    def lengths(self) -> list[int]:
        """Pieces of each sentence."""
        return [len(sentence.ids) for sentence in self._sentences]

    def _built(self, epoch: int) -> list[Sentence]:
        random = np.random.default_rng((self._seed, epoch))
        changed = [self._changed(document, random) for document in self._documents]
        sentences = to_sentences(changed, self._tokenizer, self._max_tokens)
        return [sentences[i] for i in random.permutation(len(sentences))]

    def _changed(self, document: Document, random: np.random.Generator) -> Document:
        if random.random() < self._noise:
            document = careless(document, random)
        if self._replacement:
            document = replace_mentions(document, self._pool, self._replacement, random)
        return document


def _sentences(document: Document, tokenizer: WordTokenizer, max_tokens: int) -> list[Sentence]:
    tags = _word_tags(document)
    sentences = [_empty(tokenizer)]
    for word, tag in zip(document.text.split(" "), tags, strict=True):
        pieces = tokenizer.words(word, 0, len(word)).ids.tolist() or [tokenizer.unk_id]
        pieces = pieces[: max_tokens - 2]
        if len(sentences[-1].ids) + len(pieces) + 1 > max_tokens:
            sentences.append(_empty(tokenizer))
        part = sentences[-1]
        part.first.append(len(part.ids))
        part.ids.extend(pieces)
        part.tags.append(tag)
    for part in sentences:
        part.ids.append(tokenizer.sep_id)
    return sentences


def _empty(tokenizer: WordTokenizer) -> Sentence:
    return Sentence([tokenizer.cls_id], [], [])


def _word_tags(document: Document) -> list[str]:
    opened = {entity.start: f"B-{entity.label}" for entity in document.entities}
    inside = {
        position: f"I-{entity.label}"
        for entity in document.entities
        for position in range(entity.start + 1, entity.end)
    }
    tags, position = [], 0
    for word in document.text.split(" "):
        tags.append(opened.get(position) or inside.get(position, OUTSIDE))
        position += len(word) + 1
    return tags


class SentenceCollator:
    """Pads a batch and hides some pieces behind ``[MASK]``."""

    def __init__(self, tags: Sequence[str], pad_id: int, mask_id: int, token_dropout: float) -> None:
        self._index = {tag: index for index, tag in enumerate(tags)}
        self._pad_id, self._mask_id, self._token_dropout = pad_id, mask_id, token_dropout

    def __call__(self, sentences: Sequence[Sentence]) -> dict[str, Tensor]:
        """Ids, mask and labels ``[B, T]``; only the first piece of a word has a label."""
        size = (len(sentences), max(len(sentence.ids) for sentence in sentences))
        ids, labels = torch.full(size, self._pad_id), torch.full(size, _IGNORED)
        for row, sentence in enumerate(sentences):
            ids[row, : len(sentence.ids)] = torch.tensor(sentence.ids)
            labels[row, sentence.first] = torch.tensor([self._index[tag] for tag in sentence.tags])
        attention = (ids != self._pad_id).long()
        hidden = (torch.rand(size) < self._token_dropout) & (attention == 1)
        hidden[:, 0] = False
        return {
            "input_ids": ids.masked_fill(hidden, self._mask_id),
            "attention_mask": attention,
            "labels": labels,
        }
