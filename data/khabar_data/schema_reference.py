"""The page on the label schema: ``python -m khabar_data.schema_reference [--output docs/schema.md]``.

khabar.schema (labels, ends of relations, symmetry) with data/GUIDELINES.md (a line each) -> one Markdown page
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Final

from khabar.schema import ENTITY_LABELS, RELATION_LABELS, RELATION_TYPES, SCHEMA_VERSION, RelationType
from khabar.tagging import TAGS
from khabar_data.errors import DataError
from khabar_data.files import written_whole

GUIDELINES: Final = Path("data/GUIDELINES.md")
_LAW: Final = "../data/GUIDELINES.md"
_COLUMN: Final = "in one line"
_LABEL: Final = re.compile(r"\[(\w+)\]\(#\w+\)")

_OPENING: Final = f"""\
# The label schema

Version {SCHEMA_VERSION}: {len(ENTITY_LABELS)} entity types and {len(RELATION_LABELS)} relations. The law,
with what counts and what does not, is in the [annotation guidelines]({_LAW}); this page is
its index.

An entity is one span of characters, `start` up to but not `end`, in Unicode code points of the text as it
was given. Spans do not overlap, do not cross a line break and leave proclitics outside
([boundary rules]({_LAW}#4-boundary-rules-by-topic)). A relation runs from a head to a tail
of the same sentence, which states it
([rules for every relation]({_LAW}#5-rules-for-every-relation)).
"""
_CLOSING: Final = f"""\
## In code and in models

`khabar.schema` holds all of this as data: `RELATIONS_BY_LABEL["MEETS_WITH"].joins("PER", "ORG")` asks whether
a relation may join two types, in either order where it is symmetric.

`python -m khabar_data.validate` holds files against the schema. Training and evaluation refuse a file that
breaks it, except where a recipe's label map says what other labels mean
([DataSet](configuration.md#dataset)).

The token classifier has {len(TAGS)} classes: 0 is `{TAGS[0]}`, then come `{TAGS[1]}`, `{TAGS[2]}` and so on,
two for each entity type in the order above. The relation head has {len(RELATION_LABELS)} outputs, also in the
order above.
A model folder's manifest carries the version and both lists; a model of another schema is refused.

This page is made from `khabar.schema` and the tables of the guidelines; after a change there, make it anew:

```
python -m khabar_data.schema_reference --output docs/schema.md
```
"""


def render_schema(guidelines: Path) -> str:
    """The page, with a line for each label from the tables of ``guidelines``.

    Raises:
        DataError: the guidelines cannot be read, or have no line for a label.
    """
    lines = read_one_lines(guidelines)
    entities = "".join(f"| {_linked(label)} | {lines[label]} |\n" for label in ENTITY_LABELS)
    relations = "".join(
        f"| {_linked(relation.label)} | {_ends(relation)} | {'yes' if relation.symmetric else ''} "
        f"| {lines[relation.label]} |\n"
        for relation in RELATION_TYPES
    )
    return "\n".join(
        [
            _OPENING,
            f"## Entity types\n\n| label | {_COLUMN} |\n|---|---|\n{entities}",
            "## Relations\n\nHead and tail of a symmetric relation may be swapped; it is annotated once and"
            " scored in either order.\n\n"
            f"| label | head | tail | symmetric | {_COLUMN} |\n|---|---|---|---|---|\n{relations}",
            _CLOSING,
        ]
    )


def read_one_lines(guidelines: Path) -> dict[str, str]:
    """What the guidelines' tables say of each label in their column "in one line".

    Raises:
        DataError: the file cannot be read, or a label of the schema has no such line.
    """
    try:
        text = guidelines.read_text(encoding="utf-8")
    except OSError as error:
        raise DataError(
            guidelines, None, f"cannot be read: {error.strerror}; start in the project's root"
        ) from error
    found: dict[str, str] = {}
    column: int | None = None
    for line in text.split("\n"):
        cells = [cell.strip() for cell in line.strip("|").split("|")] if line.startswith("|") else []
        if not cells:
            column = None
        elif _COLUMN in cells:
            column = cells.index(_COLUMN)
        elif column is not None and (match := _LABEL.fullmatch(cells[0])):
            found[match[1]] = cells[column]
    for label in (*ENTITY_LABELS, *RELATION_LABELS):
        if not found.get(label):
            raise DataError(guidelines, None, f"no table says {_COLUMN!r} what {label} is; add its row")
    return found


def _linked(label: str) -> str:
    return f"[{label}]({_LAW}#{label.lower()})"


def _ends(relation: RelationType) -> str:
    """The cells of head and tail."""
    if relation.same_label:
        return f"{_listed(relation.head_labels)} | the head's type"
    return f"{_listed(relation.head_labels)} | {_listed(relation.tail_labels)}"


def _listed(labels: Collection[str]) -> str:
    if set(labels) == set(ENTITY_LABELS):
        return "any"
    return ", ".join(label for label in ENTITY_LABELS if label in labels)


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the page to a file, or to standard output; exit 2 where the guidelines lack a line."""
    parser = argparse.ArgumentParser(
        prog="python -m khabar_data.schema_reference", description="Write the page on the label schema."
    )
    parser.add_argument("--output", type=Path, help="the file to write; standard output without it")
    parser.add_argument(
        "--guidelines", type=Path, default=GUIDELINES, help=f"where a line for each label is ({GUIDELINES})"
    )
    options = parser.parse_args(arguments)
    try:
        page = render_schema(options.guidelines)
    except DataError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    if options.output is None:
        sys.stdout.write(page)
        return 0
    with written_whole(options.output) as target:
        target.write(page)
    return 0


if __name__ == "__main__":
    sys.exit(main())
