"""Score a bundle: ``python -m khabar_training.evaluate [--model FOLDER] FILE … [--output report.json]``.

Tags the texts of annotated JSONL files through ``khabar.Tagger``, as a service would, and reports
strict NER, Rel+ and Rel with 95 % intervals by document, per type with support.
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
from khabar_data.metrics import Evaluation, evaluate
from khabar_training.confidence import document_interval
from khabar_training.datasets import read_checked
from khabar_training.word_metrics import word_f1


def evaluate_bundle(model: str | Path | None, gold: Sequence[Document], *, quantized: bool) -> dict[str, Any]:
    """Tag ``gold``'s texts with a bundle and score the result.

    Returns:
        The report: overall scores in percent with intervals, per label tables, speed.
    """
    folder = resolve_model(model, revision=None, local_files_only=False, quantized=quantized)
    tagger = Tagger.from_pretrained(folder, quantized=quantized)
    started = time.perf_counter()
    predicted = [tagger.predict(document.text, id=document.id) for document in gold]
    seconds = time.perf_counter() - started
    bundle = Bundle.open(folder)
    scores = evaluate(gold, predicted)
    words = sum(len(document.text.split()) for document in gold)
    return {
        "model": bundle.manifest.name,
        "quantized": quantized,
        "documents": len(gold),
        "words": words,
        "words_per_second": round(words / seconds),
        "intervals_95": {
            "ner_strict": document_interval(gold, predicted, _entities),
            "rel_plus": document_interval(gold, predicted, _relations),
        },
        "word_level_f1": word_f1(gold, predicted, read_tokenizer(bundle)),
        **scores.to_dict(),
    }


def _entities(scores: Evaluation) -> Any:
    return scores.entities.micro()


def _relations(scores: Evaluation) -> Any:
    return scores.relations_strict.micro()


def format_report(report: dict[str, Any]) -> str:
    """The report as a table for a terminal."""
    lines = [
        f"{report['model']} ({'int8' if report['quantized'] else 'fp32'}), {report['documents']} documents,"
        f" {report['words']} words, {report['words_per_second']} words/s"
    ]
    for key, name in (("ner_strict", "NER strict"), ("rel_plus", "Rel+"), ("rel", "Rel")):
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
    return "\n".join(lines) + "\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """Score a bundle on annotated files."""
    parser = argparse.ArgumentParser(prog="python -m khabar_training.evaluate", description=__doc__)
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="annotated JSONL files")
    parser.add_argument("--model", help="model folder or Hub name; the embedded default without it")
    parser.add_argument("--full-precision", action="store_true", help="the fp32 graph instead of int8")
    parser.add_argument("--output", type=Path, help="also write the report as JSON")
    options = parser.parse_args(arguments)
    try:
        gold = [document for path in options.files for document in read_checked(path)]
        report = evaluate_bundle(options.model, gold, quantized=not options.full_precision)
    except (BundleError, DataError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.write(format_report(report))
    if options.output is not None:
        with written_whole(options.output) as target:
            target.write(json.dumps(report, indent=2, ensure_ascii=False) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
