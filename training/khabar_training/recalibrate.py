"""A finished run calibrated anew: ``python -m khabar_training.recalibrate RUN [FILE …]``.

checkpoint -> tagged development documents -> transitions, thresholds and scaling -> training.json, bundle

For a model whose relations shall suit other articles than those it was developed on, without more training.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from khabar.modeling import JointModel
from khabar_data.errors import DataError
from khabar_data.metrics import evaluate
from khabar_training.config import ConfigError
from khabar_training.datasets import read_checked
from khabar_training.development import tag
from khabar_training.encoder_tokenizer import load_tokenizer, word_tokenizer
from khabar_training.export import export_bundle
from khabar_training.finish import choose_options, chosen, write_report
from khabar_training.parity import ExportError
from khabar_training.rounding import feel_rounding
from khabar_training.trained_options import read_trained_options


def recalibrate(run: Path, development: Sequence[Path] = ()) -> None:
    """Write ``training.json`` and ``bundle/`` of a run with transitions, thresholds and scaling chosen anew.

    Args:
        run: the folder of a finished run.
        development: annotated documents to choose by; those of the run's recipe where there are none.

    Raises:
        DataError: ``training.json`` or a development file cannot be used.
        ExportError: a graph differs from the model.
    """
    path = run / "training.json"
    name, options = read_trained_options(path)
    report: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    recipe = report["config"]
    files = [*development] or [Path(file) for file in recipe["development"]]
    gold = [document for file in files for document in read_checked(file)]
    model = JointModel.load(run / "checkpoint")
    if recipe.get("quantization_aware"):
        feel_rounding(model)
    tokenizer = word_tokenizer(load_tokenizer(str(run / "checkpoint"), None))
    options = choose_options(options, model, tokenizer, gold)
    export_bundle(run / "checkpoint", run / "bundle", name, options, quantize=recipe["quantize"])
    final = evaluate(gold, tag(model, tokenizer, options, gold))
    # The recipe stays as it was written, so that the run can still be resumed or repeated.
    report |= {
        "development": final.to_dict(),
        **chosen(options),
        "calibrated_on": [str(file) for file in files],
    }
    write_report(run, report, final)


def main(arguments: Sequence[str] | None = None) -> int:
    """Calibrate a run; exit 2 where that cannot be. A failed export leaves the run as it was."""
    parser = argparse.ArgumentParser(
        prog="python -m khabar_training.recalibrate",
        description="Choose transitions, thresholds and scaling of a run anew, and write its bundle.",
    )
    parser.add_argument("run", type=Path, metavar="RUN", help="the folder of a finished run")
    parser.add_argument(
        "development",
        type=Path,
        nargs="*",
        metavar="FILE",
        help="annotated JSONL to choose by; the development files of the run's recipe without it",
    )
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    try:
        recalibrate(options.run, options.development)
    except (ConfigError, DataError, ExportError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
