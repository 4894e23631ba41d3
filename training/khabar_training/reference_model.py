"""A randomly initialised token classifier of CAMeLBERT's shape: what its speed is, without its weights."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import torch
from transformers import AutoTokenizer, BertConfig, BertForTokenClassification

from khabar.tagging import TAGS

#: CAMeLBERT-MSA (Inoue et al. 2021): BERT base with a vocabulary of 30,000.
_VOCABULARY: Final = 30_000


def camelbert_shape(tokenizer: Path, folder: Path) -> Path:
    """Save the model, once; the tokenizer of another checkpoint serves, so that pieces a word are equal."""
    if not (folder / "config.json").exists():
        torch.manual_seed(0)
        config = BertConfig(vocab_size=_VOCABULARY, id2label=dict(enumerate(TAGS)))
        config.label2id = {tag: index for index, tag in enumerate(TAGS)}
        AutoTokenizer.from_pretrained(tokenizer).save_pretrained(folder)
        BertForTokenClassification(config).save_pretrained(folder)
    return folder
