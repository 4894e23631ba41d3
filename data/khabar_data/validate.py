"""Check annotated files: ``python -m khabar_data.validate PATH …``.

A path is a JSONL file, a file of the authoring form (``.txt``), or a folder of such files.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from khabar_data.corpus import read_corpus
from khabar_data.errors import DataError
from khabar_data.validation import validate


def main(arguments: Sequence[str] | None = None) -> int:
    """Print every issue; exit 1 where there is one, 2 where a file cannot be read."""
    parser = argparse.ArgumentParser(prog="python -m khabar_data.validate", description=__doc__)
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH")
    paths: list[Path] = parser.parse_args(arguments).paths
    documents, unreadable = [], 0
    for path in paths:
        try:
            documents.extend(read_corpus([path]))
        except DataError as error:
            unreadable += 1
            sys.stderr.write(f"{error}\n")
    issues = validate(documents)
    sys.stdout.writelines(f"{issue}\n" for issue in issues)
    sys.stdout.write(f"{len(documents)} documents, {len(issues)} issues\n")
    return 2 if unreadable else int(bool(issues))


if __name__ == "__main__":
    sys.exit(main())
