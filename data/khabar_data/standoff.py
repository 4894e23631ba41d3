"""Annotation that stands apart from its text: offsets and labels here, the sentences where they were found.

The news that other people wrote stays out of the project; what we marked in it does not. A record names
its document, seals the text with a hash, and holds no word of it:

    {"id": "antcorpus:812", "sha256": "…",
     "entities": [[0, 6, "TITLE"], [7, 11, "PER"]], "relations": [[1, "HOLDS_TITLE", 0]]}

``antcorpus:812`` is the document number 812, counted from 0, of ``antcorpus.txt.xz`` in a folder of texts:
a run of lines without an empty one.

    python -m khabar_data.standoff join data/news/dev.jsonl --texts ../shared/text --output FILE.jsonl
    python -m khabar_data.standoff part FILE.jsonl --texts ../shared/text --output data/news/dev.jsonl
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Any, Final

from khabar.document import Document, DocumentError
from khabar_data.errors import DataError
from khabar_data.files import written_whole
from khabar_data.jsonl import read_jsonl, write_jsonl
from khabar_data.running_text import open_text, readable

_ID: Final = re.compile(r"([\w.-]*\w):(0|[1-9][0-9]{0,8})", re.ASCII)


def join_texts(path: Path | str, texts: Path) -> list[Document]:
    """Read stand-off records and fetch the text of each.

    Args:
        path: the records, one a line.
        texts: the folder of the files that their ids name.

    Raises:
        DataError: a record is malformed, its file or document is not there, or the text is another one
            than the one that was annotated.
    """
    records = list(_records(Path(path)))
    found = _texts(((line, record["id"]) for line, record in records), texts, path)
    return [_joined(record, found[record["id"]], path, line) for line, record in records]


def part_from_texts(source: Path | str, texts: Path, target: Path) -> int:
    """Write the annotation of a JSONL file without its texts, and say of how many documents.

    Args:
        source: documents whose ids name documents of ``texts``. Their ``meta`` is not carried over.
        texts: the folder of the files that the ids name.
        target: where the records go.

    Raises:
        DataError: an id names no document, the text there is another one, or the annotation has scores:
            it is a model's.
    """
    documents = read_jsonl(source)
    found = _texts(((None, document.id or "") for document in documents), texts, source)
    for document in documents:
        if found[document.id or ""] != document.text:
            raise DataError(source, None, f"{document.id}: its text is not the one in {texts}")
        scores = [entity.score for entity in document.entities] + [r.score for r in document.relations]
        if any(score is not None for score in scores):
            raise DataError(source, None, f"{document.id}: has scores, which a record has no place for")
    with written_whole(target) as lines:
        for document in documents:
            lines.write(json.dumps(_record(document), ensure_ascii=False) + "\n")
    return len(documents)


def _record(document: Document) -> dict[str, Any]:
    return {
        "id": document.id,
        "sha256": _seal(document.text),
        "entities": [[entity.start, entity.end, entity.label] for entity in document.entities],
        "relations": [[relation.head, relation.label, relation.tail] for relation in document.relations],
    }


def _joined(record: Mapping[str, Any], text: str, path: Path | str, line: int) -> Document:
    if _seal(text) != record["sha256"]:
        raise DataError(path, line, f"{record['id']}: the text has changed since it was annotated")
    try:
        entities = [
            {"start": start, "end": end, "label": label} for start, end, label in record.get("entities", [])
        ]
        relations = [
            {"head": head, "label": label, "tail": tail} for head, label, tail in record.get("relations", [])
        ]
    except (TypeError, ValueError) as error:
        raise DataError(
            path, line, f"expected entities [start, end, label] and relations [head, label, tail]: {error}"
        ) from error
    try:
        return Document.from_dict(
            {"id": record["id"], "text": text, "entities": entities, "relations": relations}
        )
    except DocumentError as error:
        raise DataError(path, line, f"{record['id']}: {error}") from error


def _records(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    with readable(path), open_text(path) as lines:
        for number, line in enumerate(lines, start=1):
            if line.strip():
                yield number, _checked(line, path, number)


def _checked(line: str, path: Path, number: int) -> dict[str, Any]:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise DataError(path, number, f"is not JSON that can be read: {error}") from error
    if not isinstance(record, dict) or not all(isinstance(record.get(key), str) for key in ("id", "sha256")):
        raise DataError(path, number, "fields 'id' and 'sha256': expected a string in each record")
    return record


def _texts(ids: Iterable[tuple[int | None, str]], folder: Path, path: Path | str) -> dict[str, str]:
    """The texts of the documents that ``ids`` name, with the lines they stand in; each file is read once."""
    wanted: dict[str, dict[int, int | None]] = {}
    for line, name in ids:
        match = _ID.fullmatch(name)
        if match is None:
            raise DataError(
                path, line, f"id {name!r}: expected the name of a file and a number, as in antcorpus:812"
            )
        wanted.setdefault(match[1], {})[int(match[2])] = line
    found: dict[str, str] = {}
    for source, numbers in wanted.items():
        found |= _named_documents(folder / f"{source}.txt.xz", source, numbers)
        for number, line in numbers.items():
            if f"{source}:{number}" not in found:
                raise DataError(path, line, f"{folder} holds no document {source}:{number}")
    return found


def _named_documents(path: Path, source: str, numbers: Mapping[int, object]) -> dict[str, str]:
    documents = enumerate(islice(_iter_documents(path), max(numbers) + 1))
    return {f"{source}:{number}": text for number, text in documents if number in numbers}


def _iter_documents(path: Path) -> Iterator[str]:
    """The documents of a file: runs of lines parted by empty ones."""
    held: list[str] = []
    with readable(path), open_text(path) as lines:
        for line in lines:
            if line.strip():
                held.append(line.rstrip("\n"))
            elif held:
                yield "\n".join(held)
                held = []
    if held:
        yield "\n".join(held)


def _seal(text: str) -> str:
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def main(arguments: Sequence[str] | None = None) -> int:
    """Join annotation and texts, or part them; exit 2 where a file is not what it should be."""
    parser = argparse.ArgumentParser(
        prog="python -m khabar_data.standoff",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("action", choices=("join", "part"))
    parser.add_argument("file", type=Path, help="stand-off records to join, or a JSONL file to part")
    parser.add_argument("--texts", type=Path, required=True, help="folder of the texts (.txt.xz)")
    parser.add_argument("--output", type=Path, required=True)
    options = parser.parse_args(arguments)
    try:
        if options.action == "join":
            documents = join_texts(options.file, options.texts)
            write_jsonl(documents, options.output)
            count = len(documents)
        else:
            count = part_from_texts(options.file, options.texts, options.output)
    except (DataError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.write(f"{options.output}: {count} documents\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
