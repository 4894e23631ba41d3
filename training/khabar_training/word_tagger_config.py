"""The recipe of a word tagger on one CoNLL set."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field

from khabar_training.config import ClosedModel, Fraction, PositiveInt


class WordTaggingConfig(ClosedModel):
    """A word tagger with the labels of one CoNLL set, for a comparison with published figures.

    Attributes:
        encoder: a folder or a Hub name that ``AutoModelForTokenClassification`` loads.
        output: the report.
        train: the CoNLL file that is learnt from.
        tests: CoNLL files that are scored, by the name the report gives them.
        held_out: last part of the training file that is scored in place of the tests, to choose settings.
        epochs: passes over the training file.
        batch_size: sentences a step.
        learning_rate: peak rate; falls to zero over the run.
        weight_decay: AdamW's decay of weight matrices; biases and norms have none.
        warmup: part of the steps over which the rate rises.
        dropout: dropout in the encoder and before its tag layer.
        token_dropout: part of the word pieces hidden behind ``[MASK]`` while training.
        mention_replacement: probability that a name is exchanged for another one of the training file.
        spelling_noise: part of the training sentences that get the spelling of a careless desk.
        max_tokens: pieces of a sentence at most; a longer one is cut between words.
        bf16: compute in bfloat16.
        seeds: one run each.
    """

    encoder: str
    output: Path
    train: Path
    tests: dict[str, Path]
    held_out: Fraction = 0.0
    epochs: PositiveInt = 10
    batch_size: PositiveInt = 16
    learning_rate: float = Field(default=4e-4, gt=0)
    weight_decay: float = Field(default=0.01, ge=0)
    warmup: Fraction = 0.1
    dropout: Fraction = 0.1
    token_dropout: Fraction = 0.05
    mention_replacement: Fraction = 0.0
    spelling_noise: Fraction = 0.0
    max_tokens: Annotated[int, Field(ge=8)] = 256
    bf16: bool = False
    seeds: Annotated[tuple[int, ...], Field(min_length=1)] = (17, 18, 19)
