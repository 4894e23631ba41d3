"""Training that already feels int8: weights and activations are rounded as the int8 graph will round them.

The numbers stay floating point, on a grid of 255 or 256 steps; the gradient passes through the rounding as
if it were not there (Jacob et al. 2018). The weights that come out are at home on the grid, so that
``khabar_training.graphs.quantize_graph`` costs them less. A window without padding in float32 gives what the
graph gives but for ties; in a batch the padding of a window takes part in its range.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from khabar.modeling import JointModel
from khabar_training.embedding_rows import LEAST_ROWS

_SMALLEST = 1e-8


class RoundedLinear(nn.Linear):
    """A linear layer that rounds what comes in and its weights."""

    def forward(self, input: Tensor) -> Tensor:
        """As ``nn.Linear``."""
        return nn.functional.linear(rounded_windows(input), rounded_rows(self.weight), self.bias)


class RoundedEmbedding(nn.Embedding):
    """A table whose rows are rounded when they are looked up: it is many times larger than a batch."""

    def forward(self, input: Tensor) -> Tensor:
        """As ``nn.Embedding``."""
        rows = nn.functional.embedding(input, self.weight, self.padding_idx)
        return rounded_rows(rows.flatten(0, -2)).view_as(rows)


def feel_rounding(model: JointModel) -> None:
    """Round every matrix product and the large tables of the encoder and its tag layers, from now on.

    The relation head stays as it is: its graph is not rounded either. Weights keep their names, so
    checkpoints are those of any other run. Layers with a ``forward`` of their own are left alone.
    """
    for part in (model.classifier, model.proclitic):
        for module in part.modules():
            if type(module) is nn.Linear:
                module.__class__ = RoundedLinear
            elif type(module) is nn.Embedding and module.num_embeddings >= LEAST_ROWS:
                module.__class__ = RoundedEmbedding


def rounded_rows(weight: Tensor) -> Tensor:
    """Each row on its own symmetric int8 grid: what is kept of ``weight [N, D]``."""
    scale = (weight.detach().abs().amax(dim=1) / 127).clamp(min=_SMALLEST)
    zero = torch.zeros_like(scale, dtype=torch.int32)
    return torch.fake_quantize_per_channel_affine(weight, scale, zero, 0, -127, 127)


def rounded_windows(state: Tensor) -> Tensor:
    """Each window on the grid of ONNX Runtime's DynamicQuantizeLinear, from its least to its greatest value.

    Args:
        state: activations ``[B, T, D]``.
    """
    state = state.float()
    values = state.detach().flatten(1)
    low, high = values.amin(dim=1).clamp(max=0), values.amax(dim=1).clamp(min=0)
    scale = ((high - low) / 255).clamp(min=_SMALLEST)
    zero = (-low / scale).round().clamp(0, 255).to(torch.int32)
    return torch.fake_quantize_per_channel_affine(state, scale, zero, 0, 0, 255)
