"""What this machine's matrix product gives at best, and how much of it an encoder graph reaches."""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median
from typing import Any, Final

import numpy as np
import onnxruntime
from onnx import TensorProto, helper

from khabar.modeling import JointModel

#: The best of these sizes counts; what is best differs between machines.
_SIZES: Final = (256, 512, 1024, 2048)
_REPEATS: Final = 9


def matrix_peaks() -> dict[str, float]:
    """Thousand million operations a second of a matrix product on one thread, float32 and int8.

    Both through ONNX Runtime, square matrices, int8 as unsigned by signed bytes, which is what a
    dynamically quantised graph runs. A multiplication and an addition are two operations.
    """
    return {
        "fp32": max(_rate("MatMul", size) for size in _SIZES),
        "int8": max(_rate("MatMulInteger", size) for size in _SIZES),
    }


def _rate(kind: str, size: int) -> float:
    random = np.random.default_rng(0)
    left: Any
    right: Any
    if kind == "MatMul":
        left = right = random.normal(size=(size, size)).astype(np.float32)
    else:
        left = random.integers(0, 255, (size, size), dtype=np.uint8)
        right = random.integers(-127, 127, (size, size), dtype=np.int8)
    session, feed = _product(kind, size), {"left": left, "right": right}
    session.run(None, feed)
    return 2 * size**3 / min(_timed(lambda: session.run(None, feed)) for _ in range(_REPEATS)) / 1e9


def encoder_operations(model: JointModel, tokens: int) -> int:
    """Operations of the matrix products of one window: layers, attention, head and tag layer."""
    config = model.classifier.config
    hidden, inner = config.hidden_size, config.intermediate_size
    gated = 3 if config.model_type == "modernbert" else 2
    layer = 4 * hidden * hidden + gated * hidden * inner
    weights = config.num_hidden_layers * layer + hidden * hidden + hidden * config.num_labels
    attention = config.num_hidden_layers * 2 * tokens * hidden
    return int(2 * tokens * (weights + attention))


def window_seconds(run: Callable[[], object]) -> float:
    """Median time of one call, warm."""
    run()
    return median(_timed(run) for _ in range(20 * _REPEATS))


def _timed(run: Callable[[], object]) -> float:
    started = time.perf_counter()
    run()
    return time.perf_counter() - started


def _product(kind: str, size: int) -> onnxruntime.InferenceSession:
    types = {
        "MatMul": (TensorProto.FLOAT, TensorProto.FLOAT, TensorProto.FLOAT),
        "MatMulInteger": (TensorProto.UINT8, TensorProto.INT8, TensorProto.INT32),
    }[kind]
    left, right, product = (
        helper.make_tensor_value_info(name, element, [size, size])
        for name, element in zip(("left", "right", "product"), types, strict=True)
    )
    node = helper.make_node(kind, ["left", "right"], ["product"])
    graph = helper.make_graph([node], "product", [left, right], [product])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
