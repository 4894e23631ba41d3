"""Whether a graph says what the model says."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np

from khabar.modeling import JointModel
from khabar.session import ModelSession
from khabar_training.torch_session import TorchSession

PARITY: Final = 1e-4
_PROBES: Final = ((3, 1), (9, 4), (40, 9), (127, 20))


class ExportError(RuntimeError):
    """A graph that does not say what the model says."""


def check_parity(model: JointModel, encoder: Path, relations: Path) -> float:
    """The largest difference between torch and ONNX on random windows of several lengths.

    Raises:
        ExportError: it is greater than ``PARITY``.
    """
    torch_session = TorchSession(model)
    onnx_session = ModelSession(encoder, relations)
    random = np.random.default_rng(0)
    differences: list[float] = []
    for length, entities in _PROBES:
        ids = random.integers(5, model.classifier.config.vocab_size, length)
        wanted, found = torch_session.encode(ids), onnx_session.encode(ids)
        differences += [_difference(a, b) for a, b in zip(wanted, found, strict=True)]
        start = 1 + np.sort(random.permutation(length - 1)[:entities])
        spans = (start, start + 1, random.integers(0, 13, entities))
        pairs = (random.integers(0, entities, 7), random.integers(0, entities, 7))
        scores = (session.relate(wanted[1], spans, pairs) for session in (torch_session, onnx_session))
        differences.append(_difference(*scores))
    largest = float(np.max(differences))
    # Written so that NaN fails too.
    if not largest <= PARITY:
        raise ExportError(f"{encoder}: the graph differs from the model by {largest:.2e}, more than {PARITY}")
    return largest


def check_finite(encoder: Path, relations: Path) -> None:
    """Raise ``ExportError`` where an int8 graph gives numbers that are not finite."""
    for output in ModelSession(encoder, relations).encode(np.arange(5, 25)):
        if not np.isfinite(output).all():
            raise ExportError(f"{encoder}: the int8 graph gives numbers that are not finite")


def _difference(first: Any, second: Any) -> float:
    return float(np.abs(first - second).max())
