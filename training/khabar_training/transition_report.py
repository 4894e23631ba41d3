"""What transitions bring: ``python -m khabar_training.transition_report BUNDLE FILE FILE … --output REPORT``.

Transitions are fitted on all files but one, by several penalties, and tried on that one: how the penalty was
chosen, and what to expect on articles that nothing was fitted on.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from khabar.bundle import Bundle, BundleError
from khabar.document import Document
from khabar.pipeline import Pipeline
from khabar.session import ModelSession
from khabar.tagger import Tagger, read_tokenizer
from khabar_data.errors import DataError
from khabar_data.files import written_whole
from khabar_data.metrics import evaluate
from khabar_training.datasets import read_checked
from khabar_training.transitions import fit_transitions, tagged_sentences

PENALTIES: Final = (4.0, 10.0, 20.0, 40.0, 100.0)

logger = logging.getLogger(__name__)


def transition_scores(
    folder: Path, sets: Mapping[str, Sequence[Document]], penalties: Sequence[float] = PENALTIES
) -> list[dict[str, Any]]:
    """Strict NER and Rel+ F1 of each set in percent, by the penalty of transitions fitted on the others.

    Args:
        folder: a bundle, read int8; its own transitions are left out, its thresholds and scaling stay.
        sets: two or more sets of annotated documents by name.
        penalties: to be tried.

    Returns:
        A row for each penalty, the first one (``None``) for no transitions at all.
    """
    bundle = Bundle.open(folder)
    tokenizer, session = read_tokenizer(bundle), ModelSession.of_bundle(bundle, quantized=True)
    plain = replace(bundle.manifest.decoding, transitions={})
    pipeline = Pipeline(tokenizer, session, plain)
    sentences = {name: tagged_sentences(pipeline, gold) for name, gold in sets.items()}

    def score(name: str, transitions: Mapping[str, float]) -> dict[str, float]:
        tagger = Tagger(tokenizer, session, replace(plain, transitions=transitions))
        gold = sets[name]
        scores = evaluate(gold, [tagger.predict(document.text, id=document.id) for document in gold])
        return {
            "ner_strict": round(100 * scores.entities.micro().f1, 2),
            "rel_plus": round(100 * scores.relations_strict.micro().f1, 2),
        }

    rows: list[dict[str, Any]] = [{"penalty": None, "scores": {name: score(name, {}) for name in sets}}]
    for penalty in penalties:
        found = {}
        for held in sets:
            others = [sentence for name in sets if name != held for sentence in sentences[name]]
            found[held] = score(held, fit_transitions(others, penalty))
        rows.append({"penalty": penalty, "scores": found})
        logger.info("penalty %g: %s", penalty, found)
    return rows


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the report; exit 2 where the bundle or a file cannot be used."""
    parser = argparse.ArgumentParser(
        prog="python -m khabar_training.transition_report",
        description="Fit transitions on all files but one and score that one, by penalty.",
    )
    parser.add_argument("bundle", type=Path, metavar="BUNDLE")
    parser.add_argument("files", type=Path, nargs="+", metavar="FILE", help="annotated JSONL, two or more")
    parser.add_argument("--output", type=Path, required=True, metavar="REPORT", help="JSON")
    options = parser.parse_args(arguments)
    if len(set(options.files)) < 2:
        parser.error("two files or more are needed: each is scored by what was fitted on the others")
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    try:
        rows = transition_scores(options.bundle, {str(path): read_checked(path) for path in options.files})
        with written_whole(options.output) as target:
            target.write(json.dumps({"held_out": rows}, indent=2) + "\n")
    except (BundleError, DataError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
