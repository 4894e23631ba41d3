"""Text from elsewhere as running words with their lines, read in bounded memory.

    folder -> files by ending -> running texts -> (line, folded words) pieces

``.jsonl`` gives the ``text`` of each line; ``.conll`` the first column; ``.txt`` its lines, or the
first column where the others are tags; ``.txt.xz`` its lines.
"""

from __future__ import annotations

import json
import lzma
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Final, TextIO

from khabar_data.errors import DataError
from khabar_data.folding import folded_words

#: One place of a running text: the line's number, from 1, and its words.
Piece = tuple[int, list[str]]

_ENDINGS: Final = (".jsonl", ".conll", ".txt", ".txt.xz")
_LONGEST_PIECE: Final = 1 << 20
_TAGGED: Final = re.compile(r"(\S+)(?:[ \t]+(?:O|[BIESLU]-\S+))+\s*")


def find_texts(paths: Iterable[Path | str]) -> tuple[list[Path], list[Path]]:
    """The files that can be read, folders searched to the bottom, and the files of other kinds.

    Raises:
        DataError: a path does not exist.
    """
    readable: list[Path] = []
    others: list[Path] = []
    for path in map(Path, paths):
        if not path.exists():
            raise DataError(path, None, "does not exist")
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if file.is_file():
                (readable if file.name.endswith(_ENDINGS) else others).append(file)
    return readable, others


def iter_running_texts(path: Path) -> Iterator[Iterable[Piece]]:
    """The running texts of a file: one a document of JSONL, else the whole file.

    Raises:
        DataError: the file cannot be read, or a JSONL line has no text; names file, line and field.
            A text that is still being read raises it too.
    """
    if not path.name.endswith(".jsonl"):
        yield _line_words(path)
        return
    with readable(path), open_text(path) as stream:
        for number, line in enumerate(stream, start=1):
            if line.strip():
                yield [_json_words(line, path, number)]


def _line_words(path: Path) -> Iterator[Piece]:
    plain, columns = path.name.endswith(".xz"), path.name.endswith(".conll")
    with readable(path), open_text(path) as stream:
        for number, line in _numbered_pieces(stream):
            yield number, folded_words(line if plain else _token_or_line(line, columns))


@contextmanager
def readable(path: Path) -> Iterator[None]:
    """Say of every failure to read which file it is."""
    try:
        yield
    except UnicodeDecodeError as error:
        raise DataError(path, None, f"is not UTF-8 (byte {error.start}): save it as UTF-8") from error
    except (OSError, EOFError, lzma.LZMAError) as error:
        raise DataError(path, None, f"cannot be read: {error}") from error


def open_text(path: Path) -> TextIO:
    """Open a UTF-8 text, unpacked where it ends in ``.xz``; only a line feed ends a line."""
    if path.name.endswith(".xz"):
        return lzma.open(path, "rt", encoding="utf-8", newline="\n")
    return path.open(encoding="utf-8", newline="\n")


def _numbered_pieces(stream: TextIO) -> Iterator[tuple[int, str]]:
    """Lines with their numbers; a line beyond ``_LONGEST_PIECE`` characters comes in parts, cut at spaces."""
    number, held = 1, ""
    for part in iter(partial(stream.readline, _LONGEST_PIECE), ""):
        piece, held = held + part, ""
        if not part.endswith("\n") and len(part) == _LONGEST_PIECE:
            head, _, tail = piece.rpartition(" ")
            piece, held = (head, tail) if head else (piece, "")
        yield number, piece
        number += part.endswith("\n")
    if held:
        yield number, held


def _token_or_line(line: str, columns: bool) -> str:
    tagged = _TAGGED.fullmatch(line)
    if tagged:
        return tagged[1]
    return line.split(maxsplit=1)[0] if columns and line.strip() else line


def _json_words(line: str, path: Path, number: int) -> Piece:
    try:
        record = json.loads(line)
    except json.JSONDecodeError as error:
        raise DataError(path, number, f"is not JSON: {error.msg} at column {error.colno}") from error
    text = record.get("text") if isinstance(record, dict) else None
    if not isinstance(text, str):
        raise DataError(path, number, "field 'text': expected a string; one object with a 'text' a line")
    return number, folded_words(text)
