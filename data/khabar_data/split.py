"""Split annotated files: ``python -m khabar_data.split IN … OUT_FOLDER [--dev 0.1 --test 0.1 --seed 17]``.

Writes ``train.jsonl``, ``dev.jsonl`` and ``test.jsonl`` into the folder.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from khabar_data.corpus import read_corpus
from khabar_data.errors import DataError
from khabar_data.jsonl import write_jsonl
from khabar_data.splitting import SPLITS, Shares, split_documents
from khabar_data.statistics import Statistics


def main(arguments: Sequence[str] | None = None) -> int:
    """Split and write; exit 2 where a file cannot be read or written."""
    parser = argparse.ArgumentParser(
        prog="python -m khabar_data.split",
        description="Split annotated documents into train, dev and test, stable when documents are added.",
    )
    parser.add_argument("inputs", nargs="+", type=Path, metavar="IN", help="files or folders")
    parser.add_argument("folder", type=Path, metavar="OUT_FOLDER", help="made where it is missing")
    parser.add_argument("--dev", type=float, default=0.1, help="share of dev (default 0.1)")
    parser.add_argument("--test", type=float, default=0.1, help="share of test (default 0.1)")
    parser.add_argument("--seed", type=int, default=17, help="deals another split (default 17)")
    options = parser.parse_args(arguments)
    try:
        shares = Shares(options.dev, options.test, options.seed)
    except ValueError as error:
        parser.error(str(error))
    try:
        _write(options.inputs, options.folder, shares)
    except (DataError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


def _write(inputs: Sequence[Path], folder: Path, shares: Shares) -> None:
    if folder.exists() and not folder.is_dir():
        raise DataError(folder, None, "is a file; the last argument is the folder to write to")
    splits = split_documents(read_corpus(inputs), shares)
    for name in SPLITS:
        write_jsonl(splits[name], folder / f"{name}.jsonl")
        counts = Statistics.of(splits[name])
        sys.stdout.write(
            f"{folder / f'{name}.jsonl'}: {counts.documents} documents, {counts.words} words,"
            f" {counts.entities.total()} entities, {counts.relations.total()} relations\n"
        )


if __name__ == "__main__":
    sys.exit(main())
