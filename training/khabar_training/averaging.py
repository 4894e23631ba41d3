"""The mean of the weights of several runs that went on from one another.

Runs that start from one another and end at a low rate lie around one wide minimum: the mean of their
weights is nearer to its middle than each of them (Izmailov et al. 2018, stochastic weight averaging), and
costs nothing to run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from safetensors import SafetensorError
from torch import Tensor
from transformers import PreTrainedTokenizerFast

from khabar.modeling import JointModel
from khabar_training.config import ConfigError
from khabar_training.encoder_tokenizer import load_tokenizer

Weights = Mapping[str, Tensor]


def weights_of_runs(runs: Sequence[Path], model: JointModel, fast: PreTrainedTokenizerFast) -> list[Weights]:
    """The weights of the checkpoints of finished runs, by the names that ``model`` has for them.

    Raises:
        ConfigError: a run has no checkpoint, a broken one, or one of another shape or vocabulary.
    """
    wanted = {name: value.shape for name, value in model.state_dict().items()}
    found: list[Weights] = []
    for run in runs:
        checkpoint = run / "checkpoint"
        if not checkpoint.is_dir():
            raise ConfigError(f"average_with: {run} has no checkpoint: is it a finished run?")
        try:
            weights = JointModel.load(checkpoint).state_dict()
        except (OSError, ValueError, SafetensorError) as error:
            raise ConfigError(f"average_with: {checkpoint} cannot be read: {error}") from error
        if {name: value.shape for name, value in weights.items()} != wanted:
            raise ConfigError(f"average_with: the model of {run} has another shape than this run's")
        if load_tokenizer(str(checkpoint), key="average_with").get_vocab() != fast.get_vocab():
            raise ConfigError(f"average_with: {run} has another vocabulary than this run")
        found.append(weights)
    return found


@torch.no_grad()
def take_mean(model: JointModel, others: Sequence[Weights]) -> None:
    """Give ``model`` the mean of its own weights and those of the others, each counting alike."""
    for name, value in model.state_dict().items():
        if value.is_floating_point():
            total = sum((weights[name].to(value) for weights in others), start=value.clone())
            value.copy_(total / (len(others) + 1))
