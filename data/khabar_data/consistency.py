"""Places where a corpus contradicts itself: what to look at, not what is wrong for certain.

    documents -> labels | unmarked | proclitic | schema -> minus what was looked at and explained

    python -m khabar_data.consistency FILE … [--explained FILE]

A file of explanations has lines ``kind<TAB>surface<TAB>reason``; ``#`` opens a comment. Surfaces are
compared as ``khabar_data.folding`` leaves them.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from khabar.document import Document
from khabar_data.corpus import document_names, read_corpus
from khabar_data.errors import DataError
from khabar_data.folding import fold_surface
from khabar_data.unmarked import unmarked_repeats
from khabar_data.validation import validate

_PROCLITICS: Final = "وفبلك"
#: How many times as often a surface without its first letter must be marked to call that letter a proclitic.
_MUCH_MORE_OFTEN: Final = 3
_EXAMPLES: Final = 3


@dataclass(frozen=True, slots=True)
class Inconsistency:
    """One thing to look at.

    Attributes:
        kind: a key of ``KINDS``.
        surface: what an explanation names; for ``schema`` the relation as ``'head' LABEL 'tail'``.
        detail: what was found, with counts and documents.
    """

    kind: str
    surface: str
    detail: str


class _Uses:
    """Where each surface is marked, by folded surface and label."""

    def __init__(self, documents: Sequence[Document]) -> None:
        self.names: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
        self._spellings: dict[str, Counter[str]] = defaultdict(Counter)
        for name, document in zip(document_names(documents), documents, strict=True):
            for entity in document.entities:
                key = fold_surface(entity.text)
                if key:
                    self.names[key][entity.label].append(name)
                    self._spellings[key][entity.text] += 1

    def spelling(self, key: str) -> str:
        """The most frequent spelling of a folded surface."""
        return self._spellings[key].most_common(1)[0][0]

    def count(self, key: str, label: str) -> int:
        """How often a folded surface carries a label."""
        return len(self.names.get(key, {}).get(label, ()))


def find_label_conflicts(documents: Sequence[Document]) -> list[Inconsistency]:
    """Surfaces with more than one label, the most frequent surface first."""
    uses = _Uses(documents)
    several = [(key, labels) for key, labels in uses.names.items() if len(labels) > 1]
    several.sort(key=lambda item: (-sum(map(len, item[1].values())), item[0]))
    found = []
    for key, labels in several:
        by_count = sorted(labels.items(), key=lambda item: (-len(item[1]), item[0]))
        detail = "; ".join(f"{label} {len(names)} ({_examples(names)})" for label, names in by_count)
        found.append(Inconsistency("labels", uses.spelling(key), detail))
    return found


def find_unmarked_repeats(documents: Sequence[Document]) -> list[Inconsistency]:
    """Names of several words or at least four letters, marked once and left elsewhere in a document."""
    return [
        Inconsistency(
            "unmarked",
            repeat.surface,
            f"{name}: marked {repeat.labels}, not at [{repeat.start}, {repeat.end}) «{repeat.context}»",
        )
        for name, document in zip(document_names(documents), documents, strict=True)
        for repeat in unmarked_repeats(document)
    ]


def find_marked_proclitics(documents: Sequence[Document]) -> list[Inconsistency]:
    """Entities that begin with a letter that is likely a proclitic.

    Likely: without it the surface carries the same label at least three times as often. «لل» before a
    name stands for «ل» and «ال».
    """
    uses = _Uses(documents)
    found = []
    for key in sorted(uses.names):
        for label, names in sorted(uses.names[key].items()):
            bare = max(_without_proclitic(key), key=lambda rest: uses.count(rest, label), default="")
            count = uses.count(bare, label)
            if count >= _MUCH_MORE_OFTEN * len(names):
                detail = f"{label} {len(names)} ({_examples(names)}), but «{uses.spelling(bare)}» {count}"
                found.append(Inconsistency("proclitic", uses.spelling(key), detail))
    return found


def find_schema_breaks(documents: Sequence[Document]) -> list[Inconsistency]:
    """Relations that ``khabar_data.validation`` refuses."""
    return [
        Inconsistency("schema", issue.place.partition("] ")[2], str(issue))
        for issue in validate(documents)
        if issue.place.startswith("relations[")
    ]


KINDS: Final[Mapping[str, tuple[str, Callable[[Sequence[Document]], list[Inconsistency]]]]] = {
    "labels": ("one surface, several labels", find_label_conflicts),
    "unmarked": ("marked and left unmarked in one document", find_unmarked_repeats),
    "proclitic": ("begins with what is likely a proclitic", find_marked_proclitics),
    "schema": ("relations that the schema refuses", find_schema_breaks),
}


def read_explanations(path: Path) -> set[tuple[str, str]]:
    """Read the kinds and folded surfaces that were looked at and are right.

    Raises:
        DataError: the file cannot be read, or a line has not the three fields; names line and fix.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(path, None, f"cannot be read: {error}") from error
    return set(_explanations(lines, path))


def _explanations(lines: Iterable[str], path: Path) -> Iterator[tuple[str, str]]:
    for number, line in enumerate(lines, start=1):
        if not line.strip() or line.startswith("#"):
            continue
        fields = [field.strip() for field in line.split("\t")]
        if len(fields) != 3 or not all(fields):
            raise DataError(path, number, "write kind, surface and reason, parted by one tab each")
        if fields[0] not in KINDS:
            raise DataError(path, number, f"field 'kind': {fields[0]!r} is none of {', '.join(KINDS)}")
        yield fields[0], fold_surface(fields[1])


def _without_proclitic(surface: str) -> list[str]:
    bare = [surface[1:]] if surface[0] in _PROCLITICS else []
    return [*bare, f"ال{surface[2:]}"] if surface.startswith("لل") else bare


def _examples(names: Sequence[str]) -> str:
    different = list(dict.fromkeys(names))
    more = " …" if len(different) > _EXAMPLES else ""
    return ", ".join(different[:_EXAMPLES]) + more


def main(arguments: Sequence[str] | None = None) -> int:
    """Print what is left unexplained; exit 1 where there is any, 2 where a file cannot be read."""
    parser = argparse.ArgumentParser(
        prog="python -m khabar_data.consistency",
        description="List the places where annotated files contradict themselves.",
    )
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="files or folders")
    parser.add_argument("--explained", type=Path, help="lines of kind, surface, reason, parted by tabs")
    options = parser.parse_args(arguments)
    try:
        explained = read_explanations(options.explained) if options.explained else set()
        documents = read_corpus(options.files)
    except DataError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return _report(documents, explained)


def _report(documents: Sequence[Document], explained: set[tuple[str, str]]) -> int:
    listed, left_out = 0, 0
    for kind, (heading, find) in KINDS.items():
        found = find(documents)
        new = [item for item in found if (kind, fold_surface(item.surface)) not in explained]
        listed, left_out = listed + len(new), left_out + len(found) - len(new)
        if new:
            sys.stdout.write(f"{kind}: {heading} ({len(new)})\n")
            sys.stdout.writelines(f"  «{item.surface}»: {item.detail}\n" for item in new)
    sys.stdout.write(f"{len(documents)} documents, {listed} to look at, {left_out} explained\n")
    return int(bool(listed))


if __name__ == "__main__":
    sys.exit(main())
