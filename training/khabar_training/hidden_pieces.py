"""Word pieces hidden behind ``[MASK]``, drawn by seed, epoch and place alone."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from khabar_training.features import Example


@dataclass(frozen=True, slots=True)
class HiddenPieces:
    """Hides a random part of a window's pieces, never its first and last token.

    The collator draws from torch's own generator, whose state a run resumed within an epoch does not
    have at the same batch: batches are made ahead of the step that they are for. These draws are the
    same wherever a run begins.

    Attributes:
        mask_id: id of ``[MASK]``.
        part: probability of each piece.
        seed: of the run.
    """

    mask_id: int
    part: float
    seed: int

    def hide(self, example: Example, epoch: int, index: int) -> Example:
        """The example as it is seen in one epoch, from its place in the epoch's list."""
        return replace(example, input_ids=self.hide_ids(example.input_ids, epoch, index))

    def hide_ids(self, ids: npt.NDArray[Any], epoch: int, index: int) -> npt.NDArray[Any]:
        """The same of the ids of any window ``[T]``."""
        random = np.random.default_rng((self.seed, epoch, index, 1))
        hidden = random.random(len(ids)) < self.part
        hidden[[0, -1]] = False
        return np.where(hidden, self.mask_id, ids)
