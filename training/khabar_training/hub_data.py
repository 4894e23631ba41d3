"""Data sets of the Hugging Face Hub, or saved by ``datasets``, -> documents with entities.

    python -m khabar_training.hub_data NAME OUT.jsonl --split train --map PERS=PER --map MISC=

A data set has a column of tokens and one of tags, by custom ``tokens`` and ``ner_tags``; numbers are
read by the names of their ``ClassLabel``. Each row becomes a Document, its tokens joined by spaces.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from khabar.document import Document
from khabar_data.conll import tagged_document
from khabar_data.convert import schema_issues
from khabar_data.errors import DataError
from khabar_data.jsonl import write_jsonl
from khabar_data.label_map import parse_label_map, relabel

#: Files that ``datasets`` can open by itself, and the builder for each.
_BUILDERS: Final = {".parquet": "parquet", ".json": "json", ".jsonl": "json", ".arrow": "arrow"}


@dataclass(frozen=True, slots=True)
class Columns:
    """Where in a row tokens and tags stand, and what tags are called that are mere numbers."""

    tokens: str = "tokens"
    tags: str = "ner_tags"
    tag_names: tuple[str, ...] = ()


def read_hub_data(
    name: str,
    *,
    split: str = "train",
    config: str | None = None,
    revision: str | None = None,
    columns: Columns | None = None,
) -> list[Document]:
    """Read one Document a row, with the labels of the source; ids are ``split-row``, from 0.

    Args:
        name: a name on the Hub, a folder of ``save_to_disk`` or of data files, or one data file.
        split: the split to read.
        config: the configuration of a data set that has several.
        revision: branch, tag or commit of the Hub.
        columns: where tokens and tags stand.

    Raises:
        DataError: ``datasets`` is not installed, the data set cannot be loaded, a column is missing or
            of another type, or a row is malformed. The message names data set, row and fix.
    """
    wanted = columns or Columns()
    rows = _loaded(_datasets(name), name, split, config, revision)
    missing = [column for column in (wanted.tokens, wanted.tags) if column not in rows.column_names]
    if missing:
        fix = f"choose with --tokens and --tags from {', '.join(rows.column_names)}"
        raise DataError(name, None, f"split {split}: no column {missing[0]!r}; {fix}")
    names = wanted.tag_names or _tag_names(rows.features[wanted.tags])
    documents = []
    for number, row in enumerate(rows):
        try:
            tags = [_tag(tag, names) for tag in _list(row, wanted.tags)]
            documents.append(_document(_list(row, wanted.tokens), tags, f"{split}-{number}"))
        except ValueError as error:
            raise DataError(name, None, f"split {split}, row {number}: {error}") from error
    return documents


def _datasets(name: str) -> ModuleType:
    try:
        import datasets  # noqa: PLC0415
    except ImportError as error:
        fix = "install the extra: pip install 'khabar[train]'"
        raise DataError(name, None, f"reading it needs the package 'datasets'; {fix}") from error
    module: ModuleType = datasets
    return module


def _loaded(datasets: ModuleType, name: str, split: str, config: str | None, revision: str | None) -> Any:
    path = Path(name)
    try:
        if path.is_file():
            builder = _BUILDERS.get(path.suffix.lower())
            if builder is None:
                raise ValueError(f"a file to load ends in one of {', '.join(_BUILDERS)}")
            return datasets.load_dataset(builder, data_files={split: str(path)}, split=split)
        if path.is_dir() and (path / "dataset_dict.json").exists():
            return datasets.load_from_disk(name)[split]
        if path.is_dir() and (path / "state.json").exists():
            return datasets.load_from_disk(name)
        return datasets.load_dataset(name, config, split=split, revision=revision)
    # The package and its file readers raise errors of many kinds.
    except Exception as error:
        reason = " ".join(str(error).split())
        raise DataError(name, None, f"split {split!r} cannot be loaded: {reason}") from error


def _tag_names(feature: Any) -> tuple[str, ...]:
    """The names of a ``ClassLabel`` in a list; nothing where the tags are strings."""
    return tuple(getattr(getattr(feature, "feature", None), "names", None) or ())


def _list(row: Any, column: str) -> Sequence[Any]:
    if not isinstance(row[column], list):
        raise ValueError(f"column {column!r}: expected a list, got {type(row[column]).__name__}")
    values: list[Any] = row[column]
    return values


def _tag(tag: object, names: Sequence[str]) -> str:
    if isinstance(tag, str):
        return tag
    if not isinstance(tag, int) or not 0 <= tag < len(names):
        fix = "name the tags in order with --tag-names O B-PER I-PER …"
        raise ValueError(f"tag {tag!r} has no name among {len(names)}; {fix}")
    return names[tag]


def _document(tokens: Sequence[Any], tags: Sequence[str], doc_id: str) -> Document:
    if len(tokens) != len(tags):
        raise ValueError(f"{len(tokens)} tokens but {len(tags)} tags; each token has one")
    for token in tokens:
        if not isinstance(token, str) or not token.strip():
            raise ValueError(f"token {token!r} is no text; take it out, with its tag")
    return tagged_document(list(zip(tokens, tags, strict=True)), doc_id)


def main(arguments: Sequence[str] | None = None) -> int:
    """Read and write JSONL; exit 1 where labels are not of the schema, 2 where nothing could be read."""
    parser = argparse.ArgumentParser(
        prog="python -m khabar_training.hub_data",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("name", metavar="NAME", help="a name on the Hub, a folder, or a data file")
    parser.add_argument("output", type=Path, metavar="OUT.jsonl")
    parser.add_argument("--split", default="train")
    parser.add_argument("--config", help="the configuration of a data set that has several")
    parser.add_argument("--revision", help="branch, tag or commit")
    parser.add_argument("--tokens", default="tokens", metavar="COLUMN")
    parser.add_argument("--tags", default="ner_tags", metavar="COLUMN")
    parser.add_argument("--tag-names", nargs="+", default=(), metavar="TAG", help="for numbers without names")
    parser.add_argument("--map", action="append", default=[], metavar="LABEL=LABEL", help="or a JSON file")
    options = parser.parse_args(arguments)
    columns = Columns(options.tokens, options.tags, tuple(options.tag_names))
    try:
        labels = parse_label_map(options.map)
        found = read_hub_data(
            options.name,
            split=options.split,
            config=options.config,
            revision=options.revision,
            columns=columns,
        )
        documents, notices = relabel(found, labels, options.name)
        write_jsonl(documents, options.output)
    except (DataError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    entities = sum(len(document.entities) for document in documents)
    sys.stdout.writelines(f"  {line}\n" for line in notices)
    sys.stdout.write(f"{options.output}: {len(documents)} documents, {entities} entities\n")
    issues = schema_issues(documents, options.name)
    sys.stdout.writelines(f"  {line}\n" for line in issues)
    return int(bool(issues))


if __name__ == "__main__":
    sys.exit(main())
