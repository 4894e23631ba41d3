"""The data sets of a recipe -> examples, with warnings for what no prediction could reach."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from torch.utils.data import Dataset

from khabar.document import Document
from khabar.tokenization import WordTokenizer
from khabar_data.conll import read_conll
from khabar_data.coverage import Coverage
from khabar_data.errors import DataError
from khabar_data.jsonl import read_jsonl
from khabar_data.validation import validate
from khabar_training.config import ConfigError, DataSet, TrainConfig
from khabar_training.features import Example, FeatureBuilder, build_examples
from khabar_training.spelling import careless

logger = logging.getLogger(__name__)


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


def read_data_set(data_set: DataSet) -> tuple[list[Document], Coverage, bool]:
    """Documents, what their labels mean, and whether they carry the whole schema."""
    if data_set.format == "conll":
        documents = read_conll(data_set.path)
    elif data_set.labels is None:
        return read_checked(data_set.path), Coverage.full(), True
    else:
        documents = read_jsonl(data_set.path)
    if data_set.labels is None or data_set.covers is None:
        return documents, Coverage.full(), True
    if data_set.skip is not None:
        skipped = set(json.loads(data_set.skip.read_text(encoding="utf-8")))
        documents = [document for number, document in enumerate(documents) if number not in skipped]
    coverage = Coverage(data_set.labels, frozenset(data_set.covers))
    unknown = {entity.label for document in documents for entity in document.entities} - set(data_set.labels)
    if unknown:
        raise ConfigError(f"{data_set.path}: the label map does not name {sorted(unknown)}")
    return documents, coverage, False


class MixedExamples(Dataset[Example]):
    """Examples of several data sets, each seen ``repeat`` times an epoch."""

    def __init__(self, parts: Sequence[tuple[list[Example], float]], seed: int) -> None:
        self._parts, self._seed = parts, seed
        self._rows: list[Example] = []
        self.set_epoch(0)

    def set_epoch(self, epoch: int) -> None:
        """Draw the fractional parts of ``repeat`` anew."""
        random = np.random.default_rng((self._seed, epoch))
        self._rows = []
        for examples, repeat in self._parts:
            whole, fraction = divmod(repeat, 1)
            self._rows.extend(examples * int(whole))
            chosen = random.permutation(len(examples))[: round(fraction * len(examples))]
            self._rows.extend(examples[i] for i in chosen)

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, index: int) -> Example:
        return self._rows[index]

    def lengths(self) -> list[int]:
        """Tokens of each example of the epoch, for batches of like lengths."""
        return [len(example.input_ids) for example in self._rows]


def load_examples(config: TrainConfig, tokenizer: WordTokenizer) -> MixedExamples:
    """All data sets of a recipe as examples; logs counts, and warns of unreachable gold."""
    parts = []
    random = np.random.default_rng(config.seed)
    for data_set in config.datasets:
        documents, coverage, complete = read_data_set(data_set)
        builder = FeatureBuilder(tokenizer, config.max_tokens, config.overlap)
        documents = [
            careless(document, random) if random.random() < config.spelling_noise else document
            for document in documents
        ]
        examples = build_examples(documents, coverage, builder, complete=complete)
        logger.info("%s: %d documents, %d windows", data_set.path, len(documents), len(examples))
        for cause, count in sorted(builder.unreachable.counts.items()):
            logger.warning("%s: %d x %s: no prediction can equal it", data_set.path, count, cause)
        parts.append((examples, data_set.repeat))
    return MixedExamples(parts, config.seed)
