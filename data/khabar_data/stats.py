"""Count annotated files: ``python -m khabar_data.stats FILE-OR-FOLDER … [--plot coverage.svg]``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from khabar_data.corpus import corpus_files, read_corpus
from khabar_data.coverage_plot import coverage_matrix, render_coverage
from khabar_data.errors import DataError
from khabar_data.files import written_whole
from khabar_data.statistics import Statistics

_COVERAGE = ("theme", "voice", "furniture")


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the counts of each file and of all together."""
    parser = argparse.ArgumentParser(prog="python -m khabar_data.stats", description=__doc__)
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH")
    parser.add_argument("--plot", type=Path, metavar="SVG", help="also draw the matrix of themes and voices")
    options = parser.parse_args(arguments)
    paths: list[Path] = options.paths
    everything = []
    try:
        for file in corpus_files(paths):
            documents = read_corpus([file])
            everything.extend(documents)
            sys.stdout.write(f"{file}: {Statistics.of(documents).table()}\n")
    except DataError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    total = Statistics.of(everything)
    sys.stdout.write(f"all: {total.table()}\n")
    for key in _COVERAGE:
        if key in total.meta:
            counts = ", ".join(f"{value} {count}" for value, count in total.meta[key].most_common())
            sys.stdout.write(f"{key}: {counts}\n")
    if options.plot is not None:
        with written_whole(options.plot) as target:
            target.write(render_coverage(coverage_matrix(everything)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
