"""The model under training behind the interface of the ONNX session.

So that development scores, thresholds and the parity check go through the runtime's own Tagger.
"""

from __future__ import annotations

import numpy as np
import torch

from khabar.modeling import JointModel
from khabar.schema import RELATION_LABELS
from khabar.session import Floats, Indices


class TorchSession:
    """``khabar.session.ModelSession`` on a torch model; one window a call."""

    def __init__(self, model: JointModel) -> None:
        self._model = model

    def encode(self, ids: Indices) -> tuple[Floats, Floats, Floats]:
        """As ``ModelSession.encode``."""
        batch = torch.from_numpy(ids)[None].to(self._device)
        with torch.no_grad():
            logits, hidden, proclitic = self._model.encode(batch, torch.ones_like(batch))
        first, second, third = (value[0].float().cpu().numpy() for value in (logits, hidden, proclitic))
        return first, second, third

    def relate(
        self, hidden: Floats, spans: tuple[Indices, Indices, Indices], pairs: tuple[Indices, Indices]
    ) -> Floats:
        """As ``ModelSession.relate``."""
        if not len(pairs[0]):
            return np.zeros((0, len(RELATION_LABELS)), dtype=np.float32)
        arrays = (hidden, *spans, *pairs)
        with torch.no_grad():
            logits = self._model.relations(
                *(torch.from_numpy(array)[None].to(self._device) for array in arrays)
            )
        scores: Floats = logits[0].float().cpu().numpy()
        return scores

    @property
    def _device(self) -> torch.device:
        return next(self._model.parameters()).device
