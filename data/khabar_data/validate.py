"""Check annotated files: ``python -m khabar_data.validate FILE …``.

A file is JSONL, or the authoring form where its name ends in ``.txt``.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from khabar.document import Document
from khabar_data.authoring import read_authored
from khabar_data.errors import DataError
from khabar_data.jsonl import read_jsonl
from khabar_data.validation import validate


def read_documents(path: Path) -> list[Document]:
    """Read a file by its ending: ``.txt`` is the authoring form, anything else JSONL."""
    return read_authored(path) if path.suffix == ".txt" else read_jsonl(path)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print every issue; exit 1 where there is one, 2 where a file cannot be read."""
    parser = argparse.ArgumentParser(prog="python -m khabar_data.validate", description=__doc__)
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
    paths: list[Path] = parser.parse_args(arguments).files
    documents, unreadable = [], 0
    for path in paths:
        try:
            documents.extend(read_documents(path))
        except DataError as error:
            unreadable += 1
            sys.stderr.write(f"{error}\n")
    issues = validate(documents)
    sys.stdout.writelines(f"{issue}\n" for issue in issues)
    sys.stdout.write(f"{len(documents)} documents, {len(issues)} issues\n")
    return 2 if unreadable else int(bool(issues))


if __name__ == "__main__":
    sys.exit(main())
