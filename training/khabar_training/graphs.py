"""A trained model -> ONNX graphs: the traced encoder, the relation head, and dynamic int8."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import onnx
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from torch import Tensor, nn

from khabar.modeling import JointModel
from khabar_training.embedding_rows import round_embeddings

_OPSET: Final = 18


class _EncoderGraph(nn.Module):
    """Input ids and mask -> tag logits, last hidden state, proclitic logits."""

    def __init__(self, model: JointModel) -> None:
        super().__init__()
        self.model = model

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        return self.model.encode(input_ids, attention_mask)


def export_encoder(model: JointModel, path: Path) -> None:
    """Write the encoder with its tag and proclitic layers; batch and length are free."""
    tokens = {0: "batch", 1: "tokens"}
    names = ("logits", "last_hidden_state", "proclitic_logits")
    _export(
        _EncoderGraph(model),
        (torch.full((2, 8), 5), torch.ones(2, 8, dtype=torch.long)),
        path,
        {"input_ids": tokens, "attention_mask": tokens},
        dict.fromkeys(names, tokens),
    )


def export_relations(model: JointModel, path: Path) -> None:
    """Write the relation head; one window a call."""
    entities, pairs = {1: "entities"}, {1: "pairs"}
    start = torch.tensor([[1, 3, 5]])
    head, tail = torch.tensor([[0, 1, 2, 0]]), torch.tensor([[1, 0, 1, 2]])
    _export(
        model.relations,
        (torch.randn(1, 8, model.config.hidden), start, start + 1, start * 0, head, tail),
        path,
        {
            "last_hidden_state": {1: "tokens"},
            "span_start": entities,
            "span_end": entities,
            "span_type": entities,
            "pair_head": pairs,
            "pair_tail": pairs,
        },
        {"rel_logits": pairs},
    )


def quantize_graph(source: Path, target: Path) -> None:
    """Dynamic int8 of matrix products, int8 rows of embeddings; the relation head is small and stays."""
    quantize_dynamic(
        source,
        target,
        op_types_to_quantize=["MatMul", "Gemm"],
        per_channel=True,
        weight_type=QuantType.QInt8,
        # Shape inference stops at the fused operators; everything they give is float.
        extra_options={"DefaultTensorType": onnx.TensorProto.FLOAT},
    )
    graph = onnx.load(str(target))
    round_embeddings(graph)
    onnx.save(graph, str(target))


def _export(
    module: nn.Module,
    example: tuple[Tensor, ...],
    path: Path,
    inputs: dict[str, dict[int, str]],
    outputs: dict[str, dict[int, str]],
) -> None:
    # The tracing exporter writes one file; the newer one puts weights beside it by default.
    torch.onnx.export(
        module.eval(),
        example,
        str(path),
        input_names=list(inputs),
        output_names=list(outputs),
        dynamic_axes={**inputs, **outputs},
        opset_version=_OPSET,
        dynamo=False,
    )
    onnx.checker.check_model(str(path))
