"""Early stopping: the weights of the best epoch are kept, and a run that finds no better one ends."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from safetensors.torch import load_file, save_file
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from khabar.modeling import JointModel
from khabar_training.development import development_rows

logger = logging.getLogger(__name__)

Row = dict[str, float]


def score(row: Row) -> float:
    """The one figure that epochs are compared by: the mean of strict NER and Rel+ (micro F1)."""
    return (row["ner_strict"] + row["rel_plus"]) / 2


def best_row(rows: Sequence[Row]) -> Row:
    """The row of the best score, the first of equals."""
    return max(rows, key=score)


def is_over(rows: Sequence[Row], patience: int) -> bool:
    """Whether ``patience`` epochs have gone by since the best one."""
    return bool(rows) and rows[-1]["epoch"] - best_row(rows)["epoch"] >= patience


class BestEpoch(TrainerCallback):  # type: ignore[misc]
    """Keeps the best epoch's weights in ``folder`` and stops the run when its patience is at an end.

    All it knows it reads from the run's own history, which is in every checkpoint; so a resumed run
    decides as one that was never stopped. It comes behind the callback that scores the epoch.
    """

    def __init__(self, model: JointModel, folder: Path, patience: int) -> None:
        self._model, self._folder, self._patience = model, folder, patience

    def on_epoch_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Keep the weights where this epoch is the best one so far."""
        rows = development_rows(state)
        if not rows or rows[-1]["epoch"] != round(state.epoch):
            return
        if best_row(rows) is rows[-1] and state.is_world_process_zero:
            self._save(int(rows[-1]["epoch"]))
        if is_over(rows, self._patience):
            control.should_training_stop = True

    def on_save(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """With the checkpoint written no run can come back to an earlier best epoch: drop its weights."""
        rows = development_rows(state)
        if rows and state.is_world_process_zero:
            for path in self._folder.glob("epoch-*.safetensors"):
                if path != self._path(int(best_row(rows)["epoch"])):
                    path.unlink()

    def restore(self, state: TrainerState) -> int | None:
        """Load the best epoch's weights into the model; its number, or ``None`` without a score."""
        rows = development_rows(state)
        if not rows:
            return None
        epoch = int(best_row(rows)["epoch"])
        self._model.load_state_dict(load_file(self._path(epoch)))
        logger.info("the best epoch is %d: development score %.2f", epoch, score(best_row(rows)))
        return epoch

    def _save(self, epoch: int) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        weights = self._model.state_dict()
        unfinished = self._folder / "unfinished"
        save_file({name: value.cpu().contiguous() for name, value in weights.items()}, unfinished)
        unfinished.replace(self._path(epoch))

    def _path(self, epoch: int) -> Path:
        return self._folder / f"epoch-{epoch}.safetensors"
