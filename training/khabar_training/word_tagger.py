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
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import torch
from seqeval.metrics import f1_score
from seqeval.scheme import IOB2
from tokenizers import Tokenizer
from transformers import (
    AutoConfig,
    AutoModelForTokenClassification,
    AutoTokenizer,
    PreTrainedModel,
    set_seed,
)

from khabar.document import Document
from khabar.modeling import DROPOUTS
from khabar.tag_path import best_path
from khabar.tagging import OUTSIDE
from khabar.tokenization import WordTokenizer
from khabar_data.conll import read_conll
from khabar_data.errors import DataError
from khabar_data.files import written_whole
from khabar_training.config import ConfigError, load_config
from khabar_training.grouped_trainer import Epochs, GroupedTrainer, trainer_arguments
from khabar_training.word_sentences import Sentence, SentenceCollator, TrainingSentences, to_sentences
from khabar_training.word_tagger_config import WordTaggingConfig

logger = logging.getLogger(__name__)


def train_tagger(
    config: WordTaggingConfig,
    documents: Sequence[Document],
    tokenizer: WordTokenizer,
    tags: Sequence[str],
    collator: SentenceCollator,
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
    arguments = trainer_arguments(
        config,
        config.output.with_suffix(""),
        seed,
        steps=config.epochs * len(documents) // config.batch_size,
        num_train_epochs=config.epochs,
        learning_rate=config.learning_rate,
        weight_decay=config.weight_decay,
        save_strategy="no",
        report_to=[],
    )
    data = TrainingSentences(
        documents,
        tokenizer,
        config.max_tokens,
        mention_replacement=config.mention_replacement,
        spelling_noise=config.spelling_noise,
        seed=seed,
    )
    GroupedTrainer(
        model=model, args=arguments, train_dataset=data, data_collator=collator, callbacks=[Epochs(data)]
    ).train()
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
            found.append([tags[index] for index in best_path(words, tags=tags)])
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
    train = read_conll(config.train)
    files = {name: read_conll(path) for name, path in config.tests.items()}
    if config.held_out:
        cut = round((1 - config.held_out) * len(train))
        train, files = train[:cut], {"held out of the training file": train[cut:]}
    tests = {name: to_sentences(texts, tokenizer, config.max_tokens) for name, texts in files.items()}
    labels = sorted({entity.label for document in train for entity in document.entities})
    tags = (OUTSIDE, *(f"{prefix}-{label}" for label in labels for prefix in "BI"))
    collator = SentenceCollator(tags, fast.pad_token_id, fast.mask_token_id, config.token_dropout)
    seeds = []
    for seed in config.seeds:
        model = train_tagger(config, train, tokenizer, tags, collator, seed)
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
