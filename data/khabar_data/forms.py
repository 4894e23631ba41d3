"""The forms that annotated text comes and goes in, and how to tell one from another."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from khabar.document import Document
from khabar_data.authoring import read_authored
from khabar_data.brat import read_brat, write_brat
from khabar_data.conll import read_conll, write_conll
from khabar_data.errors import DataError
from khabar_data.jsonl import read_jsonl, write_jsonl
from khabar_data.label_studio import read_label_studio, write_label_studio
from khabar_data.notices import Notices, Reading
from khabar_data.spacy_form import read_spacy, write_spacy

_Writer = Callable[[Iterable[Document], Path], Notices]


@dataclass(frozen=True, slots=True)
class Form:
    """One form of annotated text.

    Attributes:
        name: what a user asks for.
        read: a path to documents and notices.
        write: documents to a path; ``None`` where a form is only read.
        loses: what of a document it has no place for, by the names of ``_countable``.
    """

    name: str
    read: Callable[[Path], Reading]
    write: _Writer | None
    loses: frozenset[str] = frozenset()

    def losses(self, documents: Iterable[Document], place: str) -> Notices:
        """What of these documents would not be carried into the form, counted."""
        notices = Notices()
        for document in documents:
            where = f"{place}: {document.id or 'a document without id'}"
            for name, count in _countable(document).items():
                if count and name in self.loses:
                    notices.add(f"{name}, which {self.name} has no place for", where, count)
        return notices


def _countable(document: Document) -> Mapping[str, int]:
    scores = [entity.score for entity in document.entities] + [r.score for r in document.relations]
    return {
        "id": int(document.id is not None),
        "relation": len(document.relations),
        "meta": int(bool(document.meta)),
        "white space between tokens": int(bool(document.text.strip())),
        "score": sum(score is not None for score in scores),
    }


def _plain(read: Callable[[Path], list[Document]]) -> Callable[[Path], Reading]:
    return lambda path: Reading(read(path), Notices())


def _silent(write: Callable[[Iterable[Document], Path], None]) -> _Writer:
    def written(documents: Iterable[Document], path: Path) -> Notices:
        write(documents, path)
        return Notices()

    return written


FORMS: Final[Mapping[str, Form]] = MappingProxyType(
    {
        form.name: form
        for form in (
            Form("jsonl", _plain(read_jsonl), _silent(write_jsonl)),
            Form("authored", _plain(read_authored), None),
            Form("brat", read_brat, write_brat, frozenset({"meta"})),
            Form("label-studio", read_label_studio, write_label_studio),
            Form(
                "conll",
                _plain(lambda path: read_conll(path, columns=None)),
                _silent(write_conll),
                frozenset({"id", "relation", "meta", "score", "white space between tokens"}),
            ),
            Form("spacy", read_spacy, _silent(write_spacy), frozenset({"relation", "score"})),
        )
    }
)

#: The one form that a name's ending stands for.
_ENDINGS: Final[Mapping[str, str]] = MappingProxyType(
    {".ann": "brat", **dict.fromkeys((".conll", ".iob", ".iob2", ".bio", ".bioes", ".tsv"), "conll")}
)


def guess_input(path: Path) -> tuple[str, str]:
    """The form of what lies at ``path``, and the words that say by what it was told.

    Raises:
        DataError: nothing lies there, or it is of no form that can be told.
    """
    if path.is_dir():
        if any(path.rglob("*.ann")):
            return "brat", "a folder with .ann files"
        raise DataError(path, None, "is a folder without .ann files; name one file, or say --from brat")
    if path.suffix.lower() in _ENDINGS:
        return _ENDINGS[path.suffix.lower()], f"by its ending {path.suffix}"
    opening = _opening(path)
    if path.suffix.lower() in (".json", ".jsonl"):
        return _json_form(opening, path)
    if opening.startswith("=== "):
        return "authored", "it opens with '=== '"
    if path.with_suffix(".ann").exists():
        return "brat", f"{path.stem}.ann is beside it"
    rows = [line.split() for line in opening.splitlines()[:-1] if line.strip()]
    if rows and all(len(row) >= 2 and (row[-1] == "O" or row[-1][1:2] == "-") for row in rows):
        return "conll", "every line ends in a tag"
    raise DataError(path, None, f"its form cannot be told; say --from with one of {', '.join(FORMS)}")


def guess_output(path: Path) -> tuple[str, str]:
    """The form that the name of a file or folder to write asks for, and by what.

    Raises:
        DataError: the ending stands for no form.
    """
    suffix = path.suffix.lower()
    named = {**_ENDINGS, ".jsonl": "jsonl", ".json": "label-studio"}
    if path.is_dir() or not suffix:
        return "brat", "a folder"
    if suffix in named and suffix != ".ann":
        return named[suffix], f"by its ending {suffix}"
    raise DataError(path, None, f"{suffix} stands for no form; say --to with one of {', '.join(written())}")


def written() -> list[str]:
    """Names of the forms that can be written."""
    return [name for name, form in FORMS.items() if form.write is not None]


def _opening(path: Path, size: int = 100_000) -> str:
    try:
        with path.open(encoding="utf-8-sig", errors="replace") as source:
            return source.read(size)
    except OSError as error:
        raise DataError(path, None, f"cannot be read: {error.strerror}") from error


def _json_form(opening: str, path: Path) -> tuple[str, str]:
    record = _first_record(opening, path)
    if isinstance(record, dict) and "data" in record:
        return "label-studio", "its records have 'data'"
    spans = record.get("entities") if isinstance(record, dict) else None
    triples = isinstance(spans, list) and bool(spans) and isinstance(spans[0], list)
    if (
        isinstance(record, list)
        or triples
        or (isinstance(record, dict) and {"ents", "spans"} & record.keys())
    ):
        return "spacy", "its records have spaCy's fields"
    if path.suffix.lower() == ".jsonl":
        return "jsonl", "by its ending .jsonl"
    raise DataError(path, None, f"its form cannot be told; say --from with one of {', '.join(FORMS)}")


def _first_record(opening: str, path: Path) -> Any:
    """The first line of JSON Lines, or what stands first in a list, however long the list is."""
    decoder = json.JSONDecoder()
    start = len(opening) - len(opening.lstrip())
    lines = path.suffix.lower() == ".jsonl"
    if not lines and opening[start : start + 1] == "[":
        inside = opening[start + 1 :]
        # A pair of a text and its entities is a record itself.
        start += 1 + len(inside) - len(inside.lstrip())
    try:
        return decoder.raw_decode(opening, start)[0]
    except (ValueError, RecursionError):
        return None
