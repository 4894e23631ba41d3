"""Compare our tagger with stock pipelines on this machine, in one interleaved run.

pages -> candidates in processes of their own, turn by turn -> words a core-second, latency, memory
      -> cold starts, growth from 100 to 1,000,000 words, share of the machine's matrix product
"""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, Final

import numpy as np

from khabar.bundle import MODEL, QUANTIZED_MODEL, RELATION_HEAD
from khabar.modeling import JointModel
from khabar.session import ModelSession
from khabar_training.benchmark_operators import operator_shares
from khabar_training.benchmark_processes import cold_starts, growth, memory, threads
from khabar_training.benchmark_stages import stage_shares
from khabar_training.benchmark_texts import count_words, news_pages, page_of
from khabar_training.install_size import install_sizes
from khabar_training.machine_peak import encoder_operations, matrix_peaks, window_seconds
from khabar_training.reference_model import camelbert_shape

logger = logging.getLogger(__name__)

_LATENCY_WORDS: Final = 400
_WINDOW: Final = 128
#: Windows that the profile of the encoder reads.
_CALLS: Final = 300


@dataclass(frozen=True, slots=True)
class Plan:
    """What is compared, on what, and how often.

    Attributes:
        bundle: our bundle with both graphs.
        checkpoint: the checkpoint it was exported from.
        corpus: JSONL that the pages are made of.
        work: folder for the reference model.
        rounds: turns of every candidate.
        pages: pages of one turn.
        growth: longest text of the growth curve, in words.
        calls: calls of random lengths over which memory is watched.
    """

    bundle: Path
    checkpoint: Path
    corpus: Path
    work: Path
    rounds: int = 5
    pages: int = 6
    growth: int = 1_000_000
    calls: int = 10_000


