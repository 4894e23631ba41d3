"""The one torch file: a stock token classifier with a proclitic head and a relation head beside it.

Needs the ``train`` extra. The token classifier is saved plainly, so that stock transformers loads
it; the two heads stand beside it in ``relation_head.safetensors`` and ``relation_config.json``.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from transformers import AutoConfig, AutoModelForTokenClassification, PreTrainedModel

from khabar.schema import ENTITY_LABELS, RELATION_LABELS, RELATION_TYPES
from khabar.tagging import TAGS

HEADS_WEIGHTS: Final = "relation_head.safetensors"
HEADS_CONFIG: Final = "relation_config.json"
PROCLITIC_CLASSES: Final = 4

#: What BERT and ModernBERT call the dropout outside of attention.
DROPOUTS: Final = ("hidden_dropout_prob", "embedding_dropout", "mlp_dropout", "classifier_dropout")
_DISTANCE_BOUNDS: Final = (0, 1, 2, 3, 5, 8, 12, 20, 32, 64)
_COUNT_BOUNDS: Final = (0, 1, 2, 3, 5, 8)
_OUTER_CONTEXT: Final = 6


@dataclass(frozen=True, slots=True)
class HeadConfig:
    """Sizes of the relation head.

    Attributes:
        hidden: size of the encoder's hidden state.
        width: size of the pair representation.
        type_width: size of the embedding of an entity label.
        dropout: dropout on pair representations while training.
    """

    hidden: int
    width: int = 160
    type_width: int = 24
    dropout: float = 0.2


class RelationHead(nn.Module):
    """Scores typed entity pairs on the encoder's last hidden state.

    A span is its first, last and mean token with an embedding of its label (as in PURE, Zhong and
    Chen 2021); between the spans stands the mean of the tokens and a histogram of the labels met
    there (SpERT, Eberts and Ulges 2020, max-pools the former). Arabic puts the verb first, so the
    tokens just before and behind the pair are read as well.
    """

    symmetric: Tensor
    distance_bounds: Tensor
    count_bounds: Tensor

    def __init__(self, config: HeadConfig) -> None:
        super().__init__()
        hidden, width = config.hidden, config.width
        self.config = config
        self.types = nn.Embedding(len(ENTITY_LABELS), config.type_width)
        span = 3 * hidden + config.type_width
        self.head_span = nn.Linear(span, width)
        self.tail_span = nn.Linear(span, width)
        self.context = nn.Linear(5 * hidden + len(ENTITY_LABELS), width)
        self.distance = nn.Embedding(2 * (len(_DISTANCE_BOUNDS) + 1), width)
        self.between = nn.Embedding(len(_COUNT_BOUNDS) + 1, width)
        self.norm = nn.LayerNorm(width)
        self.dense = nn.Linear(width, width)
        self.dropout = nn.Dropout(config.dropout)
        self.output = nn.Linear(width, len(RELATION_LABELS))
        self.register_buffer(
            "symmetric", torch.tensor([r.symmetric for r in RELATION_TYPES]), persistent=False
        )
        self.register_buffer("distance_bounds", torch.tensor(_DISTANCE_BOUNDS), persistent=False)
        self.register_buffer("count_bounds", torch.tensor(_COUNT_BOUNDS), persistent=False)

    def forward(
        self,
        hidden: Tensor,
        span_start: Tensor,
        span_end: Tensor,
        span_type: Tensor,
        pair_head: Tensor,
        pair_tail: Tensor,
    ) -> Tensor:
        """Score the pairs of one window.

        Args:
            hidden: last hidden state ``[T, H]``, without padding: the tokens behind a pair are read.
            span_start: first token of each entity ``[E]``.
            span_end: token after the last one ``[E]``; at least ``span_start + 1``.
            span_type: index of its label ``[E]``.
            pair_head: entity index ``[P]``.
            pair_tail: entity index ``[P]``.

        Returns:
            Logits ``[P, 14]``; a symmetric relation has the mean of both orders.
        """
        mean = _mean(_sums(hidden), span_start, span_end)
        ends = (hidden[span_start], hidden[span_end - 1])
        spans = torch.cat([*ends, mean, self.types(span_type)], dim=-1)
        as_head, as_tail = self.head_span(spans), self.tail_span(spans)
        shared = self._context(hidden, (span_start, span_end, span_type), pair_head, pair_tail)
        distance = span_start[pair_tail] - span_start[pair_head]
        forward = self._score(as_head[pair_head] + as_tail[pair_tail] + shared, distance)
        backward = self._score(as_head[pair_tail] + as_tail[pair_head] + shared, -distance)
        return torch.where(self.symmetric, (forward + backward) / 2, forward)

    def _context(
        self, hidden: Tensor, spans: tuple[Tensor, Tensor, Tensor], first: Tensor, second: Tensor
    ) -> Tensor:
        """What both orders of a pair share: the text around and between its spans ``[P, width]``."""
        start, end, kind = spans
        left, outer = torch.minimum(start[first], start[second]), torch.maximum(start[first], start[second])
        inner, right = torch.minimum(end[first], end[second]), torch.maximum(end[first], end[second])
        # Every part of the context is a token or a mean of tokens: the layer is applied to the tokens,
        # of which there are fewer than pairs in a sentence full of names.
        width = self.config.width
        size = 5 * self.config.hidden
        weights = self.context.weight[:, :size].view(width, 5, self.config.hidden)
        tokens = hidden @ weights.permute(2, 1, 0).reshape(self.config.hidden, 5 * width)
        between, opening, closing, before, behind = tokens.chunk(5, dim=-1)
        length = hidden.shape[0]
        inside = (start >= inner[:, None]) & (start < outer[:, None])
        labels = self.context.weight[:, size:].T[kind]
        gap = (outer > inner)[:, None].to(hidden.dtype)
        shared: Tensor = (
            gap * _mean(_sums(between), inner, torch.maximum(outer, inner + 1).clamp(max=length))
            + gap * opening[inner.clamp(max=length - 1)]
            + gap * closing[(outer - 1).clamp(min=0)]
            + _mean(_sums(before), (left - _OUTER_CONTEXT).clamp(min=0), left.clamp(min=1))
            + _mean(_sums(behind), right, torch.maximum((right + _OUTER_CONTEXT).clamp(max=length), right))
            + inside.to(hidden.dtype) @ labels
            + self.context.bias
            + self.between(torch.bucketize(inside.sum(-1), self.count_bounds))
        )
        return shared

    def _score(self, pair: Tensor, distance: Tensor) -> Tensor:
        direction = (distance > 0).to(torch.long) * (len(_DISTANCE_BOUNDS) + 1)
        bucket = torch.bucketize(distance.abs(), self.distance_bounds) + direction
        pair = self.dropout(nn.functional.gelu(self.norm(pair + self.distance(bucket))))
        logits: Tensor = self.output(pair + nn.functional.gelu(self.dense(pair)))
        return logits


def _sums(values: Tensor) -> Tensor:
    """Sums of the first 0 to T tokens: ``[T, D]`` -> ``[T + 1, D]``."""
    return torch.cumsum(nn.functional.pad(values, (0, 0, 1, 0)), dim=0)


def _mean(sums: Tensor, start: Tensor, end: Tensor) -> Tensor:
    """Mean of tokens ``[start, end)`` from ``_sums``; zero where there is none."""
    count = (end - start).clamp(min=1)[:, None].to(sums.dtype)
    return (sums[end] - sums[start]) / count


class JointModel(nn.Module):
    """Entities, proclitics and relations on one encoder."""

    def __init__(self, classifier: PreTrainedModel, config: HeadConfig) -> None:
        super().__init__()
        self.classifier = classifier
        self.config = config
        self.proclitic = nn.Linear(config.hidden, PROCLITIC_CLASSES)
        self.relations = RelationHead(config)

    @classmethod
    def from_encoder(
        cls,
        encoder: str | Path,
        *,
        dropout: float = 0.2,
        encoder_dropout: float = 0.1,
        revision: str | None = None,
    ) -> JointModel:
        """A model with fresh heads on an encoder: any checkpoint that ``AutoModel`` knows."""
        config = AutoConfig.from_pretrained(encoder, revision=revision)
        for name in DROPOUTS:
            if hasattr(config, name):
                setattr(config, name, encoder_dropout)
        config.num_labels = len(TAGS)
        config.id2label = dict(enumerate(TAGS))
        config.label2id = {tag: index for index, tag in enumerate(TAGS)}
        classifier = AutoModelForTokenClassification.from_pretrained(
            encoder,
            config=config,
            revision=revision,
            dtype=torch.float32,
            # An encoder that was a token classifier of other labels before gets a fresh last layer.
            ignore_mismatched_sizes=True,
        )
        return cls(classifier, HeadConfig(classifier.config.hidden_size, dropout=dropout))

    @classmethod
    def load(cls, folder: Path | str) -> JointModel:
        """Read what ``save`` wrote; the attention is eager, as the export wants it."""
        folder = Path(folder)
        config = HeadConfig(**json.loads((folder / HEADS_CONFIG).read_text(encoding="utf-8")))
        classifier = AutoModelForTokenClassification.from_pretrained(folder, attn_implementation="eager")
        model = cls(classifier, config)
        weights = load_file(folder / HEADS_WEIGHTS)
        missing, unexpected = model.load_state_dict(weights, strict=False)
        lost = [name for name in missing if not name.startswith("classifier.")]
        if lost or unexpected:
            raise ValueError(f"{folder / HEADS_WEIGHTS}: missing {lost}, unexpected {unexpected}")
        return model.eval()

    def save(self, folder: Path | str) -> None:
        """Write the token classifier as stock transformers does, and the heads beside it."""
        folder = Path(folder)
        self.classifier.save_pretrained(folder)
        heads = {
            name: value.detach().cpu().contiguous()
            for name, value in self.state_dict().items()
            if not name.startswith("classifier.")
        }
        save_file(heads, folder / HEADS_WEIGHTS)
        (folder / HEADS_CONFIG).write_text(json.dumps(asdict(self.config), indent=2) + "\n", encoding="utf-8")

    def encode(self, input_ids: Tensor, attention_mask: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Read windows.

        Args:
            input_ids: ``[B, T]``.
            attention_mask: ``[B, T]``, 1 where there is a token.

        Returns:
            Tag logits ``[B, T, 27]``, last hidden state ``[B, T, H]``, proclitic logits ``[B, T, 4]``.
        """
        output = self.classifier(
            input_ids=input_ids, attention_mask=attention_mask, output_hidden_states=True
        )
        hidden = output.hidden_states[-1]
        return output.logits, hidden, self.proclitic(hidden)
