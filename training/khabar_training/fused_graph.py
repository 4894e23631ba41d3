"""ModernBERT written as ONNX with ONNX Runtime's fused attention and rotary operators.

A traced graph spends more time between its matrix products than in them: 300 small nodes, most of
them shapes and slices. Written out there are 16 nodes a layer. The graph reads one window a call,
which is how the runtime calls it: its batch is 1 and it has no attention mask, so nothing can be
padded in silence. ``khabar_training.export`` checks it against torch before it is quantised.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor

from khabar.modeling import JointModel

#: Gelu is an operator of its own from here on.
_OPSET: Final = 20
_FUSED: Final = "com.microsoft"
_FUSED_VERSION: Final = 1


def can_fuse(model: JointModel) -> bool:
    """Whether the encoder has the shape this module writes: ModernBERT, global attention, no biases."""
    config = model.classifier.config
    return (
        config.model_type == "modernbert"
        and set(config.layer_types) == {"full_attention"}
        and config.hidden_activation == config.classifier_activation == "gelu"
        and not (config.norm_bias or config.mlp_bias or config.attention_bias or config.classifier_bias)
    )


def fused_graph(model: JointModel) -> onnx.ModelProto:
    """The encoder with its tag and proclitic layers.

    Inputs: ``input_ids [1, T]``. Outputs: ``logits [1, T, 27]``, ``last_hidden_state [1, T, H]``,
    ``proclitic_logits [1, T, 4]``. ``T`` is at most the encoder's number of positions.

    Raises:
        ValueError: the encoder is not one that ``can_fuse`` accepts.
    """
    if not can_fuse(model):
        raise ValueError(f"{model.classifier.config.model_type}: no fused graph is written for this encoder")
    return _Writer(model).graph()


class _Writer:
    """Collects nodes and weights; each step names its output and returns the name."""

    def __init__(self, model: JointModel) -> None:
        self._weights: Mapping[str, Tensor] = model.state_dict()
        self._config = model.classifier.config
        self._hidden = model.config.hidden
        self._nodes: list[onnx.NodeProto] = []
        self._constants: dict[str, onnx.TensorProto] = {}

    def graph(self) -> onnx.ModelProto:
        for name, table in zip(("cos", "sin"), self._rotary_tables(), strict=True):
            self._constant(name, table)
        self._constant("position", np.zeros(1, dtype=np.int64))
        state = self._node(
            "Gather", [self._weight("classifier.model.embeddings.tok_embeddings"), "input_ids"]
        )
        state = self._norm(state, "classifier.model.embeddings.norm")
        for layer in range(self._config.num_hidden_layers):
            state = self._layer(state, layer)
        self._norm(state, "classifier.model.final_norm", output="last_hidden_state")
        head = self._node("Gelu", [self._linear("last_hidden_state", "classifier.head.dense")])
        head = self._norm(head, "classifier.head.norm")
        self._biased(head, "classifier.classifier", "logits")
        self._biased("last_hidden_state", "proclitic", "proclitic_logits")
        return self._assembled()

    def _layer(self, state: str, layer: int) -> str:
        name = f"classifier.model.layers.{layer}"
        # The embeddings are normed already: the first layer has no norm of its own.
        normed = self._norm(state, f"{name}.attn_norm") if layer else state
        query, key, value = self._linears(normed, f"{name}.attn.Wqkv", 3)
        query, key = (
            self._node("RotaryEmbedding", [part, "position", "cos", "sin"], fused=True)
            for part in (query, key)
        )
        heads = self._config.num_attention_heads
        attended = self._node("MultiHeadAttention", [query, key, value], fused=True, num_heads=heads)
        state = self._node("Add", [state, self._linear(attended, f"{name}.attn.Wo")])
        shown, gate = self._linears(self._norm(state, f"{name}.mlp_norm"), f"{name}.mlp.Wi", 2)
        gated = self._node("Mul", [self._node("Gelu", [shown]), gate])
        return self._node("Add", [state, self._linear(gated, f"{name}.mlp.Wo")])

    def _rotary_tables(self) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
        """Cosines and sines ``[positions, head / 2]`` of the rotary embedding (Su et al. 2021)."""
        size = self._hidden // self._config.num_attention_heads
        base = self._config.rope_parameters["full_attention"]["rope_theta"]
        frequencies = base ** (-torch.arange(0, size, 2, dtype=torch.float64) / size)
        angles = torch.arange(self._config.max_position_embeddings)[:, None] * frequencies
        return angles.cos().float().numpy(), angles.sin().float().numpy()

    def _linear(self, state: str, name: str) -> str:
        return self._node("MatMul", [state, self._weight(name, transposed=True)])

    def _biased(self, state: str, name: str, output: str) -> None:
        bias = self._constant(f"{name}.bias", self._weights[f"{name}.bias"].cpu().numpy())
        self._node("Add", [self._linear(state, name), bias], output=output)

    def _norm(self, state: str, name: str, output: str | None = None) -> str:
        return self._node(
            "LayerNormalization", [state, self._weight(name)], output=output, epsilon=self._config.norm_eps
        )

    def _linears(self, state: str, name: str, parts: int) -> list[str]:
        """A packed layer as several: three products and no copy are faster than one and a split."""
        weights = np.split(self._weights[f"{name}.weight"].detach().cpu().numpy(), parts)
        names = [self._constant(f"{name}.{part}", values.T) for part, values in enumerate(weights)]
        return [self._node("MatMul", [state, part]) for part in names]

    def _weight(self, name: str, *, transposed: bool = False) -> str:
        values = self._weights[f"{name}.weight"].detach().cpu().numpy()
        return self._constant(f"{name}.weight", values.T if transposed else values)

    def _constant(self, name: str, values: npt.NDArray[Any]) -> str:
        self._constants[name] = numpy_helper.from_array(np.ascontiguousarray(values), name)
        return name

    def _node(
        self,
        kind: str,
        inputs: list[str],
        *,
        output: str | None = None,
        fused: bool = False,
        **attributes: Any,
    ) -> str:
        name = output or f"{kind}.{len(self._nodes)}"
        domain = _FUSED if fused else ""
        self._nodes.append(helper.make_node(kind, inputs, [name], domain=domain, **attributes))
        return name

    def _assembled(self) -> onnx.ModelProto:
        sizes = {
            "logits": len(self._weights["classifier.classifier.bias"]),
            "last_hidden_state": self._hidden,
            "proclitic_logits": len(self._weights["proclitic.bias"]),
        }
        inputs = [helper.make_tensor_value_info("input_ids", TensorProto.INT64, [1, "tokens"])]
        outputs = [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, "tokens", size])
            for name, size in sizes.items()
        ]
        graph = helper.make_graph(self._nodes, "khabar", inputs, outputs, [*self._constants.values()])
        imports = [helper.make_opsetid("", _OPSET), helper.make_opsetid(_FUSED, _FUSED_VERSION)]
        model = helper.make_model(graph, opset_imports=imports, ir_version=10)
        onnx.checker.check_model(model)
        return model
