"""The relation head: scores for pairs of entities, on the encoder's last hidden state.

Needs the ``train`` extra. Every window calls it once with a handful of pairs, so its time on a CPU goes by
the number of its operators more than by their size: gathers are joined, bucketing is a look-up in a table,
and both orders of a pair are scored together.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, embedding, gelu, linear, softplus

from khabar.schema import ENTITY_LABELS, RELATION_LABELS, RELATION_TYPES

_DISTANCE_BOUNDS: Final = (0, 1, 2, 3, 5, 8, 12, 20, 32, 64)
_FARTHEST: Final = _DISTANCE_BOUNDS[-1] + 1
_COUNT_BOUNDS: Final = (0, 1, 2, 3, 5, 8)
_MOST: Final = _COUNT_BOUNDS[-1] + 1
_OUTER_CONTEXT: Final = 6
_ATTENTION_HEADS: Final = 4
#: Before a pair, in its first span, between the two, in the second span, behind.
_ZONES: Final = 5
#: By how much a head can punish a token outside of the pair for each token of distance, at the start.
_SLOPE: Final = 0.1


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

    nothing: Tensor
    distance_buckets: Tensor
    count_buckets: Tensor
    orders: Tensor
    lowest: Tensor
    highest: Tensor

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
        for name, value in {"nothing": torch.zeros(1, hidden), **_tables()}.items():
            self.register_buffer(name, value, persistent=False)

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
            hidden: last hidden state ``[1, T, H]``, without padding: the tokens behind a pair are read.
            span_start: first token of each entity ``[1, E]``; 1 at least, since ``[CLS]`` is none. The
                entities stand in the order of the text and do not overlap.
            span_end: token after the last one ``[1, E]``; at least ``span_start + 1``.
            span_type: index of its label ``[1, E]``.
            pair_head: entity index ``[1, P]``, of one pair at least.
            pair_tail: entity index ``[1, P]``.

        Returns:
            Logits ``[1, P, 14]``; a symmetric relation has the mean of both orders.
        """
        states = hidden.squeeze(0)
        # Sums of the first 0 to T tokens: the mean of any run is a difference of two rows.
        sums = torch.cumsum(torch.cat([self.nothing, states]), dim=0)
        bounds = torch.cat([span_start, span_end])
        means = _means(sums, *_runs(bounds, states.shape[0]))
        at_ends = embedding(torch.cat([span_start, span_end - 1]), states)
        spans = torch.cat([at_ends[:1], at_ends[1:], means[:1], self.types(span_type)], dim=-1).squeeze(0)
        first = torch.minimum(pair_head, pair_tail).squeeze(0)
        second = torch.maximum(pair_head, pair_tail).squeeze(0)
        edges = torch.cat([bounds.index_select(1, first), bounds.index_select(1, second)])
        around = self._around(states, bounds, span_type, (embedding(bounds, sums), means[1:]))
        shared = self._shared(around, first, second, edges)
        heads = torch.cat([pair_head, pair_tail])
        tails = torch.cat([pair_tail, pair_head])
        orders = embedding(heads, self.head_span(spans)) + embedding(tails, self.tail_span(spans))
        shared = shared + self._attended(states, orders.sum(0) + shared, edges)
        start = span_start.squeeze(0)
        return self._score(orders + shared, start[tails] - start[heads])

    def _around(
        self, states: Tensor, bounds: Tensor, span_type: Tensor, read: tuple[Tensor, Tensor]
    ) -> tuple[Tensor, Tensor]:
        """The context of a pair, split by entity: what each gives as the first of two, and as the second.

        Every part of the context is a token or a mean of tokens at the edge of a span. So the layer is
        applied to the edges of the entities, of which there are far fewer than pairs, and pairs add up what
        their two entities give.

        Returns:
            Two tables ``[3, E, width]``; the rows are what counts for any pair, what counts only where
            tokens stand between the spans, and the two ends of the sum of those tokens.
        """
        sums, outer = read
        size = self.config.hidden
        weights = self.context.weight
        mean, opening, closing, before, behind = (weights[:, size * i : size * (i + 1)] for i in range(5))
        to, since = linear(sums, mean).unbind(0)
        inside = torch.cat([bounds[1:].clamp(max=states.shape[0] - 1), bounds[:1] - 1])
        inner = embedding(inside, states)
        left, right = linear(outer[0], before), linear(outer[1], behind)
        labels = embedding(span_type.squeeze(0), weights[:, 5 * size :].T)
        passed = torch.cumsum(labels, dim=0)
        return (
            torch.stack([left - passed, linear(inner[0], opening), -since]),
            torch.stack([right + passed - labels, linear(inner[1], closing), to]),
        )

    def _shared(self, around: tuple[Tensor, Tensor], first: Tensor, second: Tensor, edges: Tensor) -> Tensor:
        """What both orders of a pair share: the text around and between its spans ``[P, width]``."""
        parts = around[0].index_select(1, first) + around[1].index_select(1, second)
        gap = (edges[2] - edges[1])[:, None].to(parts.dtype)
        between = (parts[1] + parts[2] / gap.clamp(min=1)) * gap.clamp(max=1)
        counts = embedding(self.count_buckets, self.between.weight)
        met = embedding((second - first).clamp(max=_MOST + 1), counts)
        shared: Tensor = parts[0] + between + met + self.context.bias
        return shared

    def _attended(self, states: Tensor, pair: Tensor, edges: Tensor) -> Tensor:
        """What a pair finds when it looks over the whole window ``[P, width]``: its verb, above all.

        Attention of the pairs to the tokens (Vaswani et al. 2017). Each head has a bias for every zone of
        the window (before the pair, in its first span, between, in its second span, behind) and a slope by
        which far tokens outside of the pair count less.
        """
        place = torch.arange(states.shape[0], device=states.device)
        ends = torch.cat([edges[:2], edges[:1], edges[2:], edges[3:]])
        # 0 from each edge on and -1 before it; the distances to the first edge and from the last one.
        reached = (place - ends[..., None]).to(states.dtype).minimum(self.highest).maximum(self.lowest)
        steps = self.zones.weight[1:] - self.zones.weight[:-1]
        far = _SLOPE * softplus(self.far)[None]
        slopes = torch.cat([steps[:2], far, steps[2:], -far]).T
        bias = conv2d(reached[None], slopes[..., None, None], self.zones.weight[-1] - far[0])
        size = self.config.width // _ATTENTION_HEADS
        query = self.query(self.query_norm(pair)).view(-1, _ATTENTION_HEADS, size).transpose(0, 1)
        both = linear(states, self.key_value.weight).view(-1, 2 * _ATTENTION_HEADS, size).transpose(0, 1)
        key, value = both[:_ATTENTION_HEADS], both[_ATTENTION_HEADS:]
        weights = torch.softmax(query @ key.transpose(1, 2) / size**0.5 + bias[0], dim=-1)
        found = (weights @ value).transpose(0, 1).reshape(-1, self.config.width)
        # The bias of the values goes in once a pair, since the weights add up to 1; that of the keys moves
        # all scores of a pair alike and does nothing.
        mixed: Tensor = self.mix(found + self.key_value.bias[self.config.width :])
        return mixed

    def _score(self, pairs: Tensor, distance: Tensor) -> Tensor:
        """Logits ``[1, P, 14]`` of pairs in both orders ``[2, P, width]``, the given one first."""
        buckets = embedding(self.distance_buckets, self.distance.weight)
        pairs = pairs + embedding(distance.clamp(-_FARTHEST, _FARTHEST) + _FARTHEST, buckets)
        pairs = self.dropout(gelu(self.norm(pairs)))
        logits: Tensor = self.output(pairs + gelu(self.dense(pairs)))
        return (logits * self.orders).sum(0, keepdim=True)