class Worker:
    """A candidate in its own process."""

    def __init__(self, *arguments: str) -> None:
        command = [sys.executable, "-m", "khabar_training.benchmark_worker", *arguments]
        self._process = subprocess.Popen(  # noqa: S603
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.stdin:
            self._process.stdin.close()
        self._process.wait(timeout=60)

    def tag(self, texts: Sequence[str]) -> dict[str, Any]:
        """Have ``texts`` tagged; cpu and wall seconds and peak memory."""
        if self._process.stdin is None or self._process.stdout is None:
            raise RuntimeError("the worker has no pipes")
        self._process.stdin.write(json.dumps({"texts": list(texts)}) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"a candidate stopped: {self._process.args!r}")
        answer: dict[str, Any] = json.loads(line)
        return answer


def run(plan: Plan) -> dict[str, Any]:
    """Run the whole benchmark; the report holds medians, and the ratios of each round's neighbours."""
    reference = camelbert_shape(plan.checkpoint, plan.work / "camelbert-shape")
    candidates = {
        "khabar int8": ("int8", "--model", str(plan.bundle)),
        "khabar fp32": ("fp32", "--model", str(plan.bundle)),
        "pipeline, own checkpoint": ("pipeline", "--model", str(plan.checkpoint)),
        "pipeline, CAMeLBERT shape": ("pipeline", "--model", str(reference)),
    }
    return {
        "candidates": _compare(plan, candidates),
        "cold_start": cold_starts(plan.corpus, 2 * plan.rounds + 1),
        "growth": growth(plan.corpus, plan.growth),
        "memory": memory(plan.corpus, plan.calls),
        "threads": threads(plan.corpus, 20 * plan.pages, plan.rounds),
        "matrix_product": _matrix_product(plan),
        "stage_percent": stage_shares(plan.bundle, plan.corpus, 10 * plan.pages, plan.rounds),
        "install_megabytes": install_sizes(),
    }


def _compare(plan: Plan, candidates: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    pages = news_pages(plan.corpus, plan.pages)
    article = page_of(plan.corpus, _LATENCY_WORDS)
    words = count_words(pages)
    speeds: dict[str, list[float]] = {name: [] for name in candidates}
    latencies: dict[str, list[float]] = {name: [] for name in candidates}
    peaks: dict[str, int] = {}
    with ExitStack() as stack:
        workers = {name: stack.enter_context(Worker(*command)) for name, command in candidates.items()}
        for worker in workers.values():
            worker.tag(pages[:1])
        for number in range(plan.rounds):
            for name, worker in workers.items():
                # Fast candidates read the pages several times: a turn should last.
                repeats = 10 if name.startswith("khabar") else 1
                answer = worker.tag(pages * repeats)
                speeds[name].append(words * repeats / answer["cpu"])
                latencies[name] += worker.tag([article] * (40 if repeats > 1 else 4))["wall"]
                peaks[name] = answer["peak_kb"]
            logger.info("round %d of %d", number + 1, plan.rounds)
    first = next(iter(candidates))
    return {
        name: {
            "words_per_core_second": round(median(speeds[name])),
            "times_slower_than_the_first": round(
                median(ours / theirs for ours, theirs in zip(speeds[first], speeds[name], strict=True)), 1
            ),
            "latency_ms": {
                f"p{q}": round(1000 * float(np.percentile(latencies[name], q)), 1) for q in (50, 95, 99)
            },
            "peak_megabytes": round(peaks[name] / 1024),
        }
        for name in candidates
    }


def _matrix_product(plan: Plan) -> dict[str, Any]:
    peaks = matrix_peaks()
    model = JointModel.load(plan.checkpoint)
    operations = encoder_operations(model, _WINDOW)
    ids = np.random.default_rng(0).integers(5, model.classifier.config.vocab_size, _WINDOW)
    report: dict[str, Any] = {"window": _WINDOW, "operations": operations}
    for name, graph in (("int8", QUANTIZED_MODEL), ("fp32", MODEL)):
        session = ModelSession(plan.bundle / graph, plan.bundle / RELATION_HEAD)
        seconds = window_seconds(lambda session=session: session.encode(ids))  # type: ignore[misc]
        reached = operations / seconds / 1e9
        report[name] = {
            "machine_gops": round(peaks[name]),
            "encoder_gops": round(reached),
            "share": round(reached / peaks[name], 3),
            "milliseconds": round(1000 * seconds, 3),
        }
    vocabulary = model.classifier.config.vocab_size
    report["operator_percent"] = operator_shares(plan.bundle / QUANTIZED_MODEL, _WINDOW, vocabulary, _CALLS)
    return report


def format_table(report: Mapping[str, Any]) -> str:
    """The report for a terminal."""
    lines = [f"{'':<28}{'words/core-s':>13}{'slower':>8}{'p50 ms':>9}{'p95 ms':>9}{'p99 ms':>9}{'MB':>7}"]
    for name, row in report["candidates"].items():
        latency = row["latency_ms"]
        lines.append(
            f"{name:<28}{row['words_per_core_second']:>13}{row['times_slower_than_the_first']:>7}x"
            f"{latency['p50']:>9}{latency['p95']:>9}{latency['p99']:>9}{row['peak_megabytes']:>7}"
        )
    cold = ", ".join(
        f"{name.replace('_', ' ').removesuffix(' seconds')} {value} s"
        for name, value in report["cold_start"].items()
    )
    lines += ["", f"cold start: {cold}", "", "growth:"]
    lines += [
        f"  {row['words']:>9} words: {row['microseconds_per_word']} us a word, {row['peak_megabytes']} MB"
        for row in report["growth"]
    ]
    after = report["memory"]["resident_megabytes_after_calls"]
    lines += ["", "memory: " + ", ".join(f"{size} MB after {calls} calls" for calls, size in after.items())]
    speeds = report["threads"]
    lines += ["threads: " + ", ".join(f"{n}: {speed} words/s" for n, speed in speeds.items())]
    product = report["matrix_product"]
    lines += ["", f"encoder at {product['window']} tokens against the machine's own matrix product:"]
    for name in ("int8", "fp32"):
        row = product[name]
        lines.append(f"  {name}: {row['encoder_gops']} of {row['machine_gops']} GOPS = {row['share']:.0%}")
    lines += [
        "",
        "time: " + ", ".join(f"{stage} {part} %" for stage, part in report["stage_percent"].items()),
    ]
    sizes = report["install_megabytes"]
    lines += ["", f"installed: {sizes['base']} MB, with the train extra {sizes['train']} MB"]
    return "\n".join(lines)
