"""What only a fresh process can tell: cold start, cost and memory by length and over many calls, threads."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from typing import Any, Final

from khabar_training.benchmark_texts import news_pages, page_of

_LATENCY_WORDS: Final = 400
_GROWTH: Final = (100, 1_000, 10_000, 100_000, 1_000_000)
_COLD: Final = """
import time; started = time.perf_counter()
import khabar; imported = time.perf_counter()
import sys; text = sys.stdin.read()
khabar.predict(text); first = time.perf_counter()
sys.stdout.write(f"{imported - started} {first - started}")
"""
_ONE_TEXT: Final = r"""
import pathlib, re, sys, time, khabar
khabar.predict("زار"); text = sys.stdin.read(); cpu = time.process_time(); found = khabar.predict(text)
cpu = time.process_time() - cpu; status = pathlib.Path("/proc/self/status").read_text()
peak = re.search(r"VmHWM:\s+(\d+)", status)[1]
sys.stdout.write(f"{cpu} {peak} {len(found.entities)}")
"""


_MANY: Final = """
import pathlib, re, sys, khabar
tagger = khabar.Tagger.from_pretrained(); words = sys.stdin.read().split(); place = 0; sizes = []
for call in range(1, {calls} + 1):
    size = 1 + call * 7919 % 120; tagger.predict(" ".join(words[place : place + size]))
    place = (place + size) % (len(words) - 120)
    if call in ({calls} // 100, {calls} // 10, {calls}):
        status = pathlib.Path("/proc/self/status").read_text()
        sizes.append(int(re.search(r"VmRSS:\\s+(\\d+)", status)[1]) / 1024)
sys.stdout.write(" ".join(map(str, sizes)))
"""
_THREADS: Final = """
import sys, time, khabar
pages = sys.stdin.read().split("\\f"); words = sum(len(page.split()) for page in pages)
tagger = khabar.Tagger.from_pretrained(threads={threads}, cache=0); tagger.predict_batch(pages[:2])
started = time.perf_counter(); tagger.predict_batch(pages)
sys.stdout.write(str(words / (time.perf_counter() - started)))
"""


def cold_starts(corpus: Path, rounds: int) -> dict[str, float]:
    """Seconds of a fresh process until the package is imported and the first article tagged, medians."""
    article = page_of(corpus, _LATENCY_WORDS)
    rows = []
    for _ in range(rounds):
        started = time.perf_counter()
        imported, first = _python(_COLD, article)
        rows.append((imported, first, time.perf_counter() - started))
    names = ("import_seconds", "import_load_first_prediction_seconds", "whole_process_seconds")
    columns = zip(*rows, strict=True)
    return {name: round(median(column), 3) for name, column in zip(names, columns, strict=True)}


def growth(corpus: Path, longest: int) -> list[dict[str, float]]:
    """Cost a word and peak memory of one text of 100 words up to ``longest``."""
    rows = []
    for words in _GROWTH:
        if words > longest:
            break
        cpu, peak, entities = _python(_ONE_TEXT, page_of(corpus, words))
        rows.append(
            {
                "words": words,
                "microseconds_per_word": round(1e6 * cpu / words, 1),
                "peak_megabytes": round(peak / 1024),
                "entities": int(entities),
            }
        )
    return rows


def memory(corpus: Path, calls: int) -> dict[str, Any]:
    """Resident memory after calls of 1 to 120 words, the cache of short windows included."""
    sizes = _python(_MANY.format(calls=calls), page_of(corpus, 100_000))
    after = dict(zip((calls // 100, calls // 10, calls), map(round, sizes), strict=True))
    return {"resident_megabytes_after_calls": after}


def threads(corpus: Path, pages: int, rounds: int) -> dict[str, int]:
    """Words a second of wall time, a text a thread, medians."""
    text = "\f".join(news_pages(corpus, pages))
    speeds: dict[str, list[float]] = {"1": [], "2": []}
    for _ in range(rounds):
        for count, values in speeds.items():
            values.extend(_python(_THREADS.format(threads=count), text))
    return {count: round(median(values)) for count, values in speeds.items()}


def _python(code: str, text: str) -> list[float]:
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", code], input=text, capture_output=True, text=True, check=True, encoding="utf-8"
    )
    return [float(value) for value in done.stdout.split()]
