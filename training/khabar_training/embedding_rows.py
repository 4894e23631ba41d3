"""Embedding tables as int8, each row with a scale of its own.

ONNX Runtime's own tool gives the whole table one scale, which the longest vector sets; rounded so, the table
alone costs relations more than its share (``reports/int8-parts.json``). A scale a row costs four bytes a row.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

#: Smaller tables (positions, token types) are not worth the nodes, and stay as they are.
LEAST_ROWS: Final = 1024


def round_embeddings(model: onnx.ModelProto) -> None:
    """Replace the float tables that ``model`` looks rows up in by int8 rows, in place.

    ``rows = table[ids]`` becomes ``rows = float(table8[ids]) * scale[ids]``.
    """
    graph = model.graph
    tables = {table.name: table for table in graph.initializer if _is_embedding(table)}
    read = {name for node in graph.node if not _is_lookup(node) for name in node.input}
    rounded = {
        node.input[0]
        for node in graph.node
        if _is_lookup(node) and node.input[0] in tables and node.input[0] not in read
    }
    nodes = []
    for node in graph.node:
        if _is_lookup(node) and node.input[0] in rounded:
            nodes += _scaled_lookup(node.input[0], node.input[1], node.output[0])
        else:
            nodes.append(node)
    for name in sorted(rounded):
        rows, scale = int8_rows(numpy_helper.to_array(tables[name]))
        graph.initializer.remove(tables[name])
        graph.initializer.extend(
            [numpy_helper.from_array(rows, f"{name}.int8"), numpy_helper.from_array(scale, f"{name}.scale")]
        )
    del graph.node[:]
    graph.node.extend(nodes)


def int8_rows(table: npt.NDArray[np.float32]) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.float32]]:
    """Rows ``[N, D]`` as int8 and their scales ``[N, 1]``; a row of zeros has the scale 1."""
    largest = np.abs(table).max(axis=1, keepdims=True)
    scale: npt.NDArray[Any] = np.where(largest > 0, largest / 127, 1).astype(np.float32)
    return np.rint(table / scale).astype(np.int8), scale


def _scaled_lookup(table: str, ids: str, output: str) -> list[onnx.NodeProto]:
    rows, scales, floats = (f"{output}.{part}" for part in ("rows", "scales", "floats"))
    return [
        helper.make_node("Gather", [f"{table}.int8", ids], [rows], rows),
        helper.make_node("Gather", [f"{table}.scale", ids], [scales], scales),
        helper.make_node("Cast", [rows], [floats], floats, to=TensorProto.FLOAT),
        helper.make_node("Mul", [floats, scales], [output], f"{output}.scaled"),
    ]


def _is_lookup(node: onnx.NodeProto) -> bool:
    return node.op_type == "Gather" and all(item.i == 0 for item in node.attribute if item.name == "axis")


def _is_embedding(table: onnx.TensorProto) -> bool:
    return table.data_type == TensorProto.FLOAT and len(table.dims) == 2 and table.dims[0] >= LEAST_ROWS
