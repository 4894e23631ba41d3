"""Bring annotations in and out of other tools' forms: ``python -m khabar_data.convert IN OUT``.

Forms: jsonl, brat (a folder), label-studio (.json), conll, spacy, and authored (only read). A data set
of the Hugging Face Hub comes in by ``python -m khabar_training.hub_data NAME OUT.jsonl``, which needs
the extra ``khabar[train]``. What was mended and what was not carried is counted and said.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from khabar.document import Document
from khabar_data.errors import DataError
from khabar_data.forms import FORMS, Form, guess_input, guess_output, written
from khabar_data.label_map import parse_label_map, relabel
from khabar_data.label_studio import read_label_studio
from khabar_data.notices import Notices
from khabar_data.validation import validate


def main(arguments: Sequence[str] | None = None) -> int:
    """Convert; exit 1 where what was written breaks the schema, 2 where nothing could be written."""
    parser = argparse.ArgumentParser(
        prog="python -m khabar_data.convert",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("input", type=Path, metavar="IN", help="a file, or a folder of brat")
    parser.add_argument("output", type=Path, metavar="OUT", help="a file, or a new folder for brat")
    parser.add_argument("--from", dest="source", choices=FORMS, help="form of IN, if it cannot be told")
    parser.add_argument(
        "--to", dest="target", choices=written(), help="form of OUT, if its name does not say"
    )
    parser.add_argument(
        "--map",
        action="append",
        default=[],
        metavar="LABEL=LABEL",
        help="rename a label (nothing after = leaves it out); or a JSON file of such pairs; may stand often",
    )
    parser.add_argument(
        "--text-field", metavar="NAME", help="Label Studio: the field of 'data' that is the text"
    )
    options = parser.parse_args(arguments)
    try:
        return _convert(options)
    except (DataError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 2


def _convert(options: argparse.Namespace) -> int:
    labels = parse_label_map(options.map)
    target, said = (options.target, "as asked") if options.target else guess_output(options.output)
    _refuse_overwriting(options.input, options.output)
    documents = _read(options)
    if labels:
        documents, notices = relabel(documents, labels, str(options.input))
        _say(notices)
    _write(documents, FORMS[target], options.output)
    entities = sum(len(document.entities) for document in documents)
    relations = 0 if "relation" in FORMS[target].loses else sum(len(d.relations) for d in documents)
    sys.stdout.write(
        f"{options.output}: written as {target} ({said}): {len(documents)} documents,"
        f" {entities} entities, {relations} relations\n"
    )
    issues = schema_issues(documents, str(options.input))
    _say(issues)
    return int(bool(issues))


def _refuse_overwriting(source: Path, target: Path) -> None:
    if source.exists() and target.exists() and source.samefile(target):
        raise DataError(target, None, "is also the input, which would be lost; name another OUT")


def _read(options: argparse.Namespace) -> list[Document]:
    path: Path = options.input
    if not path.exists():
        hub = "a data set of the Hub comes in by python -m khabar_training.hub_data"
        raise DataError(path, None, f"no such file or folder; {hub}")
    name, said = (options.source, "as asked") if options.source else guess_input(path)
    read = FORMS[name].read
    if name == "label-studio":
        read = partial(read_label_studio, text_field=options.text_field)
    reading = read(path)
    sys.stdout.write(f"{path}: read as {name} ({said})\n")
    _say(reading.notices)
    return reading.documents


def _write(documents: list[Document], form: Form, path: Path) -> None:
    if form.write is None:
        raise DataError(path, None, f"{form.name} is only read; say --to with one of {', '.join(written())}")
    try:
        notices = form.write(documents, path)
    except DataError:
        raise
    except UnicodeEncodeError as error:
        raise DataError(path, None, f"cannot be written as UTF-8 ({error.reason}); mend the text") from error
    except ValueError as error:
        raise DataError(path, None, f"{form.name} cannot hold this: {error}") from error
    notices.extend(form.losses(documents, str(path)))
    _say(notices)


def schema_issues(documents: Sequence[Document], source: str) -> Notices:
    """What ``khabar_data.validation`` finds, equal problems counted together with their first place."""
    issues = Notices()
    for issue in validate(documents):
        advice = "; rename it with --map" if issue.problem.startswith("unknown") else ""
        issues.add(f"{issue.problem}{advice}", f"{source}: {issue.document}: {issue.place}")
    return issues


def _say(notices: Notices) -> None:
    sys.stdout.writelines(f"  {line}\n" for line in notices)


if __name__ == "__main__":
    sys.exit(main())
