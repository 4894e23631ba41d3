"""brat standoff in and out: a text file and its ``.ann`` file a document, in one folder.

    T1	PER 0 12	surface              an entity
    R1	HOLDS_TITLE Arg1:T1 Arg2:T2      a relation, head first

The form is that of https://brat.nlplab.org/standoff.html. Its other lines have no place in a Document
and are counted: ``*`` equivalences, ``E`` events, ``A`` and ``M`` attributes, ``N`` normalisations and
``#`` notes. Offsets are code points of the text file, whose line ends are kept as they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Final

from khabar.document import Document, Entity, Relation
from khabar.render.brat import format_brat
from khabar.schema import ENTITY_LABELS, RELATION_TYPES, RelationType
from khabar_data.errors import DataError
from khabar_data.file_names import file_names, id_of
from khabar_data.folders import folder_written_whole
from khabar_data.notices import Notices, Reading
from khabar_data.offsets import place_surface

CONFIGURATION: Final = "annotation.conf"

_SPANS: Final = re.compile(r"(\S+) (\d+ \d+(?:;\d+ \d+)*)\s*")
_RELATION: Final = re.compile(r"(\S+)\s+(\S+?):(T\S+)\s+(\S+?):(T\S+)\s*")
_NOT_CARRIED: Final = {
    "*": "equivalence (*)",
    "E": "event (E)",
    "A": "attribute (A)",
    "M": "attribute (M)",
    "N": "normalisation (N)",
    "#": "note (#)",
}


def read_brat(path: Path | str) -> Reading:
    """Read every document of a folder and the folders in it, by name, or the one of an ``.ann`` file.

    A document's id is its path in the folder without the suffix. A discontinuous entity is one span
    where only white space parts its pieces, which is how brat writes a mark over a line break.

    Raises:
        DataError: a file cannot be read, a line is malformed, an offset is past the text, a surface is
            not near its offsets, an entity has pieces with words between them, or a relation names an
            entity that is not there. The error names file and line.
    """
    source, notices = Path(path), Notices()
    if not source.exists():
        raise DataError(source, None, "no such file or folder; name a folder with .txt and .ann files")
    if source.is_file():
        return Reading([_read(source.with_suffix(".txt"), source.stem, notices)], notices)
    texts = sorted(source.rglob("*.txt"))
    lonely = sorted(set(source.rglob("*.ann")) - {text.with_suffix(".ann") for text in texts})
    if lonely:
        raise DataError(lonely[0], None, f"has no {lonely[0].stem}.txt beside it; put its text there")
    if not texts and not (source / CONFIGURATION).exists():
        raise DataError(source, None, "this folder holds no .txt file; brat keeps one beside each .ann")
    names = ((text, text.relative_to(source).with_suffix("").as_posix()) for text in texts)
    return Reading([_read(text, id_of(name), notices) for text, name in names], notices)


def write_brat(documents: Iterable[Document], folder: Path | str) -> Notices:
    """Write a text file and an ``.ann`` file a document, and the ``annotation.conf`` that brat needs.

    The folder appears under its name only when it is whole. Scores become annotator notes, which brat
    shows with the mark. Ids become names as ``khabar_data.file_names`` says; ``meta`` has no place.

    Raises:
        DataError: the folder holds files already, a label has white space in it, or a text cannot be
            written as UTF-8.
    """
    held, notices = list(documents), Notices()
    with folder_written_whole(folder) as unfinished:
        _write(unfinished / CONFIGURATION, configuration())
        for document, name in zip(held, file_names(document.id for document in held), strict=True):
            if id_of(name) != document.id:
                notices.add("document whose id is not its file's name", f"{document.id!r} in {name}.txt")
            _refuse_labels_with_spaces(document, name, folder)
            try:
                _write(unfinished / f"{name}.txt", document.text)
                _write(unfinished / f"{name}.ann", format_brat(document) + _score_notes(document))
            except UnicodeEncodeError as error:
                fix = f"character {error.start} is half of a surrogate pair; remove it"
                raise DataError(folder, None, f"document {document.id or name}: {fix}") from error
    return notices


def _refuse_labels_with_spaces(document: Document, name: str, folder: Path | str) -> None:
    labels = [entity.label for entity in document.entities] + [r.label for r in document.relations]
    for label in labels:
        if label.split() != [label]:
            fix = "brat parts the fields of a line by spaces; map it to a name without"
            raise DataError(folder, None, f"document {document.id or name}: label {label!r}: {fix}")


def configuration() -> str:
    """The ``annotation.conf`` of the schema: entity types, and which of them each relation may join."""
    relations = (line for relation in RELATION_TYPES for line in _relation_lines(relation))
    sections = {"entities": ENTITY_LABELS, "relations": relations, "events": (), "attributes": ()}
    return "\n".join(
        f"[{name}]\n" + "".join(f"{line}\n" for line in lines) for name, lines in sections.items()
    )


def _relation_lines(relation: RelationType) -> Iterator[str]:
    kind = ", <REL-TYPE>:symmetric" if relation.symmetric else ""
    if relation.same_label:
        yield from (f"{relation.label}\tArg1:{label}, Arg2:{label}{kind}" for label in ENTITY_LABELS)
        return
    ends = [(relation.head_labels, relation.tail_labels)]
    if relation.symmetric and relation.head_labels != relation.tail_labels:
        ends.append((relation.tail_labels, relation.head_labels))
    for pair in ends:
        heads, tails = ("|".join(label for label in ENTITY_LABELS if label in end) for end in pair)
        yield f"{relation.label}\tArg1:{heads}, Arg2:{tails}{kind}"


def _write(path: Path, text: str) -> None:
    path.write_bytes(text.encode())


def _score_notes(document: Document) -> str:
    scored = [(f"T{n}", entity.score) for n, entity in enumerate(document.entities, start=1)]
    scored += [(f"R{n}", relation.score) for n, relation in enumerate(document.relations, start=1)]
    notes = [(target, score) for target, score in scored if score is not None]
    return "".join(
        f"#{n}\tAnnotatorNotes {target}\tscore {score:g}\n"
        for n, (target, score) in enumerate(notes, start=1)
    )


def _read(text_path: Path, doc_id: str, notices: Notices) -> Document:
    text, ann_path = _content(text_path), text_path.with_suffix(".ann")
    if not ann_path.exists():
        notices.add("text without an .ann file, read as one without annotations", str(text_path))
        return Document(text, id=doc_id)
    entities: dict[str, Entity] = {}
    relations: list[tuple[int, str, str, str]] = []
    for number, line in enumerate(_content(ann_path).split("\n"), start=1):
        mark, _, rest = line.rstrip("\r").partition("\t")
        kind = mark[:1]
        if not line.strip():
            continue
        if mark in entities:
            raise DataError(ann_path, number, f"{mark} stands twice; give one of them another number")
        if kind == "T":
            entities[mark] = _entity(rest, text, ann_path, number, notices)
        elif kind == "R":
            relations.append((number, *_relation(rest, ann_path, number)))
        elif kind in _NOT_CARRIED:
            notices.add(f"{_NOT_CARRIED[kind]}, not carried", f"{ann_path}:{number}")
        else:
            raise DataError(ann_path, number, f"{mark!r} opens no line of brat: one of T R * E A M N # does")
    return _document(text, doc_id, entities, relations, ann_path)


def _document(
    text: str,
    doc_id: str,
    entities: dict[str, Entity],
    relations: list[tuple[int, str, str, str]],
    path: Path,
) -> Document:
    order = sorted(entities, key=lambda mark: (entities[mark].start, entities[mark].end))
    rank = {mark: position for position, mark in enumerate(order)}
    for number, label, *ends in relations:
        for end in ends:
            if end not in rank:
                raise DataError(
                    path, number, f"{label} names {end}, and no line defines it; add it or drop R"
                )
    return Document(
        text,
        tuple(entities[mark] for mark in order),
        tuple(Relation(rank[head], rank[tail], label) for _, label, head, tail in relations),
        doc_id,
    )


def _content(path: Path) -> str:
    try:
        return path.read_bytes().decode()
    except OSError as error:
        raise DataError(path, None, f"cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise DataError(path, None, f"is not UTF-8 (byte {error.start}): save it as UTF-8") from error


def _entity(rest: str, text: str, path: Path, number: int, notices: Notices) -> Entity:
    spans, _, surface = rest.partition("\t")
    match = _SPANS.fullmatch(spans)
    if match is None:
        raise DataError(path, number, f"{spans!r} is no 'LABEL start end'; tabs part id, span and surface")
    pieces = [tuple(map(int, piece.split())) for piece in match[2].split(";")]
    start, end = pieces[0][0], pieces[-1][1]
    if len(pieces) > 1:
        for left, right in pairwise(pieces):
            if text[left[1] : right[0]].strip() or not left[1] <= right[0]:
                fix = "entities are one span: mark the whole, or each piece for itself"
                raise DataError(path, number, f"discontinuous span {match[2]!r}; {fix}")
        notices.add("entity in pieces with white space between, joined", f"{path}:{number}")
    placed = place_surface(text, start, end, surface or text[start:end])
    if placed is None and end > len(text):
        problem = f"span [{start}, {end}) is past the text of {len(text)} characters"
        raise DataError(path, number, f"{problem}; is {path.stem}.txt the file that was annotated?")
    if placed is None:
        problem = f"{surface!r} is not what stands at [{start}, {end}): {text[start:end]!r}"
        raise DataError(path, number, f"{problem}; is {path.stem}.txt the file that was annotated?")
    if placed.mended:
        notices.add(f"entity {placed.mended}", f"{path}:{number}")
    return Entity(placed.start, placed.end, match[1], text[placed.start : placed.end])


def _relation(rest: str, path: Path, number: int) -> tuple[str, str, str]:
    match = _RELATION.fullmatch(rest)
    if match is None:
        fix = "write LABEL Arg1:T1 Arg2:T2, both ends entities"
        raise DataError(path, number, f"{rest!r} is no relation between two entities; {fix}")
    label, first, head, second, tail = match.groups()
    # Arg1 and Arg2 by convention, or names of roles in the order head, tail.
    return (label, tail, head) if (first, second) == ("Arg2", "Arg1") else (label, head, tail)
