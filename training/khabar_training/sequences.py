"""Fixed-length sequences cut from flat id arrays, in an order that any step can be resumed from."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from khabar_training.raw_text import IdArray
from khabar_training.vocabulary import CLS_ID, SEP_ID

Ids = npt.NDArray[np.int64]


class PackedSequences:
    """Weighted sources as ``[CLS] … [SEP]`` sequences of one length.

    Args:
        arrays: one flat id array a source.
        repeats: how often an epoch sees each source; a fraction takes that part, another one each epoch.
        length: tokens a sequence, ``[CLS]`` and ``[SEP]`` included.
        held_out: sequences kept aside, spread over the sources by their weight.
        seed: fixes the order.
    """

    def __init__(
        self,
        arrays: Sequence[IdArray],
        repeats: Sequence[float],
        length: int,
        held_out: int,
        seed: int,
    ) -> None:
        self._arrays, self._repeats, self._length, self._seed = arrays, repeats, length, seed
        blocks = [len(ids) // (length - 2) for ids in arrays]
        if min(blocks) < 2:
            raise ValueError("a source holds fewer than two sequences: take it out of the recipe")
        weights = np.array([count * repeat for count, repeat in zip(blocks, repeats, strict=True)])
        shares = np.minimum((held_out * weights / weights.sum()).astype(int) + 1, np.array(blocks) // 2)
        self._kept = [count - int(share) for count, share in zip(blocks, shares, strict=True)]
        self._held_out = [
            (source, block)
            for source, count in enumerate(blocks)
            for block in range(self._kept[source], count)
        ]
        self._epoch = -1
        self._order: npt.NDArray[np.int64] = np.empty((0, 2), dtype=np.int64)

    def __len__(self) -> int:
        """Sequences in one epoch."""
        return sum(round(kept * repeat) for kept, repeat in zip(self._kept, self._repeats, strict=True))

    def batch(self, step: int, size: int) -> Ids:
        """The ``[size, length]`` ids of one step; the same for the same step, whatever came before."""
        per_epoch = len(self) // size
        epoch, inside = divmod(step, max(1, per_epoch))
        if epoch != self._epoch:
            self._epoch, self._order = epoch, self._shuffled(epoch)
        rows = self._order[inside * size : (inside + 1) * size]
        return np.stack([self._sequence(int(source), int(block)) for source, block in rows])

    def held_out(self, size: int) -> list[Ids]:
        """The held-out sequences in batches of ``size``."""
        rows = [self._sequence(source, block) for source, block in self._held_out]
        return [np.stack(rows[i : i + size]) for i in range(0, len(rows) - size + 1, size)] or [
            np.stack(rows)
        ]

    def _shuffled(self, epoch: int) -> npt.NDArray[np.int64]:
        random = np.random.default_rng((self._seed, epoch))
        chosen: list[npt.NDArray[np.int64]] = []
        for source, (kept, repeat) in enumerate(zip(self._kept, self._repeats, strict=True)):
            blocks = np.concatenate([random.permutation(kept) for _ in range(int(np.ceil(repeat)))])
            blocks = blocks[: round(kept * repeat)]
            chosen.append(np.stack([np.full_like(blocks, source), blocks], axis=1))
        order = np.concatenate(chosen)
        random.shuffle(order)
        return order

    def _sequence(self, source: int, block: int) -> Ids:
        inner = self._length - 2
        ids = self._arrays[source][block * inner : (block + 1) * inner].astype(np.int64)
        return np.concatenate([[CLS_ID], ids, [SEP_ID]])
