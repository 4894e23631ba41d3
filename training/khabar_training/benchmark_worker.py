"""One candidate of the benchmark in a process of its own: texts in, times out, one JSON object a line.

    {"texts": [...]} -> {"cpu": seconds of all threads, "wall": [seconds of each text], "peak_kb": n}

A process each keeps the candidates' memory and threads apart; the parent interleaves their turns.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

#: Pieces that a BERT reads at once; stock users split by paragraph and let the rest be cut off.
_LONGEST: Final = 512

Candidate = Callable[[str], object]


def khabar_tagger(model: str | None, *, quantized: bool) -> Candidate:
    """Our own tagger; ``None`` is the embedded bundle. Without the cache: texts come again each round."""
    from khabar import Tagger  # noqa: PLC0415

    return Tagger.from_pretrained(model, quantized=quantized, cache=0).predict


def stock_pipeline(checkpoint: str) -> Candidate:
    """``transformers.pipeline`` on a checkpoint, one thread, paragraph by paragraph."""
    import torch  # noqa: PLC0415
    from transformers import AutoModelForTokenClassification, AutoTokenizer, pipeline  # noqa: PLC0415

    torch.set_num_threads(1)
    tokenizer = AutoTokenizer.from_pretrained(checkpoint, model_max_length=_LONGEST)
    model = AutoModelForTokenClassification.from_pretrained(checkpoint)
    tag = pipeline("token-classification", model=model, tokenizer=tokenizer, aggregation_strategy="simple")

    def each_paragraph(text: str) -> list[Any]:
        return [tag(line) for line in text.split("\n") if line.strip()]

    return each_paragraph


def peak_kilobytes() -> int:
    """Peak resident memory of this process (Linux).

    getrusage's figure would count what the parent held when it forked.
    """
    found = re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text(encoding="ascii"))
    return int(found[1]) if found else 0


def serve(candidate: Candidate) -> None:
    """Answer requests on standard input until it ends."""
    for line in sys.stdin:
        texts: Sequence[str] = json.loads(line)["texts"]
        wall, cpu = [], time.process_time()
        for text in texts:
            started = time.perf_counter()
            candidate(text)
            wall.append(time.perf_counter() - started)
        answer = {
            "cpu": time.process_time() - cpu,
            "wall": wall,
            "peak_kb": peak_kilobytes(),
        }
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


def main(arguments: Sequence[str] | None = None) -> int:
    """Load a candidate and serve it."""
    parser = argparse.ArgumentParser(prog="python -m khabar_training.benchmark_worker", description=__doc__)
    parser.add_argument("kind", choices=["int8", "fp32", "pipeline"])
    parser.add_argument("--model", help="a bundle or a checkpoint; nothing for the embedded bundle")
    options = parser.parse_args(arguments)
    if options.kind == "pipeline":
        serve(stock_pipeline(options.model))
    else:
        serve(khabar_tagger(options.model, quantized=options.kind == "int8"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
