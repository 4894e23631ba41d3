"""transformers.Trainer over data that changes from epoch to epoch, in batches of like lengths.

However a step's windows are parted, into batches that are accumulated or among processes, they are the
same windows, and each weighs the same.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor
from torch.utils.data import Sampler
from transformers import Trainer, TrainerCallback, TrainerControl, TrainerState, TrainingArguments
from transformers.trainer_pt_utils import get_length_grouped_indices


def processes() -> int:
    """Processes of the run, by what their launcher put into the environment."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def is_first() -> bool:
    """Whether this process is the one that speaks and writes; known before anything is set up."""
    return os.environ.get("RANK", "0") == "0"


class TrainerSettings(Protocol):
    """What Trainer takes from any recipe as it stands there."""

    @property
    def batch_size(self) -> int:
        """Examples a step, in each of several processes."""

    @property
    def warmup(self) -> float:
        """Part of the steps over which the rate rises."""

    @property
    def bf16(self) -> bool:
        """Whether to compute in bfloat16."""


def trainer_arguments(
    recipe: TrainerSettings, output: Path, seed: int, *, steps: int, **more: Any
) -> TrainingArguments:
    """What every run asks of Trainer. Checkpoints go into ``output/checkpoints``.

    Args:
        recipe: of the run.
        output: folder of the run.
        seed: of order and dropout.
        steps: steps of the run, by which the log is spaced.
        **more: what is the run's own.
    """
    return TrainingArguments(
        output_dir=str(output / "checkpoints"),
        per_device_train_batch_size=recipe.batch_size,
        lr_scheduler_type="linear",
        warmup_steps=recipe.warmup,
        max_grad_norm=1.0,
        bf16=recipe.bf16,
        seed=seed,
        # A short run has a curve as well.
        logging_steps=min(100, max(1, steps // 50)),
        remove_unused_columns=False,
        disable_tqdm=not sys.stderr.isatty(),
        dataloader_pin_memory=torch.cuda.is_available(),
        use_cpu=not torch.cuda.is_available(),
        **more,
    )


class EpochData(Protocol):
    """A data set that knows its epoch."""

    @property
    def epoch(self) -> int:
        """The epoch that its examples are of."""

    def set_epoch(self, epoch: int) -> None:
        """Turn to the examples of an epoch."""

    def __len__(self) -> int: ...

    def lengths(self) -> list[int]:
        """Tokens of each example."""


class Epochs(TrainerCallback):  # type: ignore[misc]
    """Tells the data which epoch it is."""

    def __init__(self, data: EpochData) -> None:
        self._data = data

    def on_epoch_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Also where a run that was stopped goes on."""
        self._data.set_epoch(int((state.epoch or 0) + 1e-6))


class LikeLengths(Sampler[int]):
    """Batches of like lengths: windows differ tenfold, and padding is paid for like text."""

    def __init__(self, data: EpochData, batch_size: int, seed: int) -> None:
        self._data, self._batch_size, self._seed = data, batch_size, seed

    def __len__(self) -> int:
        return len(self._data)

    def __iter__(self) -> Iterator[int]:
        generator = torch.Generator().manual_seed(self._seed + self._data.epoch)
        return iter(get_length_grouped_indices(self._data.lengths(), self._batch_size, generator=generator))


class GroupedTrainer(Trainer):  # type: ignore[misc]
    """A Trainer that draws by ``LikeLengths`` and divides each loss by what a whole step asks for.

    A model with ``loss_items(batch)`` divides by the sum of them, which comes back to it as
    ``num_items_in_batch``; with any other one a step's loss is the mean of its batches' means.
    """

    def _get_train_sampler(self, train_dataset: Any = None) -> LikeLengths:
        return LikeLengths(self.train_dataset, self.args.train_batch_size * self._parts(), self.args.seed)

    def _parts(self) -> int:
        """Batches of one step, over all processes."""
        return int(self.args.gradient_accumulation_steps * self.args.world_size)

    def _get_num_items_in_batch(
        self, batch_samples: list[dict[str, Tensor]], device: torch.device
    ) -> Tensor | None:
        # One process that spreads a batch over several GPUs would part the sums as well.
        if self._parts() == 1 or self.args.n_gpu > 1 or not hasattr(self.model, "loss_items"):
            return None
        items = torch.stack([self.model.loss_items(batch) for batch in batch_samples]).sum(dim=0)
        summed: Tensor = self.accelerator.reduce(items.to(device), "sum")
        return summed

    def _save_rng_state(self, output_dir: str) -> None:
        super()._save_rng_state(output_dir)
        # The state of the run is written next and makes the checkpoint a whole one: wait for every process.
        self.accelerator.wait_for_everyone()
