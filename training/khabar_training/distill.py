"""Distil a fine-tuned model into a smaller one: ``python -m khabar_training.distill configs/distill.yaml``.

raw text -> sample of paragraphs -> windows -> the teacher's answers -> student -> thresholds -> bundle

The student needs the teacher's tokenizer: the two are compared token by token.
"""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

from transformers import PreTrainedTokenizerFast, Trainer, TrainerCallback, set_seed

from khabar.modeling import JointModel
from khabar.tokenization import WordTokenizer
from khabar_data.errors import DataError
from khabar_training.checkpoints import last_checkpoint
from khabar_training.config import ConfigError, load_config
from khabar_training.datasets import load_examples, read_checked
from khabar_training.development import StepScores, development_row
from khabar_training.distill_config import DistillConfig
from khabar_training.distillation import DistillationObjective, LossWeights
from khabar_training.encoder_tokenizer import load_tokenizer, word_tokenizer
from khabar_training.finish import finish
from khabar_training.grouped_trainer import Epochs, GroupedTrainer, trainer_arguments
from khabar_training.hidden_pieces import HiddenPieces
from khabar_training.optimizer import joint_optimizer
from khabar_training.paragraph_sample import sample_paragraphs
from khabar_training.raw_windows import MixedCollator, MixedWindows, raw_windows
from khabar_training.run_folder import claim_folder
from khabar_training.teacher import Teacher, check_same_tokenizer, load_teacher

logger = logging.getLogger(__name__)


def distill(config: DistillConfig) -> Path:
    """Run a recipe, resuming where an earlier run of it stopped; returns the bundle's folder.

    Raises:
        ConfigError: teacher or student cannot be loaded or have different tokenizers, a source has no
            file, or the output folder holds another run.
        DataError: raw or annotated text is malformed; nothing is trained and nothing written.
    """
    set_seed(config.seed)
    teacher = load_teacher(config.teacher)
    fast = load_tokenizer(config.student, config.revision, key="student")
    check_same_tokenizer(load_tokenizer(str(config.teacher), key="teacher"), fast)
    tokenizer = word_tokenizer(fast)
    gold = [document for path in config.development for document in read_checked(path)]
    data = load_windows(config, tokenizer, fast.mask_token_id)
    claim_folder(config.output, config, {"steps"})
    taught_by = development_row(config, teacher, tokenizer, gold)
    logger.info("the teacher: NER %(ner_strict).2f, Rel+ %(rel_plus).2f at threshold 0.5", taught_by)
    student = JointModel.from_encoder(
        config.student,
        dropout=config.dropout,
        encoder_dropout=config.encoder_dropout,
        revision=config.revision,
    )
    callbacks = [Epochs(data), StepScores(config, student, tokenizer, gold, config.evaluate_steps)]
    trainer = _trainer(config, student, Teacher(teacher), data, fast, callbacks)
    checkpoint = last_checkpoint(config.output / "checkpoints")
    trainer.train(resume_from_checkpoint=None if checkpoint is None else str(checkpoint))
    if trainer.is_world_process_zero():
        finish(config, student, fast, gold, trainer.state, {"teacher": taught_by})
    return config.output / "bundle"


def load_windows(config: DistillConfig, tokenizer: WordTokenizer, mask_id: int | None) -> MixedWindows:
    """The raw text of a recipe in windows, and its annotated data sets; logs counts."""
    paragraphs = sample_paragraphs(config.sources, config.text_folder, config.paragraphs, config.seed)
    raw = raw_windows(paragraphs, tokenizer, config.max_tokens, config.overlap)
    # Drawn by place: a run that goes on within an epoch hides what it would have hidden.
    hidden = None if mask_id is None else HiddenPieces(mask_id, config.token_dropout, config.seed)
    recipe = config.fine_tuning()
    annotated = None if recipe is None else load_examples(recipe, tokenizer, hidden)
    data = MixedWindows(raw, annotated, hidden)
    logger.info(
        "%d paragraphs: %d windows; %d of annotated text", len(paragraphs), len(raw), len(data) - len(raw)
    )
    return data


def _trainer(
    config: DistillConfig,
    student: JointModel,
    teacher: Teacher,
    data: MixedWindows,
    fast: PreTrainedTokenizerFast,
    callbacks: list[TrainerCallback],
) -> Trainer:
    arguments = trainer_arguments(
        config,
        config.output,
        config.seed,
        steps=config.steps,
        max_steps=config.steps,
        save_strategy="steps",
        save_steps=config.evaluate_steps,
        save_total_limit=1,
        report_to=[],
    )
    optimizer = joint_optimizer(
        student,
        learning_rate=config.learning_rate,
        head_learning_rate=config.head_learning_rate,
        weight_decay=config.weight_decay,
    )
    weights = LossWeights(
        config.tag_weight, config.proclitic_weight, config.relation_weight, config.gold_weight
    )
    return GroupedTrainer(
        model=DistillationObjective(student, teacher, temperature=config.temperature, weights=weights),
        args=arguments,
        train_dataset=data,
        data_collator=MixedCollator(fast.pad_token_id),
        optimizers=(optimizer, None),
        callbacks=callbacks,
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a recipe."""
    parser = argparse.ArgumentParser(prog="python -m khabar_training.distill", description=__doc__)
    parser.add_argument("config", type=Path)
    path: Path = parser.parse_args(arguments).config
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    try:
        distill(load_config(path, DistillConfig))
    except (ConfigError, DataError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
