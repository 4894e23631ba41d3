"""The two ONNX graphs, run one window at a time.

One window a call is the fast path on a CPU (no padding), and dynamic int8 scales its activations over
the whole input: only a window read alone gets the same labels whatever else is in the batch.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import onnxruntime

from khabar.bundle import RELATION_HEAD, Bundle, BundleError
from khabar.schema import RELATION_LABELS

Floats = npt.NDArray[np.floating[Any]]
Indices = npt.NDArray[np.int64]


class EncoderSession(Protocol):
    """What the Tagger asks of a model: see ``ModelSession``."""

    def encode(self, ids: Indices) -> tuple[Floats, Floats, Floats]:
        """Read one window."""

    def relate(
        self, hidden: Floats, spans: tuple[Indices, Indices, Indices], pairs: tuple[Indices, Indices]
    ) -> Floats:
        """Score candidate pairs of one window."""


class ModelSession:
    """ONNX Runtime sessions of a bundle; safe to call from several threads."""

    def __init__(self, encoder: Path, relations: Path, *, threads: int = 1) -> None:
        self._encoder, self._relations = _open(encoder, threads), _open(relations, threads)
        self._inputs = {item.name for item in self._encoder.get_inputs()}

    @classmethod
    def of_bundle(cls, bundle: Bundle, *, quantized: bool, threads: int = 1) -> ModelSession:
        """The graphs of a bundle, their hashes checked."""
        return cls(bundle.model_file(quantized=quantized), bundle.checked(RELATION_HEAD), threads=threads)

    def encode(self, ids: Indices) -> tuple[Floats, Floats, Floats]:
        """Read one window.

        Args:
            ids: ``[tokens]``, special tokens included.

        Returns:
            Tag logits ``[tokens, 27]``, last hidden state ``[tokens, hidden]`` and proclitic logits
            ``[tokens, 4]``.
        """
        batch = ids[None, :]
        feed = {"input_ids": batch}
        # A fused graph reads one window without padding and declares no mask; a BERT wants types too.
        if "attention_mask" in self._inputs:
            feed["attention_mask"] = np.ones_like(batch)
        if "token_type_ids" in self._inputs:
            feed["token_type_ids"] = np.zeros_like(batch)
        logits, hidden, proclitic = self._encoder.run(
            ["logits", "last_hidden_state", "proclitic_logits"], feed
        )
        return logits[0], hidden[0], proclitic[0]

    def relate(
        self,
        hidden: Floats,
        spans: tuple[Indices, Indices, Indices],
        pairs: tuple[Indices, Indices],
    ) -> Floats:
        """Score candidate pairs of one window.

        Args:
            hidden: ``[tokens, hidden]`` from ``encode``.
            spans: first token, token after the last, and label id of each entity ``[entities]``.
            pairs: head and tail, as indices of entities ``[pairs]``.

        Returns:
            Relation logits ``[pairs, 14]``.
        """
        if not len(pairs[0]):
            return np.zeros((0, len(RELATION_LABELS)), dtype=np.float32)
        start, end, kind = spans
        feed = {
            "last_hidden_state": hidden[None],
            "span_start": start[None],
            "span_end": end[None],
            "span_type": kind[None],
            "pair_head": pairs[0][None],
            "pair_tail": pairs[1][None],
        }
        (logits,) = self._relations.run(["rel_logits"], feed)
        scores: Floats = logits[0]
        return scores


def _open(path: Path, threads: int) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # Idle threads that spin would take a core from the service around us.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    # The arena keeps the largest shape it ever saw; windows differ in length all the time.
    options.enable_cpu_mem_arena = False
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime raises bare pybind exceptions of many classes
        raise BundleError(f"{path}: is no graph that ONNX Runtime can load: {error}") from error
