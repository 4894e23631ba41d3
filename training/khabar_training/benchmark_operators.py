"""Where the encoder's own time goes, operator by operator, by ONNX Runtime's profiler."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import numpy as np
import onnxruntime

_REST: Final = "adding, gathering and the rest"
#: The products that take in floats round them first: that part of rounding is theirs.
_KINDS: Final = {
    "MatMulIntegerToFloat": "int8 products",
    "DynamicQuantizeMatMul": "int8 products",
    "DynamicQuantizeLinear": "rounding",
    "MultiHeadAttention": "attention",
    "RotaryEmbedding": "rotary embedding",
    "Gelu": "activation and gate",
    "Mul": "activation and gate",
    "LayerNormalization": "norms",
    "SkipLayerNormalization": "norms",
}


def operator_shares(graph: Path, window: int, vocabulary: int, calls: int) -> dict[str, float]:
    """Percent of the time inside operators by kind, the largest first; they sum to 100.

    Args:
        graph: an int8 encoder, run on one thread.
        window: tokens of each window.
        vocabulary: ids are drawn below it.
        calls: windows that are read.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.enable_profiling = True
    random = np.random.default_rng(0)
    with TemporaryDirectory() as folder:
        options.profile_file_prefix = str(Path(folder) / "profile")
        session = onnxruntime.InferenceSession(str(graph), options, providers=["CPUExecutionProvider"])
        for _ in range(calls):
            session.run(["logits"], {"input_ids": random.integers(5, vocabulary, (1, window))})
        events = json.loads(Path(session.end_profiling()).read_text(encoding="utf-8"))
    spent: dict[str, int] = {}
    for event in events:
        if event.get("cat") == "Node" and event["name"].endswith("_kernel_time"):
            kind = _KINDS.get(event["args"]["op_name"], _REST)
            spent[kind] = spent.get(kind, 0) + event["dur"]
    whole = sum(spent.values())
    ordered = sorted(spent.items(), key=lambda item: -item[1])
    return {kind: round(100 * micros / whole, 1) for kind, micros in ordered}
