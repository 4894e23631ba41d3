"""Score a bundle on annotated JSONL files, as a table, as JSON and as a page.

    python -m khabar_training.evaluate [--model FOLDER] FILE … [--output report.json] [--html report.html]
        [--compare OTHER] [--seen TRAIN.jsonl …] [--worst N]

Tags the texts through ``khabar.Tagger``, as a service would, and reports strict and lenient NER, Rel+ and
Rel with 95 % intervals by document, per type with support, kinds of errors, calibration and the worst
documents; against another model a paired test; with training files recall on names seen and unseen.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from khabar.bundle import Bundle, BundleError
from khabar.document import Document
from khabar.hub import resolve_model
from khabar.schema import RELATIONS_BY_LABEL
from khabar.tagger import Tagger, read_tokenizer
from khabar_data.errors import DataError
from khabar_data.files import written_whole
from khabar_data.jsonl import iter_jsonl
from khabar_training.datasets import read_checked
from khabar_training.evaluation_report import OVERALL, WORST, TaggedTexts, compare_models, score_texts
from khabar_training.report_page import render_report
from khabar_training.seen_names import Names, names_of, seen_recall


def tag_texts(model: str | Path | None, gold: Sequence[Document], *, quantized: bool) -> TaggedTexts:
    """Tag ``gold``'s texts with a bundle.

    Raises:
        BundleError: the model is missing, damaged or of another schema.
    """
    folder = resolve_model(model, revision=None, local_files_only=False, quantized=quantized)
    tagger = Tagger.from_pretrained(folder, quantized=quantized)
    started = time.perf_counter()
    documents = tuple(tagger.predict(document.text, id=document.id) for document in gold)
    seconds = time.perf_counter() - started
    bundle = Bundle.open(folder)
    return TaggedTexts(bundle.manifest.name, quantized, documents, seconds, read_tokenizer(bundle))


def evaluate_bundle(model: str | Path | None, gold: Sequence[Document], *, quantized: bool) -> dict[str, Any]:
    """Tag ``gold``'s texts with a bundle and score the result.

    Returns:
        The report: overall scores in percent with intervals, per label tables, kinds of errors,
        calibration, the worst documents by name, speed.
    """
    return score_texts(gold, tag_texts(model, gold, quantized=quantized))


def format_report(report: dict[str, Any]) -> str:
    """The report as a table for a terminal."""
    lines = [
        f"{report['model']} ({'int8' if report['quantized'] else 'fp32'}), {report['documents']} documents,"
        f" {report['words']} words, {report['words_per_second']} words/s"
    ]
    for key, name in OVERALL.items():
        row = report[key]
        interval = report["intervals_95"].get(key)
        between = f"  95 % {interval[0]}-{interval[1]}" if interval else ""
        lines.append(
            f"{name:<18}P {row['precision']:6.2f}  R {row['recall']:6.2f}  F1 {row['f1']:6.2f}{between}"
        )
    for table in ("entities", "relations"):
        for label, row in report[table].items():
            mark = " <->" if label in RELATIONS_BY_LABEL and RELATIONS_BY_LABEL[label].symmetric else ""
            lines.append(
                f"  {label + mark:<22}P {row['precision']:6.2f}  R {row['recall']:6.2f}  F1 {row['f1']:6.2f}"
                f"  support {row['support']}"
            )
    return "\n".join([*lines, *_format_extras(report)]) + "\n"


def _format_extras(report: dict[str, Any]) -> list[str]:
    """Lines for recall on names seen and unseen and for the other model, where they were asked for."""
    lines = []
    for group, row in report.get("seen_names", {}).get("groups", {}).items():
        lines.append(f"{'names ' + group:<30}R {row['recall']:6.2f}  support {row['support']}")
    if "comparison" in report:
        lines.append(f"against {report['comparison']['model']}:")
        for key, test in report["comparison"]["tests"].items():
            p = "-" if test["p_value"] is None else f"{test['p_value']:.4f}"
            lines.append(f"  {OVERALL[key]:<16}F1 {test['difference']:+6.2f}  p {p}")
    return lines


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m khabar_training.evaluate",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="annotated JSONL files")
    parser.add_argument("--model", help="model folder or Hub name; the embedded default without it")
    parser.add_argument("--full-precision", action="store_true", help="the fp32 graph instead of int8")
    parser.add_argument("--output", type=Path, help="also write the report as JSON")
    parser.add_argument("--html", type=Path, help="also write the report as a page, with the worst documents")
    parser.add_argument("--compare", metavar="OTHER", help="a second model, for a paired test by document")
    parser.add_argument(
        "--seen",
        nargs="+",
        type=Path,
        default=[],
        metavar="TRAIN",
        help="JSONL files that the model was trained on: recall on their names and on others",
    )
    parser.add_argument("--worst", type=int, default=WORST, metavar="N", help="worst documents to show")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Score a bundle on annotated files."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.worst < 0:
        parser.error(f"argument --worst: {options.worst} documents cannot be shown; give 0 or more")
    try:
        # All input is read before any text is tagged: a wrong path shows at once.
        gold = [document for path in options.files for document in read_checked(path)]
        if not gold:
            raise DataError(options.files[0], None, "holds no document; there is nothing to score")
        names = _training_names(options.seen)
        quantized = not options.full_precision
        tagged = tag_texts(options.model, gold, quantized=quantized)
        other = tag_texts(options.compare, gold, quantized=quantized) if options.compare else None
    except (BundleError, DataError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    report = {"files": [str(path) for path in options.files], **score_texts(gold, tagged, options.worst)}
    if options.seen:
        report["seen_names"] = {
            "files": [str(path) for path in options.seen],
            **seen_recall(gold, tagged.documents, names),
        }
    if other is not None:
        report["comparison"] = compare_models(gold, tagged, other)
    sys.stdout.write(format_report(report))
    if options.output is not None:
        with written_whole(options.output) as target:
            # UTF-8 cannot hold half of a surrogate pair, which an id may; an escape in JSON can.
            written = json.dumps(report, indent=2, ensure_ascii=False).encode("utf-8", "backslashreplace")
            target.write(written.decode("utf-8") + "\n")
    if options.html is not None:
        with written_whole(options.html) as target:
            target.writelines(render_report(report, gold, tagged.documents))
    return 0


def _training_names(paths: Sequence[Path]) -> Names:
    """The names of training files, which may carry another schema's labels."""
    return names_of(document for path in paths for document in iter_jsonl(path))


if __name__ == "__main__":
    sys.exit(main())
