"""The data sets of a recipe -> examples, with warnings for what no prediction could reach."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from torch.utils.data import Dataset

from khabar.document import Document
from khabar.tokenization import WordTokenizer
from khabar_data.conll import read_conll, read_nested_conll
from khabar_data.coverage import Coverage
from khabar_data.errors import DataError
from khabar_data.jsonl import read_jsonl
from khabar_data.validation import validate
from khabar_training.config import ConfigError
from khabar_training.features import Example, FeatureBuilder, build_examples
from khabar_training.hidden_pieces import HiddenPieces
from khabar_training.mentions import mention_pool, replace_mentions
from khabar_training.spelling import careless
from khabar_training.train_config import DataSet, TrainConfig

logger = logging.getLogger(__name__)

_READERS = {"jsonl": read_jsonl, "conll": read_conll, "nested-conll": read_nested_conll}


def read_checked(path: Path) -> list[Document]:
    """Read documents that carry the whole schema, and refuse them where they break it.

    Raises:
        DataError: a line is malformed or breaks the schema; training must not start on it.
    """
    documents = read_jsonl(path)
    issues = validate(documents)
    if issues:
        shown = "\n".join(f"  {issue}" for issue in issues[:20])
        raise DataError(path, None, f"{len(issues)} issues, the first of them:\n{shown}")
    return documents


@dataclass(frozen=True, slots=True)
class AnnotatedSet:
    """One data set: its documents, what their labels mean, and how often an epoch sees them.

    ``complete`` says that the documents carry the whole schema, relations and proclitics included.
    """

    documents: list[Document]
    coverage: Coverage
    complete: bool
    repeat: float


def read_data_set(data_set: DataSet) -> AnnotatedSet:
    """Read and check one data set of a recipe.

    Raises:
        DataError: a file is malformed.
        ConfigError: the label map does not fit the file.
    """
    if data_set.labels is None or data_set.covers is None:
        documents = read_checked(data_set.path)
        return AnnotatedSet(documents, Coverage.full(), True, data_set.repeat)
    documents = _READERS[data_set.format](data_set.path)
    if data_set.skip is not None:
        skipped = _skipped(data_set.skip)
        documents = [document for number, document in enumerate(documents) if number not in skipped]
    try:
        coverage = Coverage(data_set.labels, frozenset(data_set.covers))
    except ValueError as error:
        raise ConfigError(f"{data_set.path}: in 'labels' or 'covers': {error}") from error
    unknown = {entity.label for document in documents for entity in document.entities} - set(data_set.labels)
    if unknown:
        raise ConfigError(f"{data_set.path}: the label map does not name {sorted(unknown)}")
    return AnnotatedSet(documents, coverage, False, data_set.repeat)


def _skipped(path: Path) -> set[int]:
    try:
        return set(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise ConfigError(f"{path}: expected a JSON list of sentence numbers: {error}") from error


class MixedExamples(Dataset[Example]):
    """The windows of all data sets, drawn, misspelt and renamed anew each epoch.

    The number of examples stays that of the first epoch, so that a run has a fixed number of steps.
    With ``hidden`` some of their pieces are hidden too; else that is left to the collator.
    """

    def __init__(
        self,
        sets: Sequence[AnnotatedSet],
        tokenizer: WordTokenizer,
        config: TrainConfig,
        hidden: HiddenPieces | None = None,
    ) -> None:
        self._sets, self._tokenizer, self._config = sets, tokenizer, config
        self._hidden = hidden
        documents = (document for part in sets if part.complete for document in part.documents)
        self._pool = mention_pool(documents, config.name_lists)
        self._examples = self._built(0)
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Draw and change the documents anew; the same for the same epoch."""
        if epoch == self.epoch:
            return
        examples = self._built(epoch)
        size = len(self._examples)
        # A renamed article may need a window more or less.
        self._examples = [*examples, *examples[: max(0, size - len(examples))]][:size]
        self.epoch = epoch

    def __len__(self) -> int:
        return len(self._examples)

    def __getitem__(self, index: int) -> Example:
        example = self._examples[index]
        return example if self._hidden is None else self._hidden.hide(example, self.epoch, index)

    def lengths(self) -> list[int]:
        """Tokens of each example of the epoch, for batches of like lengths."""
        return [len(example.input_ids) for example in self._examples]

    def _built(self, epoch: int) -> list[Example]:
        random = np.random.default_rng((self._config.seed, epoch))
        builder = FeatureBuilder(self._tokenizer, self._config.max_tokens, self._config.overlap)
        examples: list[Example] = []
        for part in self._sets:
            documents = [self._changed(document, part, random) for document in _drawn(part, random)]
            examples += build_examples(documents, part.coverage, builder, complete=part.complete)
        return [examples[i] for i in random.permutation(len(examples))]

    def _changed(self, document: Document, part: AnnotatedSet, random: np.random.Generator) -> Document:
        if random.random() < self._config.spelling_noise:
            document = careless(document, random)
        if part.complete and self._config.mention_replacement:
            document = replace_mentions(document, self._pool, self._config.mention_replacement, random)
        return document


def _drawn(part: AnnotatedSet, random: np.random.Generator) -> list[Document]:
    """The documents of a part, ``repeat`` times; a fraction takes other ones each epoch."""
    whole, fraction = divmod(part.repeat, 1)
    chosen = random.permutation(len(part.documents))[: round(fraction * len(part.documents))]
    return part.documents * int(whole) + [part.documents[i] for i in chosen]


def load_examples(
    config: TrainConfig, tokenizer: WordTokenizer, hidden: HiddenPieces | None = None
) -> MixedExamples:
    """All data sets of a recipe as examples; logs counts, and warns of unreachable gold."""
    sets = []
    for data_set in config.datasets:
        part = read_data_set(data_set)
        builder = FeatureBuilder(tokenizer, config.max_tokens, config.overlap)
        windows = build_examples(part.documents, part.coverage, builder, complete=part.complete)
        logger.info("%s: %d documents, %d windows", data_set.path, len(part.documents), len(windows))
        for cause, count in sorted(builder.unreachable.counts.items()):
            logger.warning("%s: %d x %s: no prediction can equal it", data_set.path, count, cause)
        sets.append(part)
    return MixedExamples(sets, tokenizer, config, hidden)
