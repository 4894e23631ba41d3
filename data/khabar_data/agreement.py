"""How far two annotations of the same documents agree.

    two files -> pairs of documents by id -> strict entity F1 and Rel+ F1, per label; disagreements

    python -m khabar_data.agreement FIRST SECOND [--list]

F1 does not ask which of the two is right: it is the same in both directions.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from khabar.document import Document, Entity
from khabar.schema import ENTITY_LABELS, RELATION_LABELS
from khabar_data.corpus import documents_by_id, read_corpus
from khabar_data.errors import DataError
from khabar_data.metrics import Evaluation, Score, Tally, evaluate, relation_items


@dataclass(frozen=True, slots=True)
class Pairing:
    """Two annotations, matched by document id.

    Attributes:
        pairs: the documents that both hold, in the order of the first.
        only_first: ids that the second annotation does not have.
        only_second: ids that the first one does not have.
    """

    pairs: tuple[tuple[Document, Document], ...]
    only_first: tuple[str, ...]
    only_second: tuple[str, ...]

    def evaluation(self) -> Evaluation:
        """The scores, the first annotation as gold."""
        return evaluate([first for first, _ in self.pairs], [second for _, second in self.pairs])


def pair_documents(first: Path, second: Path) -> Pairing:
    """Read two annotations, files or folders, and match their documents by id.

    Raises:
        DataError: a file cannot be read, an id is missing or stands twice, the two have no document
            in common, or a document has two texts; names file, document and field.
    """
    left = documents_by_id(read_corpus([first]), first)
    right = documents_by_id(read_corpus([second]), second)
    pairs = tuple((document, right[doc_id]) for doc_id, document in left.items() if doc_id in right)
    if not pairs:
        raise DataError(second, None, f"field 'id': no document of {first} has the same id")
    for one, other in pairs:
        if one.text != other.text:
            at = _first_difference(one.text, other.text)
            raise DataError(
                second,
                None,
                f"document {one.id}: field 'text' differs from {first} at character {at}"
                f" ({one.text[at : at + 20]!r}, {other.text[at : at + 20]!r}); annotate the same text",
            )
    only_first = tuple(doc_id for doc_id in left if doc_id not in right)
    return Pairing(pairs, only_first, tuple(doc_id for doc_id in right if doc_id not in left))


def agreement_table(evaluation: Evaluation) -> str:
    """Both scores with their labels, F1 in percent; labels that nobody used are left out."""
    lines = [f"{'':<20}{'F1':>7}{'first':>8}{'second':>8}{'both':>8}"]
    for heading, tally, labels in (
        ("entities, strict", evaluation.entities, ENTITY_LABELS),
        ("relations, Rel+", evaluation.relations_strict, RELATION_LABELS),
    ):
        lines.append(_row(heading, tally.micro()))
        scores = tally.by_label([*labels, *_other_labels(tally, labels)])
        lines += [
            _row(f"  {label}", score) for label, score in scores.items() if score.gold + score.predicted
        ]
    return "\n".join(lines)


def disagreements(first: Document, second: Document) -> list[str]:
    """What differs between two annotations of one text, a line each: entities in order, then relations."""
    ours = {(entity.start, entity.end, entity.label): entity for entity in first.entities}
    theirs = {(entity.start, entity.end, entity.label): entity for entity in second.entities}
    lines = list(
        _entity_lines(
            [entity for key, entity in ours.items() if key not in theirs],
            [entity for key, entity in theirs.items() if key not in ours],
        )
    )
    for name, one, other in (("first", first, second), ("second", second, first)):
        known = set(relation_items(other, typed=True))
        missing = dict.fromkeys(
            _describe(one, i) for i, item in enumerate(relation_items(one, typed=True)) if item not in known
        )
        lines += [f"relation only in {name}: {description}" for description in missing]
    return lines


def _entity_lines(ours: Sequence[Entity], theirs: Sequence[Entity]) -> Iterator[str]:
    """Entities of one side only; those that overlap stand in one line."""
    met: set[int] = set()
    for entity in ours:
        others = [
            i for i, other in enumerate(theirs) if other.start < entity.end and entity.start < other.end
        ]
        met.update(others)
        if not others:
            yield f"only in first: {_mention(entity)}"
        for i in others:
            same_span = (theirs[i].start, theirs[i].end) == (entity.start, entity.end)
            yield f"{'label' if same_span else 'span'}: {_mention(entity)} | {_mention(theirs[i])}"
    for i, other in enumerate(theirs):
        if i not in met:
            yield f"only in second: {_mention(other)}"


def _mention(entity: Entity) -> str:
    return f"{entity.label} [{entity.start}, {entity.end}) «{entity.text}»"


def _describe(document: Document, index: int) -> str:
    relation = document.relations[index]
    head, tail = document.entities[relation.head], document.entities[relation.tail]
    return f"{_mention(head)} {relation.label} {_mention(tail)}"


def _other_labels(tally: Tally, labels: Sequence[str]) -> list[str]:
    return sorted((tally.gold.keys() | tally.predicted.keys()) - set(labels))


def _row(name: str, score: Score) -> str:
    return f"{name:<20}{100 * score.f1:>7.2f}{score.gold:>8}{score.predicted:>8}{score.true_positives:>8}"


def _first_difference(one: str, other: str) -> int:
    pairs = zip(one, other, strict=False)
    return next((i for i, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the scores, and the disagreements if asked; exit 2 where the files cannot be compared."""
    parser = argparse.ArgumentParser(
        prog="python -m khabar_data.agreement",
        description="Score two annotations of the same documents against each other.",
    )
    parser.add_argument("first", type=Path, metavar="FIRST", help="file or folder")
    parser.add_argument("second", type=Path, metavar="SECOND", help="file or folder")
    parser.add_argument("--list", action="store_true", help="list what differs, document by document")
    options = parser.parse_args(arguments)
    try:
        pairing = pair_documents(options.first, options.second)
    except DataError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    if options.list:
        for one, other in pairing.pairs:
            lines = disagreements(one, other)
            if lines:
                sys.stdout.write(f"{one.id} ({len(lines)})\n")
                sys.stdout.writelines(f"  {line}\n" for line in lines)
    sys.stdout.write(f"{len(pairing.pairs)} documents in both\n{agreement_table(pairing.evaluation())}\n")
    for name, ids in (("first", pairing.only_first), ("second", pairing.only_second)):
        if ids:
            sys.stdout.write(f"{len(ids)} documents only in {name}, not compared: {', '.join(ids)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
