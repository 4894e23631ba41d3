"""Measure the shipped model against stock pipelines: a report, the page on performance, a picture."""

from __future__ import annotations

import argparse
import json
import logging
import sys
from pathlib import Path

from khabar_data.files import written_whole
from khabar_training.benchmark import Plan, format_table, run
from khabar_training.benchmark_page import render_section, with_section
from khabar_training.benchmark_plot import render_benchmark

ROOT = Path(__file__).resolve().parent.parent


def main() -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bundle", type=Path, default=ROOT / "runs/default-final/bundle")
    parser.add_argument("--checkpoint", type=Path, default=ROOT / "runs/default-final/checkpoint")
    parser.add_argument("--corpus", type=Path, default=ROOT / "data/corpus/train.jsonl")
    parser.add_argument("--work", type=Path, default=ROOT / "runs/benchmark")
    parser.add_argument("--output", type=Path, default=ROOT / "reports/benchmark.json")
    parser.add_argument("--plot", type=Path, default=ROOT / "docs/benchmark.svg")
    parser.add_argument("--page", type=Path, default=ROOT / "docs/performance.md")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--pages", type=int, default=6)
    parser.add_argument("--growth", type=int, default=1_000_000)
    parser.add_argument("--calls", type=int, default=10_000)
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    missing = [path for path in (options.bundle, options.checkpoint) if not path.exists()]
    if missing:
        sys.stderr.write(f"{missing[0]}: not found; scripts/build_default_model.py makes it\n")
        return 2
    plan = Plan(
        options.bundle,
        options.checkpoint,
        options.corpus,
        options.work,
        options.rounds,
        options.pages,
        options.growth,
        options.calls,
    )
    report = run(plan)
    with written_whole(options.output) as target:
        target.write(json.dumps(report, indent=2, ensure_ascii=False) + "\n")
    with written_whole(options.plot) as target:
        target.write(render_benchmark(report))
    page = with_section(options.page.read_text(encoding="utf-8"), render_section(report))
    with written_whole(options.page) as target:
        target.write(page)
    print(format_table(report))
    return 0


if __name__ == "__main__":
    sys.exit(main())
