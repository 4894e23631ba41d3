"""The benchmark runs from end to end, on a tiny model in the place of the large one."""

import json
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from khabar.modeling import JointModel
from khabar_training import benchmark
from khabar_training.benchmark_page import render_section, with_section
from khabar_training.benchmark_plot import render_benchmark
from khabar_training.benchmark_texts import count_words, news_pages, page_of
from khabar_training.install_size import install_sizes
from khabar_training.machine_peak import encoder_operations

CORPUS = Path(__file__).resolve().parents[2] / "data/corpus/dev.jsonl"


@pytest.fixture(scope="module")
def report(tiny_bundle, tiny_checkpoint, tmp_path_factory):
    patch = pytest.MonkeyPatch()
    patch.setattr(benchmark, "camelbert_shape", lambda *_: tiny_checkpoint)
    plan = benchmark.Plan(
        tiny_bundle, tiny_checkpoint, CORPUS, tmp_path_factory.mktemp("work"), 1, 1, growth=1_000, calls=100
    )
    yield benchmark.run(plan)
    patch.undo()


def test_every_candidate_is_measured(report):
    assert list(report["candidates"]) == [
        "khabar int8",
        "khabar fp32",
        "pipeline, own checkpoint",
        "pipeline, CAMeLBERT shape",
    ]
    for row in report["candidates"].values():
        assert row["words_per_core_second"] > 0
        assert 0 < row["latency_ms"]["p50"] <= row["latency_ms"]["p95"] <= row["latency_ms"]["p99"]
        assert row["peak_megabytes"] > 20
    assert report["candidates"]["khabar int8"]["times_slower_than_the_first"] == 1.0
    assert [row["words"] for row in report["growth"]] == [100, 1_000]
    assert list(report["memory"]["resident_megabytes_after_calls"]) == [1, 10, 100]
    assert all(0 < report["matrix_product"][name]["share"] < 1.5 for name in ("int8", "fp32"))
    operators = report["matrix_product"]["operator_percent"]
    assert {"int8 products", "attention", "norms", "rotary embedding"} <= set(operators)
    assert sum(operators.values()) == pytest.approx(100, abs=0.5)
    assert sum(report["stage_percent"].values()) == pytest.approx(100, abs=0.3)
    assert all(part > 0 for part in report["stage_percent"].values())


def test_the_report_has_a_table_and_a_picture(report):
    table = benchmark.format_table(report)
    assert "pipeline, CAMeLBERT shape" in table
    assert "after 100 calls" in table
    picture = ElementTree.fromstring(render_benchmark(report))
    assert len(picture.findall("{http://www.w3.org/2000/svg}circle")) == 2


def test_the_page_on_performance_is_the_report():
    root = CORPUS.parents[2]
    report = json.loads((root / "reports/benchmark.json").read_text(encoding="utf-8"))
    page = (root / "docs/performance.md").read_text(encoding="utf-8")
    assert with_section(page, render_section(report)) == page


def test_a_page_without_marks_is_refused():
    with pytest.raises(ValueError, match="lacks the lines"):
        with_section("# Performance\n", "")


def test_a_candidate_that_stops_is_an_error(tmp_path):
    with (
        benchmark.Worker("int8", "--model", str(tmp_path / "nowhere")) as worker,
        pytest.raises((RuntimeError, BrokenPipeError)),
    ):
        worker.tag(["نص"])


def test_pages_have_the_lengths_of_news_and_are_the_same_every_time():
    pages = news_pages(CORPUS, 200)
    lengths = [count_words([page]) for page in pages]
    assert 250 < np.median(lengths) < 450
    assert 60 <= min(lengths) < 150
    assert 700 < max(lengths) <= 2000
    assert pages == news_pages(CORPUS, 200)
    assert count_words([page_of(CORPUS, 400)]) == 400


def test_operations_are_counted_by_hand(tiny_checkpoint):
    model = JointModel.load(tiny_checkpoint)
    # Two layers of 48 with 64 inside: attention projections, gated feed-forward, scores and sums.
    layer = 4 * 48 * 48 + 3 * 48 * 64
    wanted = 2 * 10 * (2 * layer + 48 * 48 + 48 * 27 + 2 * 2 * 10 * 48)
    assert encoder_operations(model, 10) == wanted


def test_the_base_installation_is_a_part_of_the_whole():
    sizes = install_sizes()
    assert 50 < sizes["base"] < 250
    assert sizes["train"] > 2 * sizes["base"]


def test_the_script_says_what_is_missing(tmp_path):
    script = Path(__file__).resolve().parents[2] / "scripts/benchmark.py"
    command = [sys.executable, str(script), "--bundle", str(tmp_path / "none")]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 2
    assert "build_default_model.py makes it" in done.stderr
