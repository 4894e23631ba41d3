"""The joint loss: entities under partial labels, proclitics, relations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import torch
from torch import Tensor, nn

from khabar.modeling import JointModel
from khabar_training.features import IGNORED


def partial_label_loss(logits: Tensor, allowed: Tensor, items: Tensor | None = None) -> Tensor:
    """Mean negative log of the summed probability of the allowed tags.

    A word of a data set that does not know dates may be a date: every tag that the annotation leaves
    open shares the probability (Jin and Ghahramani 2002). A position that allows all tags costs
    nothing and does not count.

    Args:
        logits: ``[B, T, L]``.
        allowed: ``[B, T, L]``, true where the tag is possible.
        items: what the sum is divided by; the positions that count where it is not given.
    """
    total = torch.logsumexp(logits, dim=-1)
    possible = torch.logsumexp(logits.masked_fill(~allowed, float("-inf")), dim=-1)
    asked = ~allowed.all(dim=-1)
    return (total - possible)[asked].sum() / (asked.sum() if items is None else items).clamp(min=1)


class JointObjective(nn.Module):
    """A ``JointModel`` that returns its loss, as transformers.Trainer expects."""

    #: Trainer hands over what the losses of a step made of several batches are divided by.
    accepts_loss_kwargs: Final = True

    def __init__(self, model: JointModel, *, relation_weight: float, proclitic_weight: float) -> None:
        super().__init__()
        self.model = model
        self._relation_weight, self._proclitic_weight = relation_weight, proclitic_weight

    def forward(
        self,
        input_ids: Tensor,
        attention_mask: Tensor,
        allowed_tags: Tensor,
        proclitic: Tensor,
        spans: Tensor,
        pairs: Tensor,
        relations: Tensor,
        allowed_relations: Tensor,
        num_items_in_batch: Tensor | None = None,
    ) -> dict[str, Any]:
        """The loss of a batch; shapes as in ``khabar_training.collate``.

        ``num_items_in_batch`` is the sum of ``loss_items`` over the batches of a step ``[3]``; without it
        the batch is the whole step.
        """
        tags, words, stated = (None, None, None) if num_items_in_batch is None else num_items_in_batch
        logits, hidden, proclitic_logits = self.model.encode(input_ids, attention_mask)
        loss = partial_label_loss(logits.float(), allowed_tags, tags)
        if (proclitic != IGNORED).any():
            loss = loss + self._proclitic_weight * _proclitic_loss(
                proclitic_logits.float().flatten(0, 1), proclitic.flatten(), words
            )
        if self._relation_weight and allowed_relations.any():
            lengths = attention_mask.sum(dim=1)
            total = self._relation_loss(hidden, lengths, spans, pairs, relations, allowed_relations)
            items = _stated(relations, allowed_relations) if stated is None else stated
            loss = loss + self._relation_weight * (total / items)
        return {"loss": loss, "logits": logits}

    @staticmethod
    def loss_items(batch: Mapping[str, Tensor]) -> Tensor:
        """What the losses of tags, proclitics and relations are divided by where the batch is all ``[3]``."""
        asked = (~batch["allowed_tags"].all(dim=-1)).sum()
        words = (batch["proclitic"] != IGNORED).sum()
        return torch.stack(
            [asked.float(), words.float(), _stated(batch["relations"], batch["allowed_relations"])]
        )

    def _relation_loss(
        self,
        hidden: Tensor,
        lengths: Tensor,
        spans: Tensor,
        pairs: Tensor,
        relations: Tensor,
        allowed: Tensor,
    ) -> Tensor:
        """Summed binary cross-entropy over the allowed relations of all candidate pairs.

        Row by row, each with its own pairs: one window with a long list of names has a hundred times
        the pairs of another, and padding to it would cost more than the encoder.
        """
        total = hidden.new_zeros(())
        for row in range(len(hidden)):
            count = int(allowed[row].any(dim=-1).sum())
            if not count:
                continue
            entities = int(pairs[row, :, :count].max()) + 1
            # Padding stays out: the head reads the tokens behind a pair, and serving has none.
            scores = self.model.relations(
                hidden[row : row + 1, : lengths[row]],
                *spans[row, :, :entities].chunk(3),
                *pairs[row, :, :count].chunk(2),
            )[0]
            targets, mask = relations[row, :count].float(), allowed[row, :count]
            losses = nn.functional.binary_cross_entropy_with_logits(scores.float(), targets, reduction="none")
            total = total + (losses * mask).sum()
        return total


def _stated(relations: Tensor, allowed: Tensor) -> Tensor:
    # Nearly all candidate pairs carry nothing: the mean over the stated relations and a floor
    # keeps one long list of names from ruling the batch.
    return relations.sum() + 0.05 * allowed.sum()


def _proclitic_loss(logits: Tensor, targets: Tensor, words: Tensor | None) -> Tensor:
    """Cross-entropy, the mean or the sum divided by ``words``."""
    if words is None:
        return nn.functional.cross_entropy(logits, targets, ignore_index=IGNORED)
    return nn.functional.cross_entropy(logits, targets, ignore_index=IGNORED, reduction="sum") / words
