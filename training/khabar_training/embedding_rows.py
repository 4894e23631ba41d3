"""Embedding tables as int8, each row with a scale of its own.

ONNX Runtime's own tool gives the whole table one scale, which the longest vector sets: the table is then
the dearest part of int8 (``docs/performance.md``). A scale a row costs four bytes a row.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

#: Smaller tables (positions, token types) are not worth the nodes, and stay as they are.
ROWS: Final = 1024


def round_embeddings(model: onnx.ModelProto) -> None:
    """Replace the float tables that ``model`` looks rows up in by int8 rows, in place.

    ``rows = table[ids]`` becomes ``rows = float(table8[ids]) * scale[ids]``.
    """
    graph = model.graph
    tables = {table.name: table for table in graph.initializer}
    nodes = []
    for node in graph.node:
        table = tables.get(node.input[0]) if node.op_type == "Gather" else None
        if table is None or not _is_embedding(table):
            nodes.append(node)
            continue
        name, ids = table.name, node.input[1]
        rounded, scale = rounded_rows(numpy_helper.to_array(table))
        graph.initializer.remove(table)
        graph.initializer.extend(
            [
                numpy_helper.from_array(rounded, f"{name}.int8"),
                numpy_helper.from_array(scale, f"{name}.scale"),
            ]
        )
        nodes += [
            helper.make_node("Gather", [f"{name}.int8", ids], [f"{name}.rows"], f"{name}.rows"),
            helper.make_node("Gather", [f"{name}.scale", ids], [f"{name}.scales"], f"{name}.scales"),
            helper.make_node(
                "Cast", [f"{name}.rows"], [f"{name}.floats"], f"{name}.floats", to=TensorProto.FLOAT
            ),
            helper.make_node(
                "Mul", [f"{name}.floats", f"{name}.scales"], list(node.output), f"{name}.scaled"
            ),
        ]
    del graph.node[:]
    graph.node.extend(nodes)


def rounded_rows(table: npt.NDArray[np.float32]) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.float32]]:
    """Rows ``[N, D]`` as int8 and their scales ``[N, 1]``; a row of zeros has the scale 1."""
    largest = np.abs(table).max(axis=1, keepdims=True)
    scale: npt.NDArray[Any] = np.where(largest > 0, largest / 127, 1).astype(np.float32)
    return np.rint(table / scale).astype(np.int8), scale


def _is_embedding(table: onnx.TensorProto) -> bool:
    return table.data_type == TensorProto.FLOAT and len(table.dims) == 2 and table.dims[0] >= ROWS
