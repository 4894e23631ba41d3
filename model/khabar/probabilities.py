"""Logits -> probabilities."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating[Any]]


def softmax(logits: Floats) -> Floats:
    """Softmax over the last axis."""
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    result: Floats = powers / powers.sum(axis=-1, keepdims=True)
    return result


def log_probability(probabilities: Floats) -> Floats:
    """Logarithms of probabilities; less than one in a million counts as that."""
    logarithms: Floats = np.log(np.maximum(probabilities, 1e-6))
    return logarithms
