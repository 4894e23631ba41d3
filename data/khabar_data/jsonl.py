"""The reference exchange format: one document a line."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

from khabar.document import Document, DocumentError
from khabar_data.errors import DataError
from khabar_data.files import written_whole


def read_jsonl(path: Path | str) -> list[Document]:
    """Read every document of a JSONL file.

    Raises:
        DataError: the file cannot be read or a line is malformed; names file, line and field.
    """
    return list(iter_jsonl(path))


def iter_jsonl(path: Path | str) -> Iterator[Document]:
    """Read documents one by one, in bounded memory; errors as in ``read_jsonl``."""
    try:
        with Path(path).open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, start=1):
                if line.strip():
                    yield _document(line, path, number)
    except OSError as error:
        raise DataError(path, None, f"cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise DataError(path, None, f"is not UTF-8 (byte {error.start}): save it as UTF-8") from error


def write_jsonl(documents: Iterable[Document], path: Path | str) -> None:
    """Write documents one a line; the file appears under its name only when it is whole."""
    with written_whole(path) as target:
        for document in documents:
            target.write(json.dumps(document.to_dict(), ensure_ascii=False) + "\n")


def _document(line: str, path: Path | str, number: int) -> Document:
    try:
        return Document.from_dict(json.loads(line))
    except json.JSONDecodeError as error:
        raise DataError(path, number, f"is not JSON: {error.msg} at column {error.colno}") from error
    except DocumentError as error:
        raise DataError(path, number, str(error)) from error
    except (ValueError, RecursionError) as error:
        raise DataError(path, number, f"is JSON that cannot be read: {error}") from error
