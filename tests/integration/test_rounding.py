"""int8: what the graph rounds, and training that feels it."""

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper
from onnxruntime import InferenceSession

from khabar.bundle import QUANTIZED_MODEL, RELATION_HEAD
from khabar.modeling import JointModel
from khabar.session import ModelSession
from khabar_data.jsonl import write_jsonl
from khabar_training.embedding_rows import round_embeddings, rounded_rows
from khabar_training.fused_graph import fused_graph
from khabar_training.graphs import quantize_graph
from khabar_training.rounding import feel_rounding, rounded_windows
from khabar_training.train import train
from khabar_training.train_config import TrainConfig
from tests.gold import gold_documents
from tests.tiny_model import tiny_checkpoint, tiny_encoder


def look_up(table):
    """A graph of one look-up in ``table``."""
    ids = helper.make_tensor_value_info("ids", TensorProto.INT64, [None])
    rows = helper.make_tensor_value_info("rows", TensorProto.FLOAT, [None, table.shape[1]])
    node = helper.make_node("Gather", ["table", "ids"], ["rows"])
    graph = helper.make_graph([node], "graph", [ids], [rows], [numpy_helper.from_array(table, "table")])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)


def test_each_row_of_an_embedding_table_has_its_own_scale():
    random = np.random.default_rng(0)
    table = random.normal(size=(2000, 8)).astype(np.float32) * 10.0 ** random.integers(-4, 3, (2000, 1))
    table[7] = 0
    model = look_up(table.astype(np.float32))
    round_embeddings(model)
    assert {tuple(tensor.dims): tensor.data_type for tensor in model.graph.initializer} == {
        (2000, 8): TensorProto.INT8,
        (2000, 1): TensorProto.FLOAT,
    }
    ids = np.array([0, 7, 1999, 0])
    (rows,) = InferenceSession(model.SerializeToString()).run(None, {"ids": ids})
    # Half a step of its own row, whatever the length of the others.
    assert (np.abs(rows - table[ids]) <= np.abs(table[ids]).max(axis=1, keepdims=True) / 127 * 0.501).all()
    assert not rows[1].any()


def test_a_small_table_stays_as_it_is():
    model = look_up(np.ones((512, 8), dtype=np.float32))
    before = model.SerializeToString()
    round_embeddings(model)
    assert model.SerializeToString() == before


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A model whose weights are large enough for rounding to show."""
    model = JointModel.load(tiny_checkpoint(tmp_path_factory.mktemp("model")))
    torch.manual_seed(0)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() > 1:
                parameter.normal_(std=0.4)
    return model


def test_training_feels_what_the_int8_graph_does(model, tmp_path):
    onnx.save(fused_graph(model), tmp_path / "fused.onnx")
    quantize_graph(tmp_path / "fused.onnx", tmp_path / "int8.onnx")
    ids = np.random.default_rng(0).integers(5, model.classifier.config.vocab_size, 30)
    window = torch.from_numpy(ids)[None]
    exact = model.encode(window, torch.ones_like(window))[0][0].detach().numpy()
    feel_rounding(model)
    felt = model.encode(window, torch.ones_like(window))[0][0]
    shown = InferenceSession(tmp_path / "int8.onnx").run(["logits"], {"input_ids": ids[None]})[0][0]
    assert np.abs(shown - exact).mean() > 0.02
    # A tie at a half step may fall either way, and shifts what follows.
    assert np.abs(shown - felt.detach().numpy()).mean() < np.abs(shown - exact).mean() / 2
    felt.sum().backward()
    assert all(
        part.weight.grad.abs().sum() > 0
        for part in (
            model.classifier.model.embeddings.tok_embeddings,
            model.classifier.model.layers[0].mlp.Wi,
        )
    )


def test_rounded_weights_and_windows_lie_on_their_grids():
    torch.manual_seed(0)
    state = torch.randn(3, 5, 8) * torch.tensor([0.1, 1.0, 30.0])[:, None, None] + 0.3
    for window in rounded_windows(state):
        step = (window.max().clamp(min=0) - window.min().clamp(max=0)) / 255
        assert torch.allclose(window / step, (window / step).round(), atol=1e-3)
    table = torch.randn(4, 8).numpy()
    rounded, scale = rounded_rows(table)
    assert np.abs(rounded.astype(np.float32) * scale - table).max() <= scale.max() * 0.501
    assert np.abs(rounded).max(axis=1).tolist() == [127] * 4


def test_a_recipe_trains_for_int8_and_leaves_a_plain_checkpoint(tmp_path):
    gold = tmp_path / "gold.jsonl"
    write_jsonl(gold_documents(), gold)
    train(
        TrainConfig(
            name="trained",
            encoder=str(tiny_encoder(tmp_path / "encoder")),
            output=tmp_path / "run",
            datasets=({"path": gold},),
            development=(gold,),
            max_steps=2,
            max_tokens=40,
            overlap=9,
            quantization_aware=True,
        )
    )
    bundle = tmp_path / "run/bundle"
    session = ModelSession(bundle / QUANTIZED_MODEL, bundle / RELATION_HEAD)
    loaded = JointModel.load(tmp_path / "run/checkpoint")
    feel_rounding(loaded)
    ids = torch.arange(5, 25)[None]
    felt = loaded.encode(ids, torch.ones_like(ids))[0][0].detach().numpy()
    assert np.abs(session.encode(ids[0].numpy())[0] - felt).mean() < 0.05
