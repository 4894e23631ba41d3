"""The recipe of a distillation: a small student learns on raw text what a fine-tuned teacher says of it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field, model_validator

from khabar_training.config import ClosedModel, Fraction, PositiveInt
from khabar_training.pretrain_config import TextSource
from khabar_training.train_config import DataSet, NameList, TrainConfig

Weight = Annotated[float, Field(ge=0)]


class DistillConfig(ClosedModel):
    """Distillation of a fine-tuned teacher into a smaller student on raw text.

    Attributes:
        name: the student's name, for the manifest and the card.
        teacher: the ``checkpoint`` folder of a fine-tuning run.
        student: a folder or a Hub name of an encoder that ``AutoModelForTokenClassification`` loads; its
            tokenizer must be the teacher's, since the two are compared piece by piece.
        revision: branch, tag or commit of a Hub student.
        output: where checkpoints, the model and the report go.
        text_folder: where the sources' files are.
        sources: raw text: ``.txt``, or ``.jsonl`` with a ``text`` a line, each also as ``.xz``; ``repeat``
            says how much likelier than others a source's paragraphs are drawn.
        paragraphs: different paragraphs that are drawn from all sources.
        datasets: annotated text mixed in, each as often by its ``repeat`` as the paragraphs once.
        mention_replacement: probability that a name of an annotated document is exchanged for another one.
        name_lists: lists that a third of the new names come from, for labels that have one.
        spelling_noise: part of the annotated documents that get the spelling of a careless desk.
        development: annotated documents that choose thresholds and transitions; never trained on.
        temperature: what the logits of tags and proclitics are divided by, on both sides, before they are
            compared; above 1 the teacher's lesser answers count for more.
        tag_weight: weight of the tags, on every word of raw text.
        proclitic_weight: weight of the proclitics, where the teacher opens an entity and on annotated text.
        relation_weight: weight of the relations, whose probabilities are compared on the pairs of the
            teacher's entities, and on annotated text.
        gold_weight: weight of a window of annotated text beside one of raw text.
        steps: steps of the run; a resumed run may have more.
        batch_size: windows a step.
        learning_rate: peak rate of the student's encoder.
        head_learning_rate: peak rate of its heads.
        weight_decay: AdamW's decay of weight matrices; biases and norms have none.
        warmup: part of the steps over which the rates rise.
        dropout: dropout in the student's relation head.
        encoder_dropout: dropout in the student's encoder and before its tag layer.
        token_dropout: part of the word pieces hidden behind ``[MASK]``, from teacher and student alike.
        max_tokens: tokens of a window at most; 8 or more.
        overlap: pieces that two windows of one long sentence share; less than ``max_tokens`` - 2.
        evaluate_steps: steps between two evaluations on the development documents, each with a checkpoint.
        quantize: also write the int8 graph.
        bf16: compute in bfloat16.
        seed: of the fresh heads, the draw of paragraphs, the order and the changes made to documents.
    """

    name: str
    teacher: Path
    student: str
    revision: str | None = None
    output: Path
    text_folder: Path
    sources: Annotated[tuple[TextSource, ...], Field(min_length=1)]
    paragraphs: PositiveInt = 100_000
    datasets: tuple[DataSet, ...] = ()
    mention_replacement: Fraction = 0.0
    name_lists: tuple[NameList, ...] = ()
    spelling_noise: Fraction = 0.0
    development: Annotated[tuple[Path, ...], Field(min_length=1)]
    temperature: float = Field(default=2.0, gt=0)
    tag_weight: float = Field(default=1.0, gt=0)
    proclitic_weight: Weight = 0.3
    relation_weight: Weight = 1.0
    gold_weight: Weight = 1.0
    steps: PositiveInt = 10_000
    batch_size: PositiveInt = 16
    learning_rate: float = Field(default=5e-4, gt=0)
    head_learning_rate: float = Field(default=1e-3, gt=0)
    weight_decay: float = Field(default=0.01, ge=0)
    warmup: Fraction = 0.1
    dropout: Fraction = 0.1
    encoder_dropout: Fraction = 0.0
    token_dropout: Fraction = 0.05
    max_tokens: PositiveInt = 160
    overlap: PositiveInt = 48
    evaluate_steps: PositiveInt = 1_000
    quantize: bool = True
    bf16: bool = False
    seed: int = 17

    @model_validator(mode="after")
    def _windows_make_sense(self) -> DistillConfig:
        if self.max_tokens < 8 or self.overlap >= self.max_tokens - 2:
            raise ValueError("'max_tokens' must be at least 8, and 'overlap' less than 'max_tokens' - 2")
        return self

    def fine_tuning(self) -> TrainConfig | None:
        """The annotated part as a fine-tuning recipe says it; ``None`` without data sets."""
        if not self.datasets:
            return None
        return TrainConfig(
            name=self.name,
            encoder=self.student,
            revision=self.revision,
            output=self.output,
            datasets=self.datasets,
            development=self.development,
            mention_replacement=self.mention_replacement,
            name_lists=self.name_lists,
            spelling_noise=self.spelling_noise,
            max_tokens=self.max_tokens,
            overlap=self.overlap,
            seed=self.seed,
        )