def _tables() -> dict[str, Tensor]:
    """What the head looks up, made of its constants."""
    far = torch.arange(-_FARTHEST, _FARTHEST + 1)
    met = torch.arange(-1, _MOST + 1).clamp(min=0)
    symmetric = torch.tensor([float(relation.symmetric) for relation in RELATION_TYPES])
    endless = float("inf")
    return {
        # Bucket of each distance from -65 to 65: near to far, first those to a head further on.
        "distance_buckets": torch.bucketize(far.abs(), torch.tensor(_DISTANCE_BOUNDS))
        + (far > 0).long() * (len(_DISTANCE_BOUNDS) + 1),
        # Bucket of the entities between the n-th and the (n + k)-th, by k.
        "count_buckets": torch.bucketize(met, torch.tensor(_COUNT_BOUNDS)),
        # Parts of the two orders ``[2, 1, 14]``: a symmetric relation has the mean of both.
        "orders": torch.stack([1 - symmetric / 2, symmetric / 2])[:, None],
        # Bounds by row: start and end of the first span reached or not (0 or -1), distance of a token before
        # it (0 and less), start and end of the second span reached or not, distance of one behind it (-1 and
        # more).
        "lowest": torch.tensor([-1.0, -1.0, -endless, -1.0, -1.0, -1.0])[:, None, None],
        "highest": torch.tensor([0.0, 0.0, 0.0, 0.0, 0.0, endless])[:, None, None],
    }


def _runs(bounds: Tensor, length: int) -> tuple[Tensor, Tensor]:
    """Starts and ends ``[3, E]`` of the runs of tokens that are averaged: span, before it, behind it."""
    before, behind = bounds[:1] - _OUTER_CONTEXT, bounds[1:] + _OUTER_CONTEXT
    starts = torch.cat([bounds[:1], before.clamp(min=0), bounds[1:]])
    return starts, torch.cat([bounds[1:], bounds[:1], behind.clamp(max=length)])


def _means(sums: Tensor, starts: Tensor, ends: Tensor) -> Tensor:
    """Means of runs of tokens from sums of the first 0 to T tokens ``[T + 1, H]``; 0 where a run is empty."""
    count = (ends - starts).clamp(min=1)[..., None].to(sums.dtype)
    return (embedding(ends, sums) - embedding(starts, sums)) / count
