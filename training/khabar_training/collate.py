"""Examples -> one padded batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from khabar.tagging import TAGS
from khabar_data.coverage import ANY_TAG
from khabar_training.features import IGNORED, Example


class Collator:
    """Pads examples and, while training, hides some word pieces behind ``[MASK]``, never the special ones.

    A batch has ``input_ids``, ``attention_mask``, ``proclitic`` ``[B, T]``, ``allowed_tags``
    ``[B, T, 27]``, ``spans`` ``[B, 3, E]``, ``pairs`` ``[B, 2, P]``, ``relations`` and
    ``allowed_relations`` ``[B, P, 14]``. Padded pairs allow nothing; padded spans are token 0.
    """

    def __init__(self, pad_id: int, mask_id: int | None = None, token_dropout: float = 0.0) -> None:
        self._pad_id, self._mask_id, self._token_dropout = pad_id, mask_id, token_dropout
        self._bits = torch.arange(len(TAGS))

    def __call__(self, examples: Sequence[Example]) -> dict[str, Tensor]:
        """Make a batch."""
        ids = padded([example.input_ids for example in examples], self._pad_id)
        attention = padded([np.ones_like(example.input_ids) for example in examples], 0)
        bits = padded([example.tag_bits for example in examples], ANY_TAG)
        spans = padded([example.spans for example in examples], 0)
        spans[:, 1] = torch.maximum(spans[:, 1], spans[:, 0] + 1)
        if self._token_dropout and self._mask_id is not None:
            hidden = (torch.rand(ids.shape) < self._token_dropout) & (attention == 1)
            hidden[:, 0] = False
            hidden[torch.arange(len(ids)), attention.sum(dim=1) - 1] = False
            ids = torch.where(hidden, torch.tensor(self._mask_id), ids)
        return {
            "input_ids": ids,
            "attention_mask": attention,
            "allowed_tags": ((bits[..., None] >> self._bits) & 1).bool(),
            "proclitic": padded([example.proclitic for example in examples], IGNORED),
            "spans": spans,
            "pairs": padded([example.pairs for example in examples], 0),
            "relations": padded([example.relations.T for example in examples], 0).transpose(1, 2).bool(),
            "allowed_relations": padded([example.allowed.T for example in examples], 0)
            .transpose(1, 2)
            .bool(),
        }


def padded(arrays: Sequence[npt.NDArray[Any]], value: int) -> Tensor:
    """Stack arrays that differ in their last dimension; at least one place, so that shapes hold."""
    longest = (
        max(1, *(array.shape[-1] for array in arrays)) if len(arrays) > 1 else max(1, arrays[0].shape[-1])
    )
    rows = [
        np.pad(array, [(0, 0)] * (array.ndim - 1) + [(0, longest - array.shape[-1])], constant_values=value)
        for array in arrays
    ]
    return torch.from_numpy(np.stack(rows).astype(np.int64))
