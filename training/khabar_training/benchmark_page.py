"""The part of docs/performance.md that a report of the benchmark writes: no figure there is typed by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

_OPENS: Final = "<!-- from reports/benchmark.json: scripts/benchmark.py writes this part -->\n"
_CLOSES: Final = "<!-- end of what scripts/benchmark.py writes -->\n"
_COLD: Final = {
    "import_seconds": "import",
    "import_load_first_prediction_seconds": "import, load and first prediction",
    "whole_process_seconds": "whole process",
}


def render_section(report: Mapping[str, Any]) -> str:
    """The report as Markdown."""
    return "\n".join([*_speeds(report), "", *_facts(report), "", *_growth(report), ""])


def with_section(page: str, section: str) -> str:
    """The page with ``section`` between its two marks.

    Raises:
        ValueError: the page has no such marks.
    """
    before, opens, rest = page.partition(_OPENS)
    _, closes, after = rest.partition(_CLOSES)
    if not opens or not closes:
        raise ValueError(f"the page lacks the lines {_OPENS.strip()!r} and {_CLOSES.strip()!r}")
    return f"{before}{opens}\n{section}\n{closes}{after}"


def _speeds(report: Mapping[str, Any]) -> list[str]:
    lines = [
        "| | words a core-second | slower than the first | 400 words, ms: p50 / p95 / p99 | peak, MB |",
        "|---|---:|---:|---:|---:|",
    ]
    for name, row in report["candidates"].items():
        latency = " / ".join(f"{row['latency_ms'][f'p{q}']:,}" for q in (50, 95, 99))
        lines.append(
            f"| {name} | {row['words_per_core_second']:,} | {row['times_slower_than_the_first']} times |"
            f" {latency} | {row['peak_megabytes']} |"
        )
    return lines


def _facts(report: Mapping[str, Any]) -> list[str]:
    cold, product, sizes = report["cold_start"], report["matrix_product"], report["install_megabytes"]
    seconds = "; ".join(f"{_COLD[name]} {value} s" for name, value in cold.items())
    resident = report["memory"]["resident_megabytes_after_calls"]
    calls = ", ".join(f"{int(number):,} calls {size} MB" for number, size in resident.items())
    threads = ", ".join(f"{number}: {speed:,}" for number, speed in report["threads"].items())
    shares = ", ".join(f"{stage} {part} %" for stage, part in report["stage_percent"].items())
    operators = ", ".join(f"{kind} {part} %" for kind, part in product["operator_percent"].items())
    reached = ", ".join(
        f"{name} {product[name]['encoder_gops']} of {product[name]['machine_gops']} GOPS"
        f" ({product[name]['share']:.0%})"
        for name in ("int8", "fp32")
    )
    return [
        f"- Cold start: {seconds}.",
        f"- Installed: {sizes['base']} MB, with the train extra {sizes['train']:,} MB.",
        f"- Resident memory: {calls}.",
        f"- Words a second by threads: {threads}.",
        f"- The encoder at {product['window']} tokens, of the machine's own matrix product: {reached}.",
        f"- The int8 encoder's own time at {product['window']} tokens: {operators}.",
        f"- Time of a page: {shares}.",
    ]


def _growth(report: Mapping[str, Any]) -> list[str]:
    rows = [
        f"| {row['words']:,} | {row['microseconds_per_word']} | {row['peak_megabytes']} |"
        for row in report["growth"]
    ]
    return ["| words in one text | microseconds a word | peak memory, MB |", "|---:|---:|---:|", *rows]
