"""The end of every run: what is chosen on development documents, checkpoint, bundle, report."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Protocol

from transformers import PreTrainedTokenizerFast, TrainerState

from khabar.bundle import DecodingOptions
from khabar.document import Document
from khabar.modeling import JointModel
from khabar.schema import RELATION_LABELS
from khabar.tokenization import WordTokenizer
from khabar_data.files import written_whole
from khabar_data.metrics import Evaluation, evaluate
from khabar_training.calibrate import calibrated
from khabar_training.development import WindowSizes, choose_transitions, decoding_options, tag
from khabar_training.encoder_tokenizer import word_tokenizer
from khabar_training.export import export_bundle
from khabar_training.loss_curve import loss_points, render_loss
from khabar_training.thresholds import LOWEST

logger = logging.getLogger(__name__)


class Recipe(WindowSizes, Protocol):
    """What the end of a run asks of its recipe."""

    @property
    def name(self) -> str:
        """The model's name."""

    @property
    def output(self) -> Path:
        """The folder of the run."""

    @property
    def quantize(self) -> bool:
        """Whether the int8 graph is written too."""

    def model_dump_json(self) -> str:
        """The recipe, for the report."""


def choose_options(
    sizes: WindowSizes, model: JointModel, tokenizer: WordTokenizer, gold: Sequence[Document]
) -> DecodingOptions:
    """Transitions, thresholds and scaling of a trained model, chosen on development documents."""
    low = decoding_options(sizes, dict.fromkeys(RELATION_LABELS, LOWEST))
    low = replace(low, transitions=choose_transitions(model, tokenizer, low, gold))
    return calibrated(low, gold, tag(model, tokenizer, low, gold))


def chosen(options: DecodingOptions) -> dict[str, Any]:
    """What was chosen as ``training.json`` keeps it; ``read_trained_options`` reads it."""
    scaling = {"entities": options.entity_scaling, "relations": options.relation_scaling}
    return {
        "thresholds": dict(options.thresholds),
        "scaling": {name: asdict(values) for name, values in scaling.items()},
        "transitions": dict(options.transitions),
    }


def finish(
    recipe: Recipe,
    model: JointModel,
    fast: PreTrainedTokenizerFast,
    gold: Sequence[Document],
    state: TrainerState,
    more: Mapping[str, Any] | None = None,
) -> None:
    """Write ``checkpoint/``, ``bundle/``, ``loss.svg`` and ``training.json`` into the folder of the run.

    Args:
        recipe: of the run.
        model: as training left it.
        fast: the tokenizer, which goes into the checkpoint.
        gold: development documents.
        state: steps and history of the run.
        more: further keys of the report.
    """
    tokenizer = word_tokenizer(fast)
    options = choose_options(recipe, model, tokenizer, gold)
    checkpoint = recipe.output / "checkpoint"
    model.save(checkpoint)
    fast.save_pretrained(checkpoint)
    export_bundle(checkpoint, recipe.output / "bundle", recipe.name, options, quantize=recipe.quantize)
    final = evaluate(gold, tag(model, tokenizer, options, gold))
    points = loss_points(state.log_history)
    with written_whole(recipe.output / "loss.svg") as target:
        target.write(render_loss(points))
    report = {
        "config": json.loads(recipe.model_dump_json()),
        "steps": state.global_step,
        "development": final.to_dict(),
        "history": [row["development"] for row in state.log_history if "development" in row],
        **chosen(options),
        "loss": points,
        **(more or {}),
    }
    write_report(recipe.output, report, final)


def write_report(run: Path, report: Mapping[str, Any], final: Evaluation) -> None:
    """Write ``training.json`` of a run, and say what its bundle reaches on the development documents."""
    with written_whole(run / "training.json") as target:
        target.write(json.dumps(report, indent=2, ensure_ascii=False) + "\n")
    logger.info(
        "development: NER %.2f, Rel+ %.2f; bundle in %s",
        100 * final.entities.micro().f1,
        100 * final.relations_strict.micro().f1,
        run / "bundle",
    )
