"""Annotation that stands apart from its text: offsets and labels here, the sentences where they were found.

The news that other people wrote stays out of the project; what we marked in it does not. A record names
its document, seals the text with a hash, and holds no word of it:

    {"id": "antcorpus:812", "sha256": "…", "entities": [[0, 6, "GPE"]], "relations": [[1, "HOLDS_TITLE", 0]]}

``antcorpus:812`` is the document number 812, counted from 0, of ``antcorpus.txt.xz`` in a folder of texts:
a run of lines without an empty one.

    python -m khabar_data.standoff join data/news/dev.jsonl --texts ../shared/text --output FILE.jsonl
    python -m khabar_data.standoff part FILE.jsonl --texts ../shared/text --output data/news/dev.jsonl
"""

from __future__ import annotations

import argparse
import json
import lzma
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

from khabar.document import Document, Entity, Relation
from khabar_data.errors import DataError
from khabar_data.files import written_whole
from khabar_data.jsonl import read_jsonl, write_jsonl


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
    found = _texts((record["id"] for _, record in records), texts, path)
    return [_document(record, found[record["id"]], path, line) for line, record in records]


def part_from_texts(documents: Sequence[Document], path: Path, texts: Path) -> None:
    """Write the annotation of ``documents`` without their texts, which must stand in ``texts`` as they are.

    Raises:
        DataError: a document's id names no document of ``texts``, or one of another text.
    """
    found = _texts((document.id or "" for document in documents), texts, path)
    for document in documents:
        if found[document.id or ""] != document.text:
            raise DataError(path, None, f"{document.id}: its text is not the one in {texts}")
    with written_whole(path) as target:
        for document in documents:
            target.write(json.dumps(_record(document), ensure_ascii=False) + "\n")


def _record(document: Document) -> dict[str, Any]:
    return {
        "id": document.id,
        "sha256": _seal(document.text),
        "entities": [[entity.start, entity.end, entity.label] for entity in document.entities],
        "relations": [[relation.head, relation.label, relation.tail] for relation in document.relations],
    }


def _document(record: Mapping[str, Any], text: str, path: Path | str, line: int) -> Document:
    if _seal(text) != record["sha256"]:
        raise DataError(path, line, f"{record['id']}: the text has changed since it was annotated")
    try:
        entities = tuple(
            Entity(start, end, label, text[start:end]) for start, end, label in record["entities"]
        )
        relations = tuple(Relation(head, tail, label) for head, label, tail in record["relations"])
    except (TypeError, ValueError, KeyError) as error:
        raise DataError(
            path, line, f"expected entities [start, end, label] and relations [head, label, tail]: {error}"
        ) from error
    return Document(text, entities, relations, record["id"])


def _records(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise DataError(path, None, f"cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise DataError(path, None, f"is not UTF-8 (byte {error.start}): save it as UTF-8") from error
    for number, line in enumerate(lines, start=1):
        try:
            record = json.loads(line)
        except json.JSONDecodeError as error:
            raise DataError(path, number, f"is not JSON: {error.msg} at column {error.colno}") from error
        if not isinstance(record, dict) or not all(
            isinstance(record.get(key), str) for key in ("id", "sha256")
        ):
            raise DataError(path, number, "fields 'id' and 'sha256': expected a string in each record")
        yield number, record


def _texts(ids: Iterable[str], folder: Path, path: Path | str) -> dict[str, str]:
    """The texts of the documents that ``ids`` name, each file read once."""
    wanted: dict[str, set[int]] = {}
    for name in ids:
        source, _, number = name.rpartition(":")
        if not source or not number.isdecimal() or Path(source).name != source:
            raise DataError(path, None, f"id {name!r}: expected a file's name and a number, as antcorpus:812")
        wanted.setdefault(source, set()).add(int(number))
    found = {
        f"{source}:{number}": text
        for source, numbers in wanted.items()
        for number, text in enumerate(_iter_documents(folder / f"{source}.txt.xz"))
        if number in numbers
    }
    missing = [f"{source}:{number}" for source in wanted for number in wanted[source]]
    missing = [name for name in missing if name not in found]
    if missing:
        raise DataError(path, None, f"{folder} holds no document {missing[0]} ({len(missing)} are missing)")
    return found


def _iter_documents(path: Path) -> Iterator[str]:
    """The documents of a file: runs of lines parted by empty ones."""
    held: list[str] = []
    try:
        with lzma.open(path, "rt", encoding="utf-8", newline="\n") as lines:
            for line in lines:
                if line.strip():
                    held.append(line.rstrip("\n"))
                elif held:
                    yield "\n".join(held)
                    held = []
    except (OSError, EOFError, lzma.LZMAError, UnicodeDecodeError) as error:
        raise DataError(path, None, f"cannot be read: {error}") from error
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
        else:
            documents = read_jsonl(options.file)
            part_from_texts(documents, options.output, options.texts)
    except DataError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.write(f"{options.output}: {len(documents)} documents\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
