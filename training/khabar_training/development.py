"""Tag and score the development documents with the model under training, through the runtime's own Tagger."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

from accelerate.utils import broadcast_object_list
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from khabar.bundle import DecodingOptions
from khabar.document import Document
from khabar.modeling import JointModel
from khabar.pipeline import Pipeline
from khabar.schema import RELATION_LABELS
from khabar.tagger import Tagger
from khabar.tokenization import WordTokenizer
from khabar_data.metrics import evaluate
from khabar_training.torch_session import TorchSession
from khabar_training.transitions import fit_transitions, tagged_sentences

logger = logging.getLogger(__name__)


class WindowSizes(Protocol):
    """A recipe that says how text is cut into windows."""

    @property
    def max_tokens(self) -> int:
        """Tokens of a window at most."""

    @property
    def overlap(self) -> int:
        """Pieces that two windows of one long sentence share."""


class _Scores(TrainerCallback):  # type: ignore[misc]
    """Tags the development documents now and then and keeps the scores."""

    def __init__(
        self,
        sizes: WindowSizes,
        model: JointModel,
        tokenizer: WordTokenizer,
        gold: Sequence[Document],
        every: int,
    ) -> None:
        self._read = (sizes, model, tokenizer, gold)
        self._every = every

    def _score(self, state: TrainerState, place: dict[str, float]) -> None:
        row = development_row(*self._read) if state.is_world_process_zero else {}
        # One process reads the documents; all of them know the scores, and decide by them alike.
        row = {**place, **broadcast_object_list([row])[0]}
        # Trainer keeps its log in the checkpoint, so that a resumed run still knows its past.
        state.log_history.append({"development": row})
        logger.info("epoch %(epoch)g: NER %(ner_strict).2f, Rel+ %(rel_plus).2f at threshold 0.5", row)


class EpochScores(_Scores):
    """Scores after every so many epochs."""

    def on_epoch_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Score where it is time."""
        epoch = round(state.epoch)
        if epoch % self._every == 0:
            self._score(state, {"epoch": epoch})


class StepScores(_Scores):
    """Scores after every so many steps."""

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Score where it is time."""
        if state.global_step % self._every == 0:
            self._score(state, {"epoch": round(state.epoch, 3), "step": state.global_step})


def development_rows(state: TrainerState) -> list[dict[str, float]]:
    """The scores that a run has kept so far, in order."""
    return [row["development"] for row in state.log_history if "development" in row]


def development_row(
    sizes: WindowSizes, model: JointModel, tokenizer: WordTokenizer, gold: Sequence[Document]
) -> dict[str, float]:
    """Micro F1 in percent, of strict NER and of Rel+ at threshold 0.5, by the name the report gives them."""
    options = decoding_options(sizes, dict.fromkeys(RELATION_LABELS, 0.5))
    scores = evaluate(gold, tag(model, tokenizer, options, gold))
    return {
        "ner_strict": round(100 * scores.entities.micro().f1, 2),
        "rel_plus": round(100 * scores.relations_strict.micro().f1, 2),
    }


def decoding_options(config: WindowSizes, thresholds: dict[str, float]) -> DecodingOptions:
    """Window sizes of the recipe with the given thresholds."""
    return DecodingOptions(config.max_tokens, config.overlap, thresholds)


def tag(
    model: JointModel, tokenizer: WordTokenizer, options: DecodingOptions, documents: Sequence[Document]
) -> list[Document]:
    """Tag the texts of ``documents`` with a torch model, by the runtime's own path."""
    with _at_rest(model):
        tagger = Tagger(tokenizer, TorchSession(model), options)
        return [tagger.predict(document.text, id=document.id) for document in documents]


def choose_transitions(
    model: JointModel, tokenizer: WordTokenizer, options: DecodingOptions, documents: Sequence[Document]
) -> dict[str, float]:
    """The transitions between tags that suit a torch model on annotated documents."""
    with _at_rest(model):
        return fit_transitions(tagged_sentences(Pipeline(tokenizer, TorchSession(model), options), documents))


@contextmanager
def _at_rest(model: JointModel) -> Iterator[None]:
    """Without dropout, until the model goes on as it was."""
    training = model.training
    model.eval()
    try:
        yield
    finally:
        model.train(training)
