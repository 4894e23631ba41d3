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
from khabar_training import embedding_rows, rounding
from khabar_training.embedding_rows import int8_rows, round_embeddings
from khabar_training.fused_graph import fused_graph
from khabar_training.graphs import quantize_graph
from khabar_training.rounding import feel_rounding, rounded_rows, rounded_windows
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


def test_a_table_that_is_read_otherwise_too_stays_as_it_is():
    model = look_up(np.ones((2000, 8), dtype=np.float32))
    model.graph.node.append(helper.make_node("Transpose", ["table"], ["turned"]))
    before = model.SerializeToString()
    round_embeddings(model)
    assert model.SerializeToString() == before


def test_a_table_that_is_looked_up_twice_is_rounded_once():
    model = look_up(np.eye(2000, 8, dtype=np.float32))
    model.graph.node.append(helper.make_node("Gather", ["table", "ids"], ["again"]))
    model.graph.output.append(helper.make_tensor_value_info("again", TensorProto.FLOAT, [None, 8]))
    round_embeddings(model)
    assert len(model.graph.initializer) == 2
    first, second = InferenceSession(model.SerializeToString()).run(None, {"ids": np.array([3, 1])})
    assert first.tolist() == second.tolist() == np.eye(2000, 8)[[3, 1]].tolist()


@pytest.fixture
def model(tmp_path, monkeypatch):
    """A model whose weights are large enough for rounding to show, and whose tables count as large."""
    for module in (embedding_rows, rounding):
        monkeypatch.setattr(module, "LEAST_ROWS", 100)
    model = JointModel.load(tiny_checkpoint(tmp_path))
    torch.manual_seed(0)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() > 1:
                parameter.normal_(std=0.4)
    return model


def encoded(model, ids):
    return model.encode(torch.from_numpy(ids)[None], torch.ones(1, len(ids), dtype=torch.long))[0][0]


def test_training_feels_what_the_int8_graph_does(model, tmp_path):
    onnx.save(fused_graph(model), tmp_path / "fused.onnx")
    quantize_graph(tmp_path / "fused.onnx", tmp_path / "int8.onnx")
    graph = onnx.load(tmp_path / "int8.onnx").graph
    assert TensorProto.INT8 in {
        table.data_type for table in graph.initializer if table.name.endswith(".int8")
    }
    session = InferenceSession(tmp_path / "int8.onnx")
    windows = [
        np.random.default_rng(seed).integers(5, model.classifier.config.vocab_size, 9) for seed in range(5)
    ]
    exact = [encoded(model, ids).detach().numpy() for ids in windows]
    shown = [session.run(["logits"], {"input_ids": ids[None]})[0][0] for ids in windows]
    feel_rounding(model)
    felt = [encoded(model, ids) for ids in windows]
    cost = [float(np.abs(one - other).mean()) for one, other in zip(shown, exact, strict=True)]
    rest = [
        float(np.abs(one - other.detach().numpy()).mean()) for one, other in zip(shown, felt, strict=True)
    ]
    assert min(cost) > 0.05
    # A tie at half a step may fall either way and shift what follows: in most windows there is none.
    assert np.median(rest) < 1e-4
    felt[0].sum().backward()
    for part in (model.classifier.model.embeddings.tok_embeddings, model.classifier.model.layers[0].mlp.Wi):
        assert part.weight.grad.abs().sum() > 0


def test_rounded_weights_and_windows_lie_on_their_grids():
    torch.manual_seed(0)
    state = torch.randn(3, 5, 8) * torch.tensor([0.1, 1.0, 30.0])[:, None, None] + 0.3
    for window in rounded_windows(state):
        step = (window.max().clamp(min=0) - window.min().clamp(max=0)) / 255
        assert torch.allclose(window / step, (window / step).round(), atol=1e-3)
    table = torch.randn(4, 8)
    rounded, scale = int8_rows(table.numpy())
    assert np.abs(rounded * scale - table.numpy()).max() <= scale.max() * 0.501
    assert np.abs(rounded).max(axis=1).tolist() == [127] * 4
    assert torch.allclose(rounded_rows(table), torch.from_numpy(rounded * scale), atol=1e-6)


def trained(encoder, folder, *, aware):
    """The checkpoint of a run of two steps."""
    folder.mkdir()
    gold = folder / "gold.jsonl"
    write_jsonl(gold_documents(), gold)
    train(
        TrainConfig(
            name="trained",
            encoder=str(encoder),
            output=folder / "run",
            datasets=({"path": gold},),
            development=(gold,),
            max_steps=2,
            max_tokens=40,
            overlap=9,
            dropout=0,
            encoder_dropout=0,
            token_dropout=0,
            quantization_aware=aware,
        )
    )
    return JointModel.load(folder / "run/checkpoint")


def test_a_recipe_trains_for_int8_and_leaves_a_plain_checkpoint(tmp_path):
    encoder = tiny_encoder(tmp_path / "encoder")
    plain, aware = (trained(encoder, tmp_path / str(number), aware=bool(number)) for number in range(2))
    assert not any(isinstance(module, rounding.RoundedLinear) for module in aware.modules())
    first, second = plain.state_dict(), aware.state_dict()
    assert first.keys() == second.keys()
    # The same steps on the same batches: what differs is what the second run felt.
    name = "classifier.model.layers.0.mlp.Wi.weight"
    assert not torch.equal(first[name], second[name])
    assert torch.allclose(first[name], second[name], atol=0.01)
    bundle = tmp_path / "1/run/bundle"
    logits, _, _ = ModelSession(bundle / QUANTIZED_MODEL, bundle / RELATION_HEAD).encode(np.arange(5, 25))
    assert np.isfinite(logits).all()


def test_training_for_a_graph_that_is_not_written_is_refused():
    with pytest.raises(ValueError, match="quantize: true"):
        TrainConfig(
            name="a",
            encoder="b",
            output="c",
            datasets=({"path": "d"},),
            development=("e",),
            quantize=False,
            quantization_aware=True,
        )
