"""An annotated corpus as the commands are given it: files, or folders of files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from khabar.document import Document
from khabar_data.authoring import read_authored
from khabar_data.errors import DataError
from khabar_data.jsonl import read_jsonl


def read_corpus(paths: Iterable[Path | str]) -> list[Document]:
    """Read JSONL and authoring files (``.txt``), and those that lie directly in a folder, by name.

    Raises:
        DataError: a path cannot be read, a folder holds no such file, or a line is malformed.
    """
    documents: list[Document] = []
    for file in corpus_files(map(Path, paths)):
        documents.extend(read_authored(file) if file.suffix == ".txt" else read_jsonl(file))
    return documents


def document_names(documents: Sequence[Document]) -> list[str]:
    """What to call each document in a report: its id, or its position where it has none.

    No name stands twice: of two documents with one id the second is ``id (2)``.
    """
    names: list[str] = []
    seen: Counter[str] = Counter()
    for position, document in enumerate(documents):
        name = document.id or f"document {position}"
        seen[name] += 1
        names.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return names


def documents_by_id(documents: Iterable[Document], source: Path | str) -> dict[str, Document]:
    """The documents under their ids, in order.

    Raises:
        DataError: a document has no id, or two have the same one; ``source`` names the place.
    """
    found: dict[str, Document] = {}
    for position, document in enumerate(documents):
        if not document.id:
            raise DataError(source, None, f"document {position}: field 'id' is missing; give it one")
        if document.id in found:
            raise DataError(
                source, None, f"document {position}: field 'id': {document.id!r} stands twice; rename one"
            )
        found[document.id] = document
    return found


def corpus_files(paths: Iterable[Path]) -> Iterable[Path]:
    """The files that ``paths`` name: each file itself, and the annotated files directly in each folder.

    Raises:
        DataError: a folder holds none.
    """
    for path in paths:
        if not path.is_dir():
            yield path
            continue
        inside = sorted(file for file in path.iterdir() if file.suffix in (".jsonl", ".txt"))
        if not inside:
            raise DataError(path, None, "this folder holds no .jsonl and no .txt file")
        yield from inside
