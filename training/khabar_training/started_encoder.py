"""An encoder that goes on learning by masked language modelling: domain adaptation of a checkpoint."""

from __future__ import annotations

from pathlib import Path

import torch
from tokenizers import Tokenizer
from tokenizers.models import WordPiece
from torch import Tensor
from transformers import AutoModelForMaskedLM, ModernBertForMaskedLM, PreTrainedModel

from khabar_training.config import ConfigError
from khabar_training.vocabulary import SPECIAL_TOKENS

#: Token ids are kept in 16 bits.
_MOST_ENTRIES = 65_536


def load_vocabulary(folder: Path) -> Tokenizer:
    """The tokenizer of an encoder's folder.

    Raises:
        ConfigError: there is none, or its ids are not those that masking and packing count on.
    """
    path = folder / "tokenizer.json"
    if not path.is_file():
        raise ConfigError(
            f"start_from: {path}: no such file; name the folder of an encoder and its tokenizer"
        )
    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as error:  # the tokenizers library raises bare Exception
        raise ConfigError(f"start_from: {path}: is no tokenizer: {error}") from error
    ids = [tokenizer.token_to_id(token) for token in SPECIAL_TOKENS]
    if not isinstance(tokenizer.model, WordPiece) or ids != list(range(len(SPECIAL_TOKENS))):
        names = ", ".join(SPECIAL_TOKENS)
        raise ConfigError(f"start_from: {path}: expected a WordPiece vocabulary that begins with {names}")
    if tokenizer.get_vocab_size() > _MOST_ENTRIES:
        raise ConfigError(f"start_from: {path}: more than {_MOST_ENTRIES} entries")
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def load_encoder(folder: Path, tokenizer: Tokenizer, sequence_length: int) -> PreTrainedModel:
    """The encoder with its masked language modelling head, a fresh head where the folder has none.

    Raises:
        ConfigError: it cannot be loaded, or does not fit the vocabulary or the sequences.
    """
    try:
        model = AutoModelForMaskedLM.from_pretrained(folder, dtype=torch.float32)
    except (OSError, ValueError) as error:
        raise ConfigError(f"start_from: {folder}: is no encoder: {error}") from error
    longest = model.config.max_position_embeddings
    if sequence_length > longest:
        raise ConfigError(f"sequence_length: {folder} reads no more than {longest} tokens")
    if tokenizer.get_vocab_size() > model.config.vocab_size:
        raise ConfigError(f"start_from: {folder}: the tokenizer has more entries than the encoder")
    # from_pretrained switches dropout off.
    return model.train()


def masked_logits(model: PreTrainedModel, ids: Tensor, positions: Tensor) -> Tensor:
    """Vocabulary logits ``[n, V]`` at flat ``positions [n]`` of ``ids [B, T]``.

    Only they reach the projection where the model's parts are known; any other model projects all.
    """
    if isinstance(model, ModernBertForMaskedLM):
        hidden = model.model(input_ids=ids).last_hidden_state
        logits: Tensor = model.decoder(model.head(hidden.reshape(-1, hidden.shape[-1])[positions]))
        return logits
    logits = model(input_ids=ids).logits
    return logits.reshape(-1, logits.shape[-1])[positions]
