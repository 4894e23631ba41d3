"""Checkpoints of a run: also within an epoch, and the last one that is whole."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

#: Written last of all files of a checkpoint (``GroupedTrainer``).
STATE: Final = "trainer_state.json"


class StepCheckpoints(TrainerCallback):  # type: ignore[misc]
    """Asks for a checkpoint every ``steps`` steps, beside those at the end of an epoch."""

    def __init__(self, steps: int) -> None:
        self._steps = steps

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """The last step of an epoch is left to the end of the epoch, which also knows its scores."""
        inside = float(state.epoch) % 1 > 0
        if inside and state.global_step % self._steps == 0:
            control.should_save = True


def last_checkpoint(folder: Path) -> Path | None:
    """The checkpoint of the most steps that was written to its end; ``None`` where there is none.

    A run that was killed while it wrote leaves one without its state, which does not count.
    """
    found = [path for path in folder.glob("checkpoint-*") if path.name.rpartition("-")[2].isdigit()]
    newest_first = sorted(found, key=lambda path: int(path.name.rpartition("-")[2]), reverse=True)
    return next((path for path in newest_first if _is_whole(path)), None)


def _is_whole(checkpoint: Path) -> bool:
    try:
        json.loads((checkpoint / STATE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return True
