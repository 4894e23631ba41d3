"""Ways to run the encoder on a CPU, one thread, interleaved: reports/backends.json.

Traced or fused, float32, dynamic int8, static int8 (QDQ), and OpenVINO where it is installed
(``pip install openvino``). Milliseconds a window by length, and how often each agrees with float32 on the
tag of a word piece inside a name.
"""

from __future__ import annotations

import argparse
import json
import logging
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import Any, Final

import numpy as np
import onnx
import onnxruntime
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

from khabar.bundle import MODEL, Bundle
from khabar.modeling import JointModel
from khabar.tagger import read_tokenizer
from khabar.windows import iter_windows
from khabar_data.files import written_whole
from khabar_data.jsonl import read_jsonl
from khabar_training.fused_graph import fused_graph
from khabar_training.graphs import quantize_graph

ROOT = Path(__file__).resolve().parent.parent
LENGTHS: Final = (16, 48, 128)
CALIBRATION, HELD_OUT, ROUNDS = 150, 250, 80

Backend = Callable[[Any], Any]


class Windows(CalibrationDataReader):  # type: ignore[misc]
    """Windows of the corpus, for the ranges of static quantisation."""

    def __init__(self, windows: list[Any]) -> None:
        self._windows: Iterator[Any] = iter(windows)

    def get_next(self) -> dict[str, Any] | None:
        """The next input, or nothing."""
        ids = next(self._windows, None)
        return None if ids is None else {"input_ids": ids}


def onnx_runtime(path: Path) -> Backend:
    """Tag logits of a window by ONNX Runtime."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    names = [item.name for item in session.get_inputs()]
    return lambda ids: session.run(
        ["logits"], {name: ids if name == "input_ids" else np.ones_like(ids) for name in names}
    )[0]


def openvino(path: Path, precision: str) -> Backend:
    """Tag logits of a window by OpenVINO."""
    import openvino as ov  # noqa: PLC0415

    settings = {
        "INFERENCE_NUM_THREADS": 1,
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_PRECISION_HINT": precision,
    }
    request = ov.Core().compile_model(str(path), "CPU", settings).create_infer_request()
    return lambda ids: request.infer({"input_ids": ids, "attention_mask": np.ones_like(ids)})["logits"]


def backends(bundle: Path, checkpoint: Path, work: Path, windows: list[Any]) -> dict[str, Backend]:
    """Every way to run the encoder, by name."""
    traced, fused = bundle / MODEL, work / "fused.onnx"
    onnx.save(fused_graph(JointModel.load(checkpoint)), str(fused))
    quantize_graph(traced, work / "traced-int8.onnx")
    quantize_graph(fused, work / "fused-int8.onnx")
    quantize_static(
        fused,
        work / "fused-qdq.onnx",
        Windows(windows),
        quant_format=QuantFormat.QDQ,
        op_types_to_quantize=["MatMul"],
        per_channel=True,
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
    )
    ways = {
        "traced, float32": onnx_runtime(traced),
        "fused, float32": onnx_runtime(fused),
        "traced, dynamic int8": onnx_runtime(work / "traced-int8.onnx"),
        "fused, dynamic int8 (shipped)": onnx_runtime(work / "fused-int8.onnx"),
        "fused, static int8 (QDQ)": onnx_runtime(work / "fused-qdq.onnx"),
    }
    try:
        ways |= {f"OpenVINO, {name}": openvino(traced, name) for name in ("f32", "bf16")}
    except ImportError:
        logging.warning("openvino is not installed: left out")
    return ways


def compare(ways: dict[str, Backend], windows: list[Any]) -> dict[str, Any]:
    """Milliseconds by length, and agreement with the first way inside names."""
    report: dict[str, Any] = {name: {"milliseconds": {}} for name in ways}
    for length in LENGTHS:
        ids = np.random.default_rng(length).integers(5, 20_000, (1, length))
        times: dict[str, list[float]] = {name: [] for name in ways}
        for number in range(ROUNDS + 1):
            for name, run in ways.items():
                started = time.process_time()
                run(ids)
                if number:
                    times[name].append(time.process_time() - started)
        for name, values in times.items():
            report[name]["milliseconds"][length] = round(1000 * median(values), 2)
    wanted = [next(iter(ways.values()))(ids).argmax(-1) for ids in windows]
    for name, run in ways.items():
        same = total = 0
        for ids, tags in zip(windows, wanted, strict=True):
            inside = tags != 0
            same += int((run(ids).argmax(-1)[inside] == tags[inside]).sum())
            total += int(inside.sum())
        report[name]["agreement"] = round(100 * same / total, 2)
    return report


def main() -> int:
    """Compare, print, write the report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bundle", type=Path, default=ROOT / "runs/default-final/bundle")
    parser.add_argument("--checkpoint", type=Path, default=ROOT / "runs/default-final/checkpoint")
    parser.add_argument("--work", type=Path, default=ROOT / "runs/benchmark")
    parser.add_argument("--output", type=Path, default=ROOT / "reports/backends.json")
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    tokenizer = read_tokenizer(Bundle.open(options.bundle))
    windows = [
        window.input_ids(tokenizer)[None]
        for document in read_jsonl(ROOT / "data/corpus/train.jsonl")[:60]
        for window in iter_windows(document.text, tokenizer, 160, 48)
    ]
    ways = backends(options.bundle, options.checkpoint, options.work, windows[:CALIBRATION])
    report = compare(ways, windows[CALIBRATION : CALIBRATION + HELD_OUT])
    with written_whole(options.output) as target:
        target.write(json.dumps(report, indent=2) + "\n")
    for name, row in report.items():
        cells = "  ".join(f"{length}: {value:6.2f} ms" for length, value in row["milliseconds"].items())
        print(f"{name:<32}{cells}  agrees {row['agreement']} %")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
