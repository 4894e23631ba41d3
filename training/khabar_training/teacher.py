"""What a fine-tuned model says of raw text: tags, the proclitics of its entities, relations between them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from torch import Tensor
from transformers import PreTrainedTokenizerFast

from khabar.candidates import LABEL_IDS, candidate_pairs
from khabar.modeling import JointModel
from khabar.tag_path import best_path
from khabar.tagging import TAGS, tags_to_spans
from khabar_training.config import ConfigError
from khabar_training.features import Ids
from khabar_training.raw_windows import NO_WORD


@dataclass(frozen=True, slots=True)
class TaughtPairs:
    """The candidate pairs of one window.

    Attributes:
        spans: first token, token after the last, label id of each entity ``[3, E]``.
        pairs: head and tail, as indices of entities ``[2, P]``.
        allowed: relations that each pair may carry ``[P, 14]``.
        logits: of the teacher's relation head ``[P, 14]``.
    """

    spans: Tensor
    pairs: Tensor
    allowed: Tensor
    logits: Tensor


@dataclass(frozen=True, slots=True)
class Answers:
    """What the teacher says of a batch.

    Attributes:
        tag_logits: ``[B, T, 27]``.
        proclitic_logits: ``[B, T, 4]``.
        opens: whether an entity of the teacher begins at a token ``[B, T]``.
        relations: for each row its pairs, ``None`` where there are none or nobody asked.
    """

    tag_logits: Tensor
    proclitic_logits: Tensor
    opens: Tensor
    relations: list[TaughtPairs | None]


class Teacher:
    """A frozen model. No ``nn.Module``: the student's checkpoints and parameters leave it out."""

    def __init__(self, model: JointModel) -> None:
        self._model = model.eval().requires_grad_(False)

    @torch.no_grad()
    def answers(
        self, input_ids: Tensor, attention_mask: Tensor, sentences: Tensor, *, relations: bool
    ) -> Answers:
        """Read a batch.

        Args:
            input_ids: ``[B, T]``.
            attention_mask: ``[B, T]``, 1 where there is a token.
            sentences: number of the sentence of the word that begins at a token, else ``NO_WORD`` ``[B, T]``.
            relations: whether pairs of entities are scored as well.
        """
        self._model.to(input_ids.device)
        tag_logits, hidden, proclitic_logits = self._model.encode(input_ids, attention_mask)
        lengths = attention_mask.sum(dim=1).tolist()
        opens = torch.zeros_like(sentences, dtype=torch.bool)
        pairs: list[TaughtPairs | None] = []
        rows = zip(tag_logits.float().cpu().numpy(), sentences.cpu().numpy(), lengths, strict=True)
        for row, (logits, numbers, length) in enumerate(rows):
            spans, places = decode_spans(logits[:length], numbers[:length])
            opens[row, torch.from_numpy(spans[0])] = True
            pairs.append(self._pairs(hidden[row, :length], spans, places) if relations else None)
        return Answers(tag_logits, proclitic_logits, opens, pairs)

    def _pairs(self, hidden: Tensor, spans: Ids, sentences: Ids) -> TaughtPairs | None:
        labels = [list(LABEL_IDS)[kind] for kind in spans[2].tolist()]
        heads, tails, allowed = candidate_pairs(labels, sentences)
        if not len(heads):
            return None
        entities = torch.from_numpy(spans).to(hidden.device)
        pairs = torch.from_numpy(np.stack([heads, tails])).to(hidden.device)
        logits = self._model.relations(hidden[None], *entities.chunk(3), *pairs.chunk(2))[0]
        return TaughtPairs(entities, pairs, torch.from_numpy(allowed).to(hidden.device), logits)


def decode_spans(logits: np.ndarray[Any, Any], sentences: np.ndarray[Any, Any]) -> tuple[Ids, Ids]:
    """The entities of one window, decoded as the runtime does.

    Args:
        logits: tag logits of its tokens, without padding ``[T, 27]``.
        sentences: number of the sentence of the word that begins at a token, else ``NO_WORD`` ``[T]``.

    Returns:
        First token, token after the last and label id of each entity ``[3, E]``; its sentence ``[E]``.
    """
    first = np.flatnonzero(sentences != NO_WORD)
    numbers = sentences[first].astype(np.int64)
    if not len(first):
        return np.zeros((3, 0), dtype=np.int64), numbers
    tags = best_path(logits[first], np.flatnonzero(np.diff(numbers)) + 1)
    spans = tags_to_spans(tags)
    # The last word ends where [SEP] stands, the last token of the window.
    edges = np.append(first, len(sentences) - 1)
    rows = [(edges[span.first], edges[span.last], LABEL_IDS[span.label]) for span in spans]
    entities = np.array(rows, dtype=np.int64).reshape(-1, 3).T
    return np.ascontiguousarray(entities), numbers[[span.first for span in spans]]


def load_teacher(folder: Path) -> JointModel:
    """Read a checkpoint of a fine-tuning run.

    Raises:
        ConfigError: the folder holds no such checkpoint, or one of another label schema.
    """
    try:
        model = JointModel.load(folder)
    except (OSError, ValueError, RuntimeError, TypeError, SafetensorError) as error:
        raise ConfigError(
            f"teacher: {folder}: no checkpoint of a fine-tuning run (RUN/checkpoint): {error}"
        ) from error
    labels = tuple(label for _, label in sorted(model.classifier.config.id2label.items()))
    if labels != TAGS:
        raise ConfigError(f"teacher: {folder}: its tags are not those of this schema: {', '.join(labels)}")
    return model


def check_same_tokenizer(teacher: PreTrainedTokenizerFast, student: PreTrainedTokenizerFast) -> None:
    """Refuse a student that splits text otherwise: logits are compared token by token.

    Raises:
        ConfigError: names what differs.
    """
    ours, theirs = student.get_vocab(), teacher.get_vocab()
    differing = "vocabulary" if ours != theirs else _differing_part(teacher, student)
    if differing:
        sizes = f" ({len(ours)} and {len(theirs)} entries)" if differing == "vocabulary" else ""
        raise ConfigError(
            f"student: its tokenizer is not the teacher's, the {differing} differs{sizes}; they are compared"
            " token by token: take an encoder that was pre-trained with the teacher's tokenizer.json"
        )


def _differing_part(teacher: PreTrainedTokenizerFast, student: PreTrainedTokenizerFast) -> str | None:
    first, second = (json.loads(fast.backend_tokenizer.to_str()) for fast in (teacher, student))
    parts = {"normalizer": "normaliser", "pre_tokenizer": "pre-tokenizer", "model": "segmentation"}
    return next((name for key, name in parts.items() if first[key] != second[key]), None)
