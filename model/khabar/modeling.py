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
        last_hidden_state: Tensor,
        span_start: Tensor,
        span_end: Tensor,
        span_type: Tensor,
        pair_head: Tensor,
        pair_tail: Tensor,
        lengths: Tensor | None = None,
    ) -> Tensor:
        """Score pairs.

        Args:
            last_hidden_state: ``[B, T, H]``.
            span_start: first token of each entity ``[B, E]``.
            span_end: token after the last one ``[B, E]``; at least ``span_start + 1``.
            span_type: index of its label ``[B, E]``.
            pair_head: entity index ``[B, P]``.
            pair_tail: entity index ``[B, P]``.
            lengths: tokens of each row without its padding ``[B]``; all of them where not given.

        Returns:
            Logits ``[B, P, 14]``; a symmetric relation has the mean of both orders.
        """
        sums = torch.cumsum(nn.functional.pad(last_hidden_state, (0, 0, 1, 0)), dim=1)
        spans = self._spans(last_hidden_state, sums, span_start, span_end, span_type)
        as_head, as_tail = self.head_span(spans), self.tail_span(spans)
        # Padding must stay out of the context behind a pair: serving reads one row without any.
        if lengths is None:
            limit = torch.full_like(span_start[:, :1], last_hidden_state.shape[1])
        else:
            limit = lengths[:, None]
        shared = self._between(
            last_hidden_state, sums, (span_start, span_end, span_type), pair_head, pair_tail, limit
        )
        forward = self._score(as_head, as_tail, shared, span_start, pair_head, pair_tail)
        backward = self._score(as_head, as_tail, shared, span_start, pair_tail, pair_head)
        return torch.where(self.symmetric, (forward + backward) / 2, forward)

    def _spans(self, hidden: Tensor, sums: Tensor, start: Tensor, end: Tensor, kind: Tensor) -> Tensor:
        mean = _mean(sums, start, end)
        return torch.cat([_take(hidden, start), _take(hidden, end - 1), mean, self.types(kind)], dim=-1)

    def _between(
        self,
        hidden: Tensor,
        sums: Tensor,
        spans: tuple[Tensor, Tensor, Tensor],
        first: Tensor,
        second: Tensor,
        limit: Tensor,
    ) -> Tensor:
        """What both orders of a pair share: the text around and between its spans ``[B, P, width]``."""
        start, end, kind = spans
        starts = torch.stack([start.gather(1, first), start.gather(1, second)])
        ends = torch.stack([end.gather(1, first), end.gather(1, second)])
        left, inner, outer, right = starts.amin(0), ends.amin(0), starts.amax(0), ends.amax(0)
        behind = torch.minimum(right + _OUTER_CONTEXT, limit)
        longest = hidden.shape[1] - 1
        gap = outer - inner
        inside = (start[:, None, :] >= inner[:, :, None]) & (start[:, None, :] < outer[:, :, None])
        histogram = inside.to(hidden.dtype) @ nn.functional.one_hot(kind, len(ENTITY_LABELS)).to(hidden.dtype)
        some = (gap > 0)[..., None].to(hidden.dtype)
        context = torch.cat(
            [
                _mean(sums, inner, torch.maximum(outer, inner + 1)) * some,
                _take(hidden, inner.clamp(max=longest)) * some,
                _take(hidden, (outer - 1).clamp(min=0)) * some,
                _mean(sums, (left - _OUTER_CONTEXT).clamp(min=0), left.clamp(min=1)),
                _mean(sums, right, torch.maximum(behind, right)),
                histogram,
            ],
            dim=-1,
        )
        count = torch.bucketize(inside.sum(-1), self.count_bounds)
        shared: Tensor = self.context(context) + self.between(count)
        return shared

    def _score(
        self, as_head: Tensor, as_tail: Tensor, shared: Tensor, start: Tensor, head: Tensor, tail: Tensor
    ) -> Tensor:
        difference = start.gather(1, tail) - start.gather(1, head)
        direction = (difference > 0).to(torch.long) * (len(_DISTANCE_BOUNDS) + 1)
        bucket = torch.bucketize(difference.abs(), self.distance_bounds) + direction
        pair = _take(as_head, head) + _take(as_tail, tail) + shared + self.distance(bucket)
        pair = self.dropout(nn.functional.gelu(self.norm(pair)))
        logits: Tensor = self.output(pair + nn.functional.gelu(self.dense(pair)))
        return logits


def _take(values: Tensor, index: Tensor) -> Tensor:
    """``values[b, index[b, i]]``: ``[B, T, H]`` and ``[B, I]`` -> ``[B, I, H]``."""
    return values.gather(1, index[..., None].expand(-1, -1, values.shape[-1]))


def _mean(sums: Tensor, start: Tensor, end: Tensor) -> Tensor:
    """Mean of tokens ``[start, end)`` from cumulative sums ``[B, T + 1, H]``."""
    count = (end - start).clamp(min=1)[..., None].to(sums.dtype)
    return (_take(sums, end) - _take(sums, start)) / count


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
