"""The loss of distillation: a student's tags, proclitics and relations against a teacher's."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from khabar.modeling import JointModel
from khabar_training.objective import JointObjective
from khabar_training.raw_windows import NO_WORD
from khabar_training.teacher import Answers, Teacher


def softened_divergence(student: Tensor, teacher: Tensor, temperature: float) -> Tensor:
    """Mean Kullback-Leibler divergence of softened distributions, times the squared temperature.

    The square keeps the gradients of the same size at every temperature (Hinton et al. 2015, section 2).

    Args:
        student: logits ``[N, L]``; 0 for no row.
        teacher: logits ``[N, L]``.
        temperature: what both are divided by.
    """
    wanted = torch.log_softmax(teacher.float() / temperature, dim=-1)
    found = torch.log_softmax(student.float() / temperature, dim=-1)
    rows = (wanted.exp() * (wanted - found)).sum(dim=-1)
    return temperature**2 * rows.sum() / max(len(rows), 1)


def relation_divergence(student: Tensor, teacher: Tensor, allowed: Tensor) -> Tensor:
    """Summed divergence of each allowed relation of each pair, which is there or not.

    Nothing is softened here: the hundred pairs that carry nothing would outweigh the few that do.

    Args:
        student: logits ``[P, 14]``.
        teacher: logits ``[P, 14]``.
        allowed: relations that each pair may carry ``[P, 14]``.
    """
    taught, found = teacher.float()[allowed], student.float()[allowed]
    wanted, log = torch.sigmoid(taught), nn.functional.logsigmoid
    there = wanted * (log(taught) - log(found))
    absent = (1 - wanted) * (log(-taught) - log(-found))
    return (there + absent).sum()


@dataclass(frozen=True, slots=True)
class LossWeights:
    """Weights of the parts of the loss; see ``DistillConfig``."""

    tag: float
    proclitic: float
    relation: float
    gold: float


class DistillationObjective(nn.Module):
    """A student that returns its loss, as transformers.Trainer expects; the teacher is no part of it."""

    def __init__(
        self, student: JointModel, teacher: Teacher, *, temperature: float, weights: LossWeights
    ) -> None:
        super().__init__()
        # It holds the student: a module that stood here under two names would be saved twice.
        self.gold = JointObjective(
            student, relation_weight=weights.relation, proclitic_weight=weights.proclitic
        )
        self._teacher, self._temperature, self._weights = teacher, temperature, weights

    def forward(
        self, raw: dict[str, Tensor] | None = None, annotated: dict[str, Tensor] | None = None
    ) -> dict[str, Tensor]:
        """The loss of a batch of ``MixedCollator``: the mean over its windows of either kind."""
        parts: list[tuple[int, float, Tensor]] = []
        if raw is not None:
            parts.append((len(raw["input_ids"]), 1.0, self._taught(**raw)))
        if annotated is not None:
            loss = self.gold(**annotated)["loss"]
            parts.append((len(annotated["input_ids"]), self._weights.gold, loss))
        windows = sum(count for count, _, _ in parts)
        return {"loss": torch.stack([count / windows * weight * loss for count, weight, loss in parts]).sum()}

    def _taught(self, input_ids: Tensor, attention_mask: Tensor, sentences: Tensor) -> Tensor:
        weights = self._weights
        # Teacher and student read the same pieces, the hidden ones hidden from both (Beyer et al. 2022).
        answers = self._teacher.answers(
            input_ids, attention_mask, sentences, relations=bool(weights.relation)
        )
        logits, hidden, proclitic = self.gold.model.encode(input_ids, attention_mask)
        # What a model says of the later pieces of a word was never trained: it is not compared.
        words, opens = sentences != NO_WORD, answers.opens
        loss = weights.tag * softened_divergence(logits[words], answers.tag_logits[words], self._temperature)
        loss = loss + weights.proclitic * softened_divergence(
            proclitic[opens], answers.proclitic_logits[opens], self._temperature
        )
        if weights.relation:
            loss = loss + weights.relation * self._relations(hidden, attention_mask.sum(dim=1), answers)
        return loss

    def _relations(self, hidden: Tensor, lengths: Tensor, answers: Answers) -> Tensor:
        """Row by row and over a floor, as ``JointObjective`` weighs gold relations."""
        total, stated = hidden.new_zeros((), dtype=torch.float32), 0.0
        for row, taught in enumerate(answers.relations):
            if taught is None:
                continue
            scores = self.gold.model.relations(
                hidden[row : row + 1, : lengths[row]], *taught.spans.chunk(3), *taught.pairs.chunk(2)
            )[0]
            total = total + relation_divergence(scores, taught.logits, taught.allowed)
            # The expected number of relations stands where gold has their count.
            stated += float(torch.sigmoid(taught.logits.float())[taught.allowed].sum())
            stated += 0.05 * float(taught.allowed.sum())
        return total / stated if stated else total
