"""The one torch file: a stock token classifier with a proclitic head and a relation head beside it.

Needs the ``train`` extra. The token classifier is saved plainly, so that stock transformers loads
it; the two heads stand beside it in ``relation_head.safetensors`` and ``relation_config.json``.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
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
_ATTENTION_HEADS: Final = 4
#: Before a pair, in its first span, between the two, in the second span, behind.
_ZONES: Final = 5


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
    tokens just before and behind the pair are read as well, and the pair looks for what else it needs
    in the whole window.
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
        self.query_norm = nn.LayerNorm(width)
        self.query = nn.Linear(width, width)
        self.key_value = nn.Linear(hidden, 2 * width)
        self.zones = nn.Embedding(_ZONES, _ATTENTION_HEADS)
        self.far = nn.Parameter(torch.zeros(_ATTENTION_HEADS))
        self.mix = nn.Linear(width, width)
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
            span_start: first token of each entity ``[E]``; 1 at least, since ``[CLS]`` is none.
            span_end: token after the last one ``[E]``; at least ``span_start + 1``. Spans do not overlap.
            span_type: index of its label ``[E]``.
            pair_head: entity index ``[P]``.
            pair_tail: entity index ``[P]``.

        Returns:
            Logits ``[P, 14]``; a symmetric relation has the mean of both orders.
        """
        sums = torch.cumsum(nn.functional.pad(hidden, (0, 0, 1, 0)), dim=0)
        mean = _mean(sums, span_start, span_end)
        ends = (hidden[span_start], hidden[span_end - 1])
        spans = torch.cat([*ends, mean, self.types(span_type)], dim=-1)
        as_head, as_tail = self.head_span(spans), self.tail_span(spans)
        entities, pairs = (span_start, span_end, span_type), (pair_head, pair_tail)
        shared = self._context(hidden, sums, entities, pairs)
        both = as_head + as_tail
        shared = shared + self._attended(hidden, both[pair_head] + both[pair_tail] + shared, entities, pairs)
        distance = span_start[pair_tail] - span_start[pair_head]
        forward = self._score(as_head[pair_head] + as_tail[pair_tail] + shared, distance)
        backward = self._score(as_head[pair_tail] + as_tail[pair_head] + shared, -distance)
        return torch.where(self.symmetric, (forward + backward) / 2, forward)

    def _context(
        self, hidden: Tensor, sums: Tensor, spans: tuple[Tensor, Tensor, Tensor], pairs: tuple[Tensor, Tensor]
    ) -> Tensor:
        """What both orders of a pair share: the text around and between its spans ``[P, width]``.

        Every part of it is a token or a mean of tokens at the edge of a span. So the layer is applied to
        the edges of the entities, of which there are far fewer than pairs, and the pairs pick from that.
        """
        start, end, kind = spans
        size, length = self.config.hidden, hidden.shape[0]
        weights = self.context.weight
        mean, opening, closing, before, behind = (weights[:, size * i : size * (i + 1)] for i in range(5))
        linear = nn.functional.linear
        to, since = linear(sums[start], mean), linear(sums[end], mean)
        opens = linear(hidden[end.clamp(max=length - 1)], opening)
        closes = linear(hidden[start - 1], closing)
        left = linear(_mean(sums, (start - _OUTER_CONTEXT).clamp(min=0), start), before)
        right = linear(_mean(sums, end, (end + _OUTER_CONTEXT).clamp(max=length)), behind)
        first, second = _in_text_order(start, pairs)
        inner, outer = end[first], start[second]
        gap = (outer - inner)[:, None].to(hidden.dtype)
        between = (to[second] - since[first]) / gap.clamp(min=1) + opens[first] + closes[second]
        inside = (start >= inner[:, None]) & (start < outer[:, None])
        shared: Tensor = (
            left[first]
            + right[second]
            + between * (gap > 0).to(hidden.dtype)
            + inside.to(hidden.dtype) @ weights[:, 5 * size :].T[kind]
            + self.context.bias
            + self.between(torch.bucketize(inside.sum(-1), self.count_bounds))
        )
        return shared

    def _attended(
        self, hidden: Tensor, pair: Tensor, spans: tuple[Tensor, Tensor, Tensor], pairs: tuple[Tensor, Tensor]
    ) -> Tensor:
        """What a pair finds when it looks over the whole window ``[P, width]``: its verb, above all.

        Attention of the pairs to the tokens (Vaswani et al. 2017). Each head has a bias for every zone of
        the window (before the pair, in its first span, between, in its second span, behind) and a slope by
        which far tokens outside of the pair count less.
        """
        start, end, _ = spans
        first, second = _in_text_order(start, pairs)
        place = torch.arange(hidden.shape[0], device=hidden.device)[None]
        edges = (start[first], end[first], start[second], end[second])
        zone = torch.stack([(place >= edge[:, None]).to(torch.long) for edge in edges]).sum(0)
        outside = (edges[0][:, None] - place).clamp(min=0) + (place - edges[3][:, None] + 1).clamp(min=0)
        size = self.config.width // _ATTENTION_HEADS
        query = self.query(self.query_norm(pair)).view(-1, _ATTENTION_HEADS, size).transpose(0, 1)
        key, value = self.key_value(hidden).chunk(2, dim=-1)
        key = key.reshape(-1, _ATTENTION_HEADS, size).permute(1, 2, 0)
        value = value.reshape(-1, _ATTENTION_HEADS, size).transpose(0, 1)
        bias = self.zones(zone) - nn.functional.softplus(self.far) * 0.1 * outside[..., None].to(hidden.dtype)
        weights = torch.softmax(query @ key / size**0.5 + bias.permute(2, 0, 1), dim=-1)
        found = (weights @ value).transpose(0, 1).reshape(-1, self.config.width)
        mixed: Tensor = self.mix(found)
        return mixed

    def _score(self, pair: Tensor, distance: Tensor) -> Tensor:
        direction = (distance > 0).to(torch.long) * (len(_DISTANCE_BOUNDS) + 1)
        bucket = torch.bucketize(distance.abs(), self.distance_bounds) + direction
        pair = self.dropout(nn.functional.gelu(self.norm(pair + self.distance(bucket))))
        logits: Tensor = self.output(pair + nn.functional.gelu(self.dense(pair)))
        return logits


