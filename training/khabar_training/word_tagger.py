"""A plain word tagger on one CoNLL set with its own labels: ``python -m khabar_training.word_tagger CONFIG``.

The like-for-like comparison with published figures: the same encoder, the benchmark's own labels, its own
training file alone, several seeds, seqeval in strict IOB2 and in its lenient default. Where
``held_out`` is set, that last part of the training file is scored in place of the tests: settings are
chosen there, and the test files are read once they are.

    CoNLL -> words and tags -> stock token classifier, one run a seed -> report
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, stdev
from typing import Any, Final

import torch
from seqeval.metrics import f1_score
from seqeval.scheme import IOB2
from tokenizers import Tokenizer
from torch import Tensor
from transformers import (
    AutoConfig,
    AutoModelForTokenClassification,
    AutoTokenizer,
    PreTrainedModel,
    Trainer,
    TrainingArguments,
    set_seed,
)

from khabar.document import Document
from khabar.modeling import DROPOUTS
from khabar.tagging import OUTSIDE, best_tags
from khabar.tokenization import WordTokenizer
from khabar_data.conll import read_conll
from khabar_data.errors import DataError
from khabar_data.files import written_whole
from khabar_training.config import ConfigError, load_config
from khabar_training.word_tagger_config import WordTaggingConfig

logger = logging.getLogger(__name__)

#: What cross-entropy passes over: the pieces of a word behind its first, and padding.
_IGNORED: Final = -100


@dataclass(frozen=True, slots=True)
class Sentence:
    """Words of one sentence, or of a part of a long one.

    Attributes:
        ids: pieces with ``[CLS]`` and ``[SEP]``.
        first: index in ``ids`` of each word's first piece.
        tags: the gold IOB2 tag of each word.
    """

    ids: list[int]
    first: list[int]
    tags: list[str]


def read_sentences(path: Path, tokenizer: WordTokenizer, max_tokens: int) -> list[Sentence]:
    """The sentences of a CoNLL file; one longer than ``max_tokens`` becomes several.

    A token of the file that the tokenizer would split («القاهرة.») stays one word.
    """
    return [part for document in read_conll(path) for part in _sentences(document, tokenizer, max_tokens)]


def _sentences(document: Document, tokenizer: WordTokenizer, max_tokens: int) -> list[Sentence]:
    tags = _word_tags(document)
    sentences = [_empty(tokenizer)]
    for word, tag in zip(document.text.split(" "), tags, strict=True):
        pieces = tokenizer.words(word, 0, len(word)).ids.tolist() or [tokenizer.unk_id]
        pieces = pieces[: max_tokens - 2]
        if len(sentences[-1].ids) + len(pieces) + 1 > max_tokens:
            sentences.append(_empty(tokenizer))
        part = sentences[-1]
        part.first.append(len(part.ids))
        part.ids.extend(pieces)
        part.tags.append(tag)
    for part in sentences:
        part.ids.append(tokenizer.sep_id)
    return sentences


def _empty(tokenizer: WordTokenizer) -> Sentence:
    return Sentence([tokenizer.cls_id], [], [])


def _word_tags(document: Document) -> list[str]:
    opened = {entity.start: f"B-{entity.label}" for entity in document.entities}
    inside = {
        position: f"I-{entity.label}"
        for entity in document.entities
        for position in range(entity.start + 1, entity.end)
    }
    tags, position = [], 0
    for word in document.text.split(" "):
        tags.append(opened.get(position) or inside.get(position, OUTSIDE))
        position += len(word) + 1
    return tags


class _Collator:
    """Pads a batch and hides some pieces behind ``[MASK]``."""

    def __init__(self, tags: Sequence[str], pad_id: int, mask_id: int, token_dropout: float) -> None:
        self._index = {tag: index for index, tag in enumerate(tags)}
        self._pad_id, self._mask_id, self._token_dropout = pad_id, mask_id, token_dropout

    def __call__(self, batch: Sequence[dict[str, Any]]) -> dict[str, Tensor]:
        sentences = [row["sentence"] for row in batch]
        size = (len(sentences), max(len(sentence.ids) for sentence in sentences))
        ids, labels = torch.full(size, self._pad_id), torch.full(size, _IGNORED)
        for row, sentence in enumerate(sentences):
            ids[row, : len(sentence.ids)] = torch.tensor(sentence.ids)
            labels[row, sentence.first] = torch.tensor([self._index[tag] for tag in sentence.tags])
        attention = (ids != self._pad_id).long()
        hidden = (torch.rand(size) < self._token_dropout) & (attention == 1)
        hidden[:, 0] = False
        return {
            "input_ids": ids.masked_fill(hidden, self._mask_id),
            "attention_mask": attention,
            "labels": labels,
        }


def train_tagger(
    config: WordTaggingConfig,
    sentences: Sequence[Sentence],
    tags: Sequence[str],
    collator: _Collator,
    seed: int,
) -> PreTrainedModel:
    """Fine-tune a fresh copy of the encoder."""
    set_seed(seed)
    settings = AutoConfig.from_pretrained(config.encoder, num_labels=len(tags))
    for name in DROPOUTS:
        if hasattr(settings, name):
            setattr(settings, name, config.dropout)
    model = AutoModelForTokenClassification.from_pretrained(
        config.encoder, config=settings, dtype=torch.float32, ignore_mismatched_sizes=True
    )
    arguments = TrainingArguments(
        output_dir=str(config.output.with_suffix("")),
        num_train_epochs=config.epochs,
        per_device_train_batch_size=config.batch_size,
        learning_rate=config.learning_rate,
        weight_decay=config.weight_decay,
        warmup_steps=config.warmup,
        lr_scheduler_type="linear",
        train_sampling_strategy="group_by_length",
        bf16=config.bf16,
        seed=seed,
        save_strategy="no",
        logging_steps=200,
        report_to=[],
        remove_unused_columns=False,
        disable_tqdm=not sys.stderr.isatty(),
        use_cpu=not torch.cuda.is_available(),
    )
    # The sampler of like lengths looks for "input_ids".
    rows = [{"sentence": sentence, "input_ids": sentence.ids} for sentence in sentences]
    Trainer(model=model, args=arguments, train_dataset=rows, data_collator=collator).train()
    return model.eval()


def tag_sentences(
    model: PreTrainedModel, sentences: Sequence[Sentence], tags: tuple[str, ...]
) -> list[list[str]]:
    """The best valid tags of each sentence, one window a call."""
    found = []
    with torch.inference_mode():
        for sentence in sentences:
            logits = model(input_ids=torch.tensor([sentence.ids], device=model.device)).logits[0]
            words = logits[sentence.first].float().cpu().numpy()
            found.append([tags[index] for index in best_tags(words, tags)])
    return found


def score(gold: Sequence[Sentence], found: Sequence[Sequence[str]]) -> dict[str, float]:
    """Micro F1 in percent by seqeval, strict IOB2 and lenient."""
    wanted = [sentence.tags for sentence in gold]
    return {
        "strict_iob2": round(100 * float(f1_score(wanted, found, mode="strict", scheme=IOB2)), 2),
        "lenient": round(100 * float(f1_score(wanted, found)), 2),
    }


def run(config: WordTaggingConfig) -> dict[str, Any]:
    """Train and score every seed of a recipe.

    Returns:
        The report: scores of each seed, and mean and standard deviation over the seeds.

    Raises:
        ConfigError: the encoder has no fast tokenizer with a mask token.
        DataError: a CoNLL file is malformed.
    """
    fast = AutoTokenizer.from_pretrained(config.encoder)
    if not fast.is_fast or fast.mask_token_id is None:
        raise ConfigError(f"{config.encoder}: needs a fast tokenizer with a mask token")
    tokenizer = WordTokenizer(Tokenizer.from_str(fast.backend_tokenizer.to_str()))
    train = read_sentences(config.train, tokenizer, config.max_tokens)
    tests = {name: read_sentences(path, tokenizer, config.max_tokens) for name, path in config.tests.items()}
    if config.held_out:
        cut = round((1 - config.held_out) * len(train))
        train, tests = train[:cut], {"held out of the training file": train[cut:]}
    labels = sorted({tag[2:] for sentence in train for tag in sentence.tags if tag != OUTSIDE})
    tags = (OUTSIDE, *(f"{prefix}-{label}" for label in labels for prefix in "BI"))
    collator = _Collator(tags, fast.pad_token_id, fast.mask_token_id, config.token_dropout)
    seeds = []
    for seed in config.seeds:
        model = train_tagger(config, train, tags, collator, seed)
        scores = {name: score(gold, tag_sentences(model, gold, tags)) for name, gold in tests.items()}
        logger.info("seed %d: %s", seed, scores)
        seeds.append({"seed": seed, **scores})
    return {
        "config": json.loads(config.model_dump_json()),
        "labels": labels,
        "seeds": seeds,
        "mean": {name: _over_seeds(seeds, name) for name in tests},
    }


def _over_seeds(seeds: Sequence[dict[str, Any]], name: str) -> dict[str, dict[str, float]]:
    columns = {mode: [row[name][mode] for row in seeds] for mode in ("strict_iob2", "lenient")}
    return {
        mode: {
            "mean": round(mean(values), 2),
            "deviation": round(stdev(values), 2) if len(values) > 1 else 0.0,
        }
        for mode, values in columns.items()
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a recipe and write its report."""
    parser = argparse.ArgumentParser(prog="python -m khabar_training.word_tagger", description=__doc__)
    parser.add_argument("config", type=Path)
    path: Path = parser.parse_args(arguments).config
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    try:
        config = load_config(path, WordTaggingConfig)
        report = run(config)
    except (ConfigError, DataError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    with written_whole(config.output) as target:
        target.write(json.dumps(report, indent=2, ensure_ascii=False) + "\n")
    logger.info("wrote %s: %s", config.output, report["mean"])
    return 0


if __name__ == "__main__":
    sys.exit(main())
