"""The recipe of a pre-training run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field, model_validator

from khabar_training.config import ClosedModel, Fraction, PositiveInt


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
        start_from: folder of an encoder that goes on learning, with its tokenizer, in place of a fresh one;
            ``encoder``, ``skip_gram`` and the keys of the vocabulary are then left out.
        text_folder: where the sources' files are.
        sources: what is read.
        encoder: the shape of a fresh encoder.
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
    start_from: Path | None = None
    encoder: EncoderShape | None = None
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

    @model_validator(mode="after")
    def _fresh_or_not(self) -> PretrainConfig:
        if self.start_from is None:
            if self.encoder is None:
                raise ValueError("give 'encoder', the shape of a fresh one, or 'start_from'")
            return self
        names = ("encoder", "skip_gram", "vocabulary_size", "vocabulary_words")
        fields = type(self).model_fields
        if given := [name for name in names if getattr(self, name) != fields[name].default]:
            raise ValueError(f"'start_from' brings its own encoder and vocabulary: leave out {given}")
        return self
