"""Fine-tune an encoder: ``python -m khabar_training.train configs/default.yaml``.

data sets -> examples -> joint training -> thresholds -> checkpoint -> bundle -> report

Several processes: ``torchrun --nproc-per-node 2 -m khabar_training.train RECIPE.yaml``, or ``accelerate
launch`` where each process has a GPU.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from accelerate import PartialState
from transformers import (
    PreTrainedTokenizerFast,
    Trainer,
    TrainerCallback,
    TrainerState,
    set_seed,
)
from transformers.integrations import is_tensorboard_available

from khabar.modeling import JointModel
from khabar_data.errors import DataError
from khabar_training.averaging import take_mean, weights_of_runs
from khabar_training.best_epoch import BestEpoch, is_over
from khabar_training.checkpoints import STATE, StepCheckpoints, last_checkpoint
from khabar_training.collate import Collator
from khabar_training.config import ConfigError, load_config
from khabar_training.datasets import MixedExamples, load_examples, read_checked
from khabar_training.development import EpochScores, development_rows
from khabar_training.encoder_tokenizer import load_tokenizer, word_tokenizer
from khabar_training.finish import finish
from khabar_training.grouped_trainer import Epochs, GroupedTrainer, is_first, processes, trainer_arguments
from khabar_training.hidden_pieces import HiddenPieces
from khabar_training.objective import JointObjective
from khabar_training.optimizer import joint_optimizer
from khabar_training.rounding import feel_rounding
from khabar_training.run_folder import claim_folder
from khabar_training.train_config import TrainConfig


def train(config: TrainConfig) -> Path:
    """Run a recipe, resuming where an earlier run of it stopped; returns the bundle's folder.

    Raises:
        ConfigError: the encoder cannot be loaded, or the output folder holds another run.
        DataError: annotated data is malformed; nothing is trained and nothing written.
    """
    _check_reporters(config)
    set_seed(config.seed)
    fast = load_tokenizer(config.encoder, config.revision)
    tokenizer = word_tokenizer(fast)
    gold = [document for path in config.development for document in read_checked(path)]
    data = load_examples(config, tokenizer, _hidden_pieces(config, fast))
    claim_folder(config.output, config, {"max_steps", "tensorboard", "average_with"})
    model = JointModel.from_encoder(
        config.encoder,
        dropout=config.dropout,
        encoder_dropout=config.encoder_dropout,
        revision=config.revision,
    )
    others = weights_of_runs(config.average_with, model, fast)
    if config.quantization_aware:
        feel_rounding(model)
    callbacks = [Epochs(data), EpochScores(config, model, tokenizer, gold, config.evaluate_epochs)]
    if config.save_steps is not None:
        callbacks.append(StepCheckpoints(config.save_steps))
    best = None
    if config.patience is not None:
        best = BestEpoch(model, config.output / "best", config.patience)
        callbacks.append(best)
    trainer = _trainer(config, model, data, fast, callbacks)
    state = _trained(trainer, config)
    more = {} if best is None else {"best_epoch": best.restore(state)}
    take_mean(model, others)
    if trainer.is_world_process_zero():
        finish(config, model, fast, gold, state, more)
    PartialState().destroy_process_group()
    return config.output / "bundle"


def _trained(trainer: Trainer, config: TrainConfig) -> TrainerState:
    """Train from the last checkpoint, or from the start; the state of the run at its end."""
    checkpoint = last_checkpoint(config.output / "checkpoints")
    if checkpoint is not None and config.patience is not None:
        state = TrainerState.load_from_json(str(checkpoint / STATE))
        # The run was stopped by its scores, and only its end was not reached: one more epoch is none of it.
        if is_over(development_rows(state), config.patience):
            return state
    trainer.train(resume_from_checkpoint=None if checkpoint is None else str(checkpoint))
    return trainer.state


def _hidden_pieces(config: TrainConfig, fast: PreTrainedTokenizerFast) -> HiddenPieces | None:
    """Where a run can be resumed within an epoch its hidden pieces must not hang on what came before."""
    if config.save_steps is None or fast.mask_token_id is None:
        return None
    return HiddenPieces(fast.mask_token_id, config.token_dropout, config.seed)


def _check_reporters(config: TrainConfig) -> None:
    if config.tensorboard and not is_tensorboard_available():
        raise ConfigError(
            "tensorboard: the package is not installed: pip install tensorboard, or leave the key out"
        )


def _trainer(
    config: TrainConfig,
    model: JointModel,
    data: MixedExamples,
    fast: PreTrainedTokenizerFast,
    callbacks: list[TrainerCallback],
) -> Trainer:
    windows = config.batch_size * config.accumulation * processes()
    planned = config.epochs * int(np.ceil(len(data) / windows))
    steps = min(planned, config.max_steps) if config.max_steps else planned
    if config.tensorboard:
        # Trainer's callback asks the environment where its files go.
        os.environ["TENSORBOARD_LOGGING_DIR"] = str(config.output / "tensorboard")
    arguments = trainer_arguments(
        config,
        config.output,
        config.seed,
        steps=steps,
        num_train_epochs=config.epochs,
        max_steps=steps if config.max_steps else -1,
        gradient_accumulation_steps=config.accumulation,
        save_strategy="epoch",
        save_total_limit=1,
        report_to=["tensorboard"] if config.tensorboard else [],
    )
    optimizer = joint_optimizer(
        model,
        learning_rate=config.learning_rate,
        head_learning_rate=config.head_learning_rate,
        weight_decay=config.weight_decay,
    )
    objective = JointObjective(
        model, relation_weight=config.relation_weight, proclitic_weight=config.proclitic_weight
    )
    return GroupedTrainer(
        model=objective,
        args=arguments,
        train_dataset=data,
        data_collator=Collator(
            fast.pad_token_id, fast.mask_token_id, config.token_dropout if config.save_steps is None else 0.0
        ),
        optimizers=(optimizer, None),
        callbacks=callbacks,
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a recipe."""
    parser = argparse.ArgumentParser(prog="python -m khabar_training.train", description=__doc__)
    parser.add_argument("config", type=Path)
    path: Path = parser.parse_args(arguments).config
    # Of several processes the first one speaks.
    level = logging.INFO if is_first() else logging.ERROR
    logging.basicConfig(level=level, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    try:
        train(load_config(path, TrainConfig))
    except (ConfigError, DataError) as error:
        if is_first():
            sys.stderr.write(f"{error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