def _read_config(folder: Path) -> HeadConfig:
    return HeadConfig(**json.loads((folder / HEADS_CONFIG).read_text(encoding="utf-8")))


def _in_text_order(start: Tensor, pairs: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
    """The entities of each pair as they stand in the text, the earlier one first."""
    swapped = start[pairs[1]] < start[pairs[0]]
    return torch.where(swapped, pairs[1], pairs[0]), torch.where(swapped, pairs[0], pairs[1])


def _mean(sums: Tensor, start: Tensor, end: Tensor) -> Tensor:
    """Mean of tokens ``[start, end)`` from sums of the first 0 to T ``[T + 1, D]``; 0 where there is none."""
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
        """A model on an encoder: any checkpoint that ``AutoModel`` knows.

        The heads are fresh; where ``encoder`` is a folder that ``save`` wrote, they go on as they were.
        """
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
        folder = Path(encoder)
        if (folder / HEADS_CONFIG).is_file():
            return cls(classifier, replace(_read_config(folder), dropout=dropout))._with_heads(folder)
        return cls(classifier, HeadConfig(classifier.config.hidden_size, dropout=dropout))

    @classmethod
    def load(cls, folder: Path | str) -> JointModel:
        """Read what ``save`` wrote; the attention is eager, as the export wants it."""
        folder = Path(folder)
        classifier = AutoModelForTokenClassification.from_pretrained(folder, attn_implementation="eager")
        return cls(classifier, _read_config(folder))._with_heads(folder).eval()

    def _with_heads(self, folder: Path) -> JointModel:
        missing, unexpected = self.load_state_dict(load_file(folder / HEADS_WEIGHTS), strict=False)
        lost = [name for name in missing if not name.startswith("classifier.")]
        if lost or unexpected:
            raise ValueError(f"{folder / HEADS_WEIGHTS}: missing {lost}, unexpected {unexpected}")
        return self

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
