"""Tag and score the development documents with the model under training, through the runtime's own Tagger."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from khabar.bundle import DecodingOptions
from khabar.document import Document
from khabar.modeling import JointModel
from khabar.schema import RELATION_LABELS
from khabar.tagger import Tagger
from khabar.tokenization import WordTokenizer
from khabar_data.metrics import evaluate
from khabar_training.config import TrainConfig
from khabar_training.torch_session import TorchSession

logger = logging.getLogger(__name__)


class DevelopmentScores(TrainerCallback):  # type: ignore[misc]
    """Tags the development documents after an epoch and keeps the scores."""

    def __init__(
        self, config: TrainConfig, model: JointModel, tokenizer: WordTokenizer, gold: list[Document]
    ) -> None:
        self._config, self._model, self._tokenizer, self._gold = config, model, tokenizer, gold

    def on_epoch_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Score every ``evaluate_epochs`` epochs."""
        epoch = round(state.epoch)
        if epoch % self._config.evaluate_epochs or not state.is_world_process_zero:
            return
        options = decoding_options(self._config, dict.fromkeys(RELATION_LABELS, 0.5))
        scores = evaluate(self._gold, tag(self._model, self._tokenizer, options, self._gold))
        row = {
            "epoch": epoch,
            "ner_strict": round(100 * scores.entities.micro().f1, 2),
            "rel_plus": round(100 * scores.relations_strict.micro().f1, 2),
        }
        # Trainer keeps its log in the checkpoint, so that a resumed run still knows its past.
        state.log_history.append({"development": row})
        logger.info("epoch %(epoch)d: NER %(ner_strict).2f, Rel+ %(rel_plus).2f at threshold 0.5", row)


def decoding_options(config: TrainConfig, thresholds: dict[str, float]) -> DecodingOptions:
    """Window sizes of the recipe with the given thresholds."""
    return DecodingOptions(config.max_tokens, config.overlap, thresholds)


def tag(
    model: JointModel, tokenizer: WordTokenizer, options: DecodingOptions, documents: Sequence[Document]
) -> list[Document]:
    """Tag the texts of ``documents`` with a torch model, by the runtime's own path."""
    training = model.training
    model.eval()
    tagger = Tagger(tokenizer, TorchSession(model), options)
    found = [tagger.predict(document.text, id=document.id) for document in documents]
    model.train(training)
    return found
