r"""The authoring form: annotated articles as people write them, marks inside the text.

    === gulf_energy_001
    theme: energy
    voice: gulf
    ---
    قال [1:TITLE وزير النفط] [2:NORP العراقي] [3:PER سالم الربيعي] في [4:GPE البصرة]
    > 3 HOLDS_TITLE 1; 3 AFFILIATED_WITH 2; 3 PRESENT_AT 4

A mark is ``[LABEL surface]``, or ``[number:LABEL surface]`` where a relation names it. Numbers are
local to their line. A line that opens with ``>`` holds the relations of the line above it, as
``head RELATION tail`` triples parted by ``;``, and is no part of the text. A literal ``[``, ``]``,
``\`` or a leading ``>`` or ``=`` is written with a backslash before it. Lines between ``===`` and
``---`` are ``key: value`` pairs of the article's ``meta``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from khabar.document import Document, Entity, Relation
from khabar_data.errors import DataError

_MARK: Final = re.compile(r"(?:(\d+):)?([A-Z]+) (.+)", re.DOTALL)
_TRIPLE: Final = re.compile(r"(\d+)\s+([A-Z_]+)\s+(\d+)")
_SPECIAL: Final = re.compile(r"([\\\[\]])")
_ESCAPABLE: Final = frozenset("\\[]>=")


def read_authored(path: Path | str) -> list[Document]:
    """Read every article of an authored file.

    Raises:
        DataError: a line breaks the form; the error names the file, the line and the fix.
    """
    try:
        with Path(path).open(encoding="utf-8", newline="") as source:
            lines = source.read().split("\n")
    except OSError as error:
        raise DataError(path, None, f"cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise DataError(path, None, f"is not UTF-8 (byte {error.start}): save it as UTF-8") from error
    return list(parse_authored(lines, str(path)))


def parse_authored(lines: Iterable[str], source: str) -> Iterator[Document]:
    """Parse authored lines; ``source`` names them in errors."""
    article: _Article | None = None
    for number, line in enumerate(lines, start=1):
        if line.startswith("=== "):
            if article is not None:
                yield article.document()
            article = _Article(source, line[4:].strip())
        elif article is not None:
            article.add(line, number)
        elif line.strip():
            raise DataError(source, number, "text before the first '=== id' line")
    if article is not None:
        yield article.document()


class _Article:
    """One article while its lines come in."""

    def __init__(self, source: str, doc_id: str) -> None:
        self._source, self._id = source, doc_id
        self._meta: dict[str, str] | None = {}
        self._done_meta: dict[str, str] = {}
        self._text = ""
        self._entities: list[Entity] = []
        self._relations: list[Relation] = []
        self._numbered: dict[int, int] = {}

    def add(self, line: str, number: int) -> None:
        if self._meta is not None:
            self._add_meta(line, number)
        elif line.startswith(">"):
            self._add_relations(line[1:], number)
        else:
            self._add_text(line, number)

    def document(self) -> Document:
        if self._meta is not None:
            raise DataError(self._source, None, f"article {self._id!r} has no '---' line before its text")
        text = self._text.rstrip("\n")
        return Document(text, tuple(self._entities), tuple(self._relations), self._id, self._done_meta)

    def _add_meta(self, line: str, number: int) -> None:
        if line.strip() == "---":
            self._done_meta, self._meta = self._meta or {}, None
            return
        key, colon, value = line.partition(":")
        if not colon:
            raise DataError(self._source, number, f"expected 'key: value' or '---', got {line!r}")
        if self._meta is not None:
            self._meta[key.strip()] = value.strip()

    def _add_text(self, line: str, number: int) -> None:
        self._numbered = {}
        position = 0
        while position < len(line):
            character = line[position]
            if character == "\\" and line[position + 1 : position + 2] in _ESCAPABLE:
                self._text += line[position + 1]
                position += 2
            elif character == "[":
                position = self._add_mark(line, position, number)
            elif character == "]":
                raise DataError(
                    self._source, number, f"']' without its '[' at column {position + 1}; write \\]"
                )
            else:
                self._text += character
                position += 1
        self._text += "\n"

    def _add_mark(self, line: str, opening: int, number: int) -> int:
        closing = opening + 1
        while closing < len(line) and line[closing] != "]":
            if line[closing] == "[":
                raise DataError(
                    self._source, number, f"a mark inside the mark {line[opening:closing]!r}: spans are flat"
                )
            closing += 2 if line[closing] == "\\" else 1
        mark = _MARK.fullmatch(line[opening + 1 : closing])
        if closing >= len(line) or mark is None:
            raise DataError(
                self._source,
                number,
                f"{line[opening : opening + 30]!r} is no mark: write [LABEL surface] or [1:LABEL surface]",
            )
        surface = re.sub(r"\\(.)", r"\1", mark[3])
        if mark[1]:
            if int(mark[1]) in self._numbered:
                raise DataError(self._source, number, f"mark number {mark[1]} stands twice in one line")
            self._numbered[int(mark[1])] = len(self._entities)
        start = len(self._text)
        self._entities.append(Entity(start, start + len(surface), mark[2], surface))
        self._text += surface
        return closing + 1

    def _add_relations(self, line: str, number: int) -> None:
        for part in filter(None, (piece.strip() for piece in line.split(";"))):
            triple = _TRIPLE.fullmatch(part)
            if triple is None:
                raise DataError(self._source, number, f"{part!r} is no relation: write 'head RELATION tail'")
            head, tail = int(triple[1]), int(triple[3])
            for end in (head, tail):
                if end not in self._numbered:
                    raise DataError(self._source, number, f"no mark numbered {end} in the line above")
            self._relations.append(Relation(self._numbered[head], self._numbered[tail], triple[2]))


def write_authored(documents: Iterable[Document], path: Path | str) -> None:
    """Write documents in the authoring form; relations must stay within one line of text."""
    Path(path).write_text("".join(format_authored(document) for document in documents), encoding="utf-8")


def format_authored(document: Document) -> str:
    """One document in the authoring form, ending in a line break.

    Raises:
        ValueError: a relation joins two lines, which the form cannot say.
    """
    meta = "".join(f"{key}: {value}\n" for key, value in (document.meta or {}).items())
    body: list[str] = []
    start = 0
    for line in document.text.split("\n"):
        body.extend(_format_line(document, start, start + len(line)))
        start += len(line) + 1
    return f"=== {document.id or 'untitled'}\n{meta}---\n" + "\n".join(body) + "\n"


def _format_line(document: Document, start: int, end: int) -> list[str]:
    """The text line ``[start, end)`` with its marks and, below it, its relations."""
    inside = [i for i, entity in enumerate(document.entities) if start <= entity.start < end]
    relations = [relation for relation in document.relations if relation.head in inside]
    across = [relation for relation in relations if relation.tail not in inside]
    if across:
        raise ValueError(f"document {document.id}: {across[0]} joins two lines")
    named = {i for relation in relations for i in (relation.head, relation.tail)}
    number = {i: n for n, i in enumerate((i for i in inside if i in named), start=1)}
    pieces, last = [], start
    for i in inside:
        entity = document.entities[i]
        prefix = f"{number[i]}:" if i in number else ""
        pieces.append(_escape(document.text[last : entity.start]))
        pieces.append(f"[{prefix}{entity.label} {_escape(entity.text)}]")
        last = entity.end
    line = "".join(pieces) + _escape(document.text[last:end])
    line = "\\" + line if line.startswith((">", "=")) else line
    if not relations:
        return [line]
    triples = "; ".join(f"{number[r.head]} {r.label} {number[r.tail]}" for r in relations)
    return [line, f"> {triples}"]


def _escape(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", text)
