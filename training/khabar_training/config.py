"""Typed, closed configurations: an unknown or misspelt key is an error that names its path."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

PositiveInt = Annotated[int, Field(gt=0)]
Fraction = Annotated[float, Field(ge=0, le=1)]


class ConfigError(ValueError):
    """A configuration file that cannot be used; names the file, the key and what was expected."""


class ClosedModel(BaseModel):
    """A frozen model that refuses keys it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class TextSource(ClosedModel):
    """One source of raw text.

    Attributes:
        name: the name of its cached ids.
        glob: files under the text folder, for instance ``hindawi_books_*.txt.xz``.
        repeat: how often a pass over all sources sees this one; a fraction takes a part of it.
        max_words: read no further than this many words.
    """

    name: str
    glob: str
    repeat: float = Field(default=1.0, gt=0)
    max_words: PositiveInt | None = None


class EncoderShape(ClosedModel):
    """The shape of a ModernBERT encoder trained from nothing.

    Attributes:
        layers: number of layers.
        hidden: width of the hidden state; divisible by ``heads``.
        intermediate: width inside the gated feed-forward part of a layer.
        heads: attention heads of a layer.
        max_positions: longest sequence that the encoder can ever read, in tokens.
    """

    layers: PositiveInt
    hidden: PositiveInt
    intermediate: PositiveInt
    heads: PositiveInt
    max_positions: PositiveInt = 512


class SkipGram(ClosedModel):
    """The skip-gram start of the embedding table.

    Attributes:
        epochs: passes over the ids of all sources.
        window: word pieces on either side that a piece predicts.
        negative: random pieces that each true neighbour is told apart from.
        min_count: a piece seen less often gets no vector and starts at random.
    """

    epochs: PositiveInt = 2
    window: PositiveInt = 5
    negative: PositiveInt = 5
    min_count: PositiveInt = 3


class PretrainConfig(ClosedModel):
    """Pre-training of an encoder by masked language modelling.

    Attributes:
        output: work folder: vocabulary, ids, checkpoints, and ``encoder/`` at the end.
        text_folder: where the sources' files are.
        sources: what is read.
        encoder: the shape of the encoder.
        skip_gram: how the embedding table gets its start; ``null`` leaves it random.
        vocabulary_size: entries of the WordPiece vocabulary.
        vocabulary_words: words of each source that the vocabulary is trained on.
        sequence_length: tokens a sequence, all positions used.
        batch_size: sequences a step.
        learning_rate: the peak; warmed up, held, then decayed to zero over the last ``decay`` part.
        weight_decay: AdamW's decay of weight matrices; biases and norms have none.
        warmup_steps: steps over which the rate rises.
        decay: last part of ``minutes`` over which the rate falls.
        mask_fraction: part of the tokens that is predicted, chosen by whole words.
        minutes: stop after this much training time over all runs, the decay included.
        checkpoint_minutes: time between checkpoints.
        threads: torch threads; ``null`` leaves torch's choice.
        bf16: compute in bfloat16; weights and optimizer stay in float32.
        compile: compile the step with torch.compile.
        held_out_sequences: sequences kept out of training for the evaluation.
        seed: of the weights, the order and the masks.
    """

    output: Path
    text_folder: Path
    sources: Annotated[tuple[TextSource, ...], Field(min_length=1)]
    encoder: EncoderShape
    skip_gram: SkipGram | None = SkipGram()
    vocabulary_size: Annotated[int, Field(ge=64, le=65_000)] = 24_000
    vocabulary_words: PositiveInt = 4_000_000
    sequence_length: PositiveInt = 128
    batch_size: PositiveInt = 12
    learning_rate: float = Field(default=1e-3, gt=0)
    weight_decay: float = Field(default=0.01, ge=0)
    warmup_steps: PositiveInt = 500
    decay: Fraction = 0.2
    mask_fraction: Fraction = 0.2
    minutes: float = Field(default=60, gt=0)
    checkpoint_minutes: float = Field(default=5, gt=0)
    threads: PositiveInt | None = None
    bf16: bool = True
    compile: bool = True
    held_out_sequences: PositiveInt = 256
    seed: int = 17


class DataSet(ClosedModel):
    """One annotated data set of a training recipe.

    Attributes:
        path: the file.
        format: ``jsonl`` (the reference form), ``conll``, or ``nested-conll`` (Wojood's: outermost tag first).
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
        encoder: a folder or a Hub name that ``AutoModelForTokenClassification`` loads.
        revision: branch, tag or commit of a Hub encoder.
        output: where checkpoints, the model and the report go.
        datasets: what is learnt from.
        development: annotated documents that choose the relations' thresholds; never trained on.
        epochs: passes over all data sets, each by its ``repeat``.
        batch_size: windows a step.
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
        max_steps: stop after so many steps, where the epochs have more; for smoke runs.
        quantize: also write the int8 graph.
        bf16: compute in bfloat16.
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
    max_steps: PositiveInt | None = None
    quantize: bool = True
    bf16: bool = False
    seed: int = 17

    @model_validator(mode="after")
    def _windows_make_sense(self) -> TrainConfig:
        if self.max_tokens < 8 or self.overlap >= self.max_tokens - 2:
            raise ValueError("'max_tokens' must be at least 8, and 'overlap' less than 'max_tokens' - 2")
        return self


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
    max_tokens: Annotated[int, Field(ge=8)] = 256
    bf16: bool = False
    seeds: Annotated[tuple[int, ...], Field(min_length=1)] = (17, 18, 19)


Config = TypeVar("Config", bound=BaseModel)


def load_config(path: Path | str, kind: type[Config]) -> Config:
    """Read a YAML file as ``kind``; relative paths in it are left as they are (to the working folder).

    Raises:
        ConfigError: the file cannot be read, is not YAML, or has a wrong key or value.
    """
    try:
        record: Any = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error
    except yaml.YAMLError as error:
        raise ConfigError(f"{path}: is not YAML: {error}") from error
    try:
        return kind.model_validate(record)
    except ValidationError as error:
        problems = "\n".join(f"  {_place(item['loc'])}: {item['msg']}" for item in error.errors())
        raise ConfigError(f"{path}:\n{problems}") from error


def _place(location: tuple[int | str, ...]) -> str:
    return ".".join(str(part) for part in location) or "the file"
