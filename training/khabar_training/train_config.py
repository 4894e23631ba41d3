"""The recipe of a fine-tuning run and of its data sets."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from khabar_training.config import ClosedModel, Fraction, PositiveInt


class DataSet(ClosedModel):
    """One annotated data set of a training recipe.

    Attributes:
        path: the file.
        format: ``jsonl`` (the reference form), ``conll``, or ``nested-conll`` (outermost tag first).
        labels: label map for data sets with other labels: what each source label may be here, an empty
            list where nothing is known. Without it the data set carries the whole schema.
        covers: labels of the schema that it marks wherever they stand; needed with ``labels``.
        skip: a JSON list of sentence numbers to leave out.
        repeat: how often an epoch sees it; a fraction takes that part, another one each epoch.
    """

    path: Path
    format: Literal["jsonl", "conll", "nested-conll"] = "jsonl"
    labels: dict[str, tuple[str, ...]] | None = None
    covers: tuple[str, ...] | None = None
    skip: Path | None = None
    repeat: float = Field(default=1.0, gt=0)

    @model_validator(mode="after")
    def _covers_with_labels(self) -> DataSet:
        if (self.labels is None) != (self.covers is None):
            raise ValueError("'labels' and 'covers' belong together: give both, or none for the whole schema")
        if self.labels is None and (self.skip is not None or self.format != "jsonl"):
            raise ValueError("'skip' and 'format: conll' need 'labels' and 'covers'")
        return self


class NameList(ClosedModel):
    """A tab-separated list of names that mention replacement draws from, beside the names of the articles.

    Attributes:
        path: the file; names stand in its first column, lines that begin with ``#`` are comments.
        label: what the names are.
        only: take the lines whose last column is one of these.
        parts: words of the list that make one name; 2 where it holds first and last names alone.
    """

    path: Path
    label: str
    only: tuple[str, ...] | None = None
    parts: PositiveInt = 1


class TrainConfig(ClosedModel):
    """Fine-tuning of an encoder on annotated text.

    Attributes:
        name: the model's name, for the manifest and the card.
        encoder: a folder or a Hub name that ``AutoModelForTokenClassification`` loads; the ``checkpoint``
            folder of an earlier run goes on with its heads.
        revision: branch, tag or commit of a Hub encoder.
        output: where checkpoints, the model and the report go.
        datasets: what is learnt from.
        development: annotated documents that choose thresholds and transitions; never trained on.
        epochs: passes over all data sets, each by its ``repeat``.
        batch_size: windows a step, in each of several processes.
        accumulation: batches that make one step; their gradients are summed up, so that a batch too large
            for the memory can come in parts.
        learning_rate: peak rate of the encoder.
        head_learning_rate: peak rate of the heads.
        weight_decay: AdamW's decay of weight matrices; biases and norms have none.
        warmup: part of the steps over which the rates rise.
        dropout: dropout in the relation head.
        encoder_dropout: dropout in the encoder and before its tag layer.
        relation_weight: weight of the relation loss beside the entity loss.
        proclitic_weight: weight of the proclitic loss beside the entity loss.
        token_dropout: part of the word pieces hidden behind ``[MASK]`` while training.
        mention_replacement: probability that a name of a training document is exchanged for another one.
        name_lists: lists that a third of the new names come from, for labels that have one.
        spelling_noise: part of the training documents that get the spelling of a careless desk.
        max_tokens: tokens of a window at most; 8 or more.
        overlap: pieces that two windows of one long sentence share; less than ``max_tokens`` - 2.
        evaluate_epochs: epochs between two evaluations on the development documents.
        patience: stop after this many epochs without a better development score (the mean of strict NER
            and Rel+) and keep the weights of the best epoch; without it the last epoch's are kept.
        max_steps: stop after so many steps, where the epochs have more; for smoke runs.
        save_steps: steps between two checkpoints within an epoch; each epoch ends with one anyway.
        quantize: also write the int8 graph.
        quantization_aware: train on weights and activations rounded as the int8 graph rounds them, so that it
            costs less; for a last stage, since a step takes longer. Thresholds are then those of int8.
        average_with: folders of finished runs whose weights are averaged with those at the end of this one,
            each counting alike; for runs that went on from one another. Run again with another list, a
            finished run does only its end anew; its ``checkpoints/`` must still be there.
        bf16: compute in bfloat16; weights and optimizer stay in float32.
        tensorboard: also log to ``tensorboard/`` in the output folder; needs the package tensorboard.
        seed: of the fresh heads, the order and the changes made to documents.
    """

    name: str
    encoder: str
    revision: str | None = None
    output: Path
    datasets: Annotated[tuple[DataSet, ...], Field(min_length=1)]
    development: Annotated[tuple[Path, ...], Field(min_length=1)]
    epochs: PositiveInt = 8
    batch_size: PositiveInt = 16
    accumulation: PositiveInt = 1
    learning_rate: float = Field(default=5e-4, gt=0)
    head_learning_rate: float = Field(default=1e-3, gt=0)
    weight_decay: float = Field(default=0.01, ge=0)
    warmup: Fraction = 0.1
    dropout: Fraction = 0.2
    encoder_dropout: Fraction = 0.1
    relation_weight: float = Field(default=1.0, ge=0)
    proclitic_weight: float = Field(default=0.3, ge=0)
    token_dropout: Fraction = 0.05
    spelling_noise: Fraction = 0.0
    mention_replacement: Fraction = 0.0
    name_lists: tuple[NameList, ...] = ()
    max_tokens: PositiveInt = 160
    overlap: PositiveInt = 48
    evaluate_epochs: PositiveInt = 1
    patience: PositiveInt | None = None
    max_steps: PositiveInt | None = None
    save_steps: PositiveInt | None = None
    quantize: bool = True
    quantization_aware: bool = False
    average_with: tuple[Path, ...] = ()
    bf16: bool = False
    tensorboard: bool = False
    seed: int = 17

    @model_validator(mode="after")
    def _keys_go_together(self) -> TrainConfig:
        if self.max_tokens < 8 or self.overlap >= self.max_tokens - 2:
            raise ValueError("'max_tokens' must be at least 8, and 'overlap' less than 'max_tokens' - 2")
        if self.quantization_aware and not self.quantize:
            raise ValueError("'quantization_aware' trains for the int8 graph: it needs 'quantize: true'")
        return self
