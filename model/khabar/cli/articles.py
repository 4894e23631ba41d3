"""Named files or standard input -> untagged documents, checked while they are read.

A ``.jsonl`` file holds one record a line; everything else is one document of plain text.
"""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final, NoReturn

from khabar.cli.errors import CommandError
from khabar.document import Document, DocumentError

STDIN: Final = "-"

_BOM: Final = b"\xef\xbb\xbf"
_DOCUMENT_FIELDS: Final = frozenset({"id", "text", "meta", "entities", "relations"})


@dataclass(frozen=True, slots=True)
class Source:
    """A file that is there, or what came over standard input.

    Attributes:
        name: as messages call it.
        path: of the file; ``None`` for standard input.
        size: in bytes; 0 where it cannot be known beforehand.
        content: what came over standard input.
    """

    name: str
    path: Path | None
    size: int
    content: bytes = b""

    @property
    def is_jsonl(self) -> bool:
        """Whether it holds one record a line."""
        return self.path is not None and self.path.suffix.lower() == ".jsonl"


@dataclass(frozen=True, slots=True)
class Article:
    """A document that waits for its entities, and the size in bytes of what it was read from."""

    document: Document
    size: int


def find_sources(names: Sequence[str]) -> list[Source]:
    """Look each name up before any work is done, and read standard input for ``-``.

    Raises:
        CommandError: a name is no file that can be opened, or ``-`` stands twice.
    """
    if names.count(STDIN) > 1:
        raise CommandError(STDIN, "standard input can be read once only", "give '-' once")
    return [_standard_input() if name == STDIN else _file(name) for name in names]


def read_articles(sources: Sequence[Source]) -> Iterator[Article]:
    """The documents of all sources in order, one at a time.

    Raises:
        CommandError: a file cannot be read, is not UTF-8, or a line is no record; names file and line.
    """
    for source in sources:
        with _opened(source) as stream:
            if source.is_jsonl:
                yield from _records(stream, source)
            else:
                yield _plain_text(stream, source)


def _standard_input() -> Source:
    content = sys.stdin.buffer.read()
    return Source("standard input", None, len(content), content)


def _file(name: str) -> Source:
    path = Path(name)
    with _reading(name):
        if path.is_dir():
            raise CommandError(name, "is a folder", f"name the files in it, such as {path / '*.txt'}")
        size = path.stat().st_size
        # Opening a pipe and closing it again would stop its writer.
        if path.is_file():
            path.open("rb").close()
    return Source(name, path, size)


@contextmanager
def _opened(source: Source) -> Iterator[BinaryIO]:
    if source.path is None:
        yield io.BytesIO(source.content)
        return
    with _reading(source.name):
        stream = source.path.open("rb")
    with stream:
        yield stream


@contextmanager
def _reading(name: str) -> Iterator[None]:
    """Turn the system's errors into ours. Never held open over a ``yield`` of articles."""
    try:
        yield
    except FileNotFoundError:
        raise CommandError(name, "no such file", "check the name and the folder") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise CommandError(name, f"cannot be read ({reason})", "check the file and its permissions") from None


def _plain_text(stream: BinaryIO, source: Source) -> Article:
    with _reading(source.name):
        content = stream.read()
    name = "stdin" if source.path is None else source.path.name
    return Article(Document(_decoded(content.removeprefix(_BOM), source.name), id=name), len(content))


def _records(stream: BinaryIO, source: Source) -> Iterator[Article]:
    number = 0
    while True:
        with _reading(source.name):
            line = stream.readline()
        if not line:
            return
        number += 1
        content = line.removeprefix(_BOM) if number == 1 else line
        if content.strip():
            yield Article(_record(content, source, number), len(line))


def _record(line: bytes, source: Source, number: int) -> Document:
    place = f"{source.name}:{number}"
    fix = "put one JSON object with the article in 'text' on each line"
    try:
        record = json.loads(_decoded(line, place), parse_constant=_refuse_constant)
        if not isinstance(record, dict):
            raise DocumentError(f"is a JSON {type(record).__name__}, not an object")
        document = Document.from_dict({key: record.get(key) for key in ("id", "text", "meta")})
    except json.JSONDecodeError as error:
        raise CommandError(place, f"is not JSON ({error.msg}, column {error.colno})", fix) from None
    except (ValueError, RecursionError) as error:
        raise CommandError(place, str(error), fix) from None
    default_id = f"{Path(source.name).name}:{number}"
    return Document(document.text, id=document.id or default_id, meta=_meta(record, document.meta))


def _meta(record: Mapping[str, Any], meta: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """``meta`` with the fields that a document has no place for, so that nothing gets lost."""
    others = {key: value for key, value in record.items() if key not in _DOCUMENT_FIELDS}
    return {**others, **meta} if others and meta else meta or others or None


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _decoded(content: bytes, place: str) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise CommandError(
            place,
            f"is not UTF-8 (byte {error.start})",
            "convert it, for instance with iconv -f WINDOWS-1256 -t UTF-8",
        ) from None
