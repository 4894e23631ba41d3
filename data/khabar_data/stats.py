"""Count annotated files: ``python -m khabar_data.stats FILE-OR-FOLDER …``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from khabar_data.errors import DataError
from khabar_data.statistics import Statistics
from khabar_data.validate import read_documents

_COVERAGE = ("theme", "voice", "furniture")


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the counts of each file and of all together."""
    parser = argparse.ArgumentParser(prog="python -m khabar_data.stats", description=__doc__)
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH")
    paths: list[Path] = parser.parse_args(arguments).paths
    files = [file for path in paths for file in (sorted(path.glob("*.jsonl")) if path.is_dir() else [path])]
    everything = []
    for file in files:
        try:
            documents = read_documents(file)
        except (DataError, OSError) as error:
            sys.stderr.write(f"{error}\n")
            return 2
        everything.extend(documents)
        sys.stdout.write(f"{file}: {Statistics.of(documents).table()}\n")
    total = Statistics.of(everything)
    sys.stdout.write(f"all: {total.table()}\n")
    for key in _COVERAGE:
        if key in total.meta:
            counts = ", ".join(f"{value} {count}" for value, count in total.meta[key].most_common())
            sys.stdout.write(f"{key}: {counts}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
