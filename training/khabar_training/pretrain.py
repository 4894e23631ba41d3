"""Pre-train a compact encoder from nothing: ``python -m khabar_training.pretrain configs/encoder-….yaml``.

    raw text -> vocabulary -> ids -> skip-gram vectors -> masked language modelling -> encoder/

A recipe with ``start_from`` adapts an encoder that is there already: its vocabulary is taken over, and
there are no vectors to train.
Every stage leaves its product in the output folder and is skipped when it is there; the last one
resumes from its checkpoint at the exact batch. The loop is our own and not transformers.Trainer's
because only masked positions reach the vocabulary projection, the step has one shape (compiled), and
the schedule is bounded by time: warm-up, hold, decay (docs/decisions.md).
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor
from transformers import ModernBertConfig, ModernBertForMaskedLM, PreTrainedModel, PreTrainedTokenizerFast

from khabar_data.errors import DataError
from khabar_training.config import ConfigError, load_config
from khabar_training.masking import WholeWordMasker
from khabar_training.pretrain_config import PretrainConfig
from khabar_training.raw_text import iter_paragraphs, load_or_encode
from khabar_training.run_folder import claim_folder
from khabar_training.sequences import PackedSequences
from khabar_training.skipgram import train_skip_gram, write_id_lines
from khabar_training.started_encoder import load_encoder, load_vocabulary, masked_logits
from khabar_training.vocabulary import CLS_ID, PAD_ID, SEP_ID, train_vocabulary

logger = logging.getLogger(__name__)

_LOG_STEPS = 200
#: Seconds of a step that count at most.
_LONGEST_STEP = 10.0
#: What may change between two parts of one run.
_SCHEDULE = {"minutes", "decay", "learning_rate", "checkpoint_minutes", "threads", "compile"}
Step = Callable[[Tensor, Tensor, Tensor], Tensor]


def prepare_vocabulary(config: PretrainConfig) -> Tokenizer:
    """The tokenizer of the run, trained on the first call; that of ``start_from`` where there is one."""
    if config.start_from is not None:
        return load_vocabulary(config.start_from)
    path = config.output / "tokenizer.json"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        logger.info("training a vocabulary of %d entries", config.vocabulary_size)
        unfinished = path.with_suffix(".unfinished")
        train_vocabulary(_vocabulary_texts(config), config.vocabulary_size).save(str(unfinished))
        unfinished.replace(path)
    return Tokenizer.from_file(str(path))


def _vocabulary_texts(config: PretrainConfig) -> Iterator[str]:
    for source in config.sources:
        words = 0
        for paragraph in iter_paragraphs(source, config.text_folder):
            yield paragraph
            words += len(paragraph.split())
            if words >= config.vocabulary_words * min(source.repeat, 1):
                break


def prepare_sequences(config: PretrainConfig, tokenizer: Tokenizer) -> PackedSequences:
    """The training sequences of the run, tokenised on the first call."""
    cache = config.output / "ids"
    arrays = [load_or_encode(source, config.text_folder, tokenizer, cache) for source in config.sources]
    for source, ids in zip(config.sources, arrays, strict=True):
        logger.info("%s: %.1f M tokens x %.2f", source.name, len(ids) / 1e6, source.repeat)
    repeats = [source.repeat for source in config.sources]
    return PackedSequences(arrays, repeats, config.sequence_length, config.held_out_sequences, config.seed)


def prepare_vectors(config: PretrainConfig, tokenizer: Tokenizer) -> Tensor | None:
    """The skip-gram start ``[vocabulary, hidden]``, trained on the first call; ``None`` if not wanted."""
    if config.skip_gram is None or config.encoder is None:
        return None
    path = config.output / "skip_gram.npy"
    if not path.exists():
        cache = config.output / "ids"
        arrays = [load_or_encode(source, config.text_folder, tokenizer, cache) for source in config.sources]
        lines = config.output / "id_lines.txt"
        write_id_lines(arrays, lines)
        started = time.monotonic()
        vectors = train_skip_gram(
            lines, tokenizer.get_vocab_size(), config.encoder.hidden, config.skip_gram, config.seed
        )
        logger.info("skip-gram vectors in %.0f s", time.monotonic() - started)
        unfinished = path.with_suffix(".unfinished.npy")
        np.save(unfinished, vectors)
        unfinished.replace(path)
        lines.unlink()
    return torch.from_numpy(np.load(path))


def begin_encoder(config: PretrainConfig, tokenizer: Tokenizer) -> PreTrainedModel:
    """The encoder before the first step: a checkpoint's, or a fresh one with the vectors of this run."""
    if config.start_from is not None:
        torch.manual_seed(config.seed)
        return load_encoder(config.start_from, tokenizer, config.sequence_length)
    return build_encoder(config, tokenizer.get_vocab_size(), prepare_vectors(config, tokenizer))


def build_encoder(
    config: PretrainConfig, vocabulary_size: int, vectors: Tensor | None
) -> ModernBertForMaskedLM:
    """A fresh ModernBERT (Warner et al. 2024) with global attention in every layer."""
    shape = config.encoder
    assert shape is not None, "a recipe without 'start_from' has one"
    torch.manual_seed(config.seed)
    model = ModernBertForMaskedLM(
        ModernBertConfig(
            vocab_size=vocabulary_size,
            hidden_size=shape.hidden,
            intermediate_size=shape.intermediate,
            num_hidden_layers=shape.layers,
            num_attention_heads=shape.heads,
            max_position_embeddings=shape.max_positions,
            global_attn_every_n_layers=1,
            pad_token_id=PAD_ID,
            cls_token_id=CLS_ID,
            bos_token_id=CLS_ID,
            sep_token_id=SEP_ID,
            eos_token_id=SEP_ID,
        )
    )
    if vectors is not None:
        with torch.no_grad():
            model.get_input_embeddings().weight.copy_(vectors)
    return model


def learning_rate_factor(step: int, minutes: float, config: PretrainConfig) -> float:
    """Warm-up by steps, hold, then a linear decay to zero over the last part of the time."""
    warm = min(1.0, (step + 1) / config.warmup_steps)
    left = (config.minutes - minutes) / (config.decay * config.minutes) if config.decay else 1.0
    return warm * min(1.0, max(0.0, left))


class Pretraining:
    """One run of masked language modelling, resumable at any checkpoint."""

    def __init__(self, config: PretrainConfig, tokenizer: Tokenizer, sequences: PackedSequences) -> None:
        self._config, self._tokenizer, self._sequences = config, tokenizer, sequences
        self._device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self._masker = WholeWordMasker(tokenizer, config.mask_fraction)
        self.model = begin_encoder(config, tokenizer).to(self._device)
        decayed = [p for p in self.model.parameters() if p.dim() > 1]
        plain = [p for p in self.model.parameters() if p.dim() <= 1]
        self._optimizer = torch.optim.AdamW(
            [
                {"params": decayed, "weight_decay": config.weight_decay},
                {"params": plain, "weight_decay": 0.0},
            ],
            lr=config.learning_rate,
            betas=(0.9, 0.98),
            eps=1e-6,
            fused=True,
        )
        self._step, self._minutes = 0, 0.0
        self._checkpoint = config.output / "checkpoint.pt"
        if self._checkpoint.exists():
            self._resume()

    def run(self) -> None:
        """Train until the time of the recipe is used up, then write ``encoder/``."""
        step_loss: Step = torch.compile(self._loss) if self._config.compile else self._loss
        last = saved = time.monotonic()
        losses = []
        while self._minutes < self._config.minutes:
            factor = learning_rate_factor(self._step, self._minutes, self._config)
            for group in self._optimizer.param_groups:
                group["lr"] = factor * self._config.learning_rate
            loss = step_loss(*self._batch(self._step))
            loss.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
            self._optimizer.step()
            self._optimizer.zero_grad(set_to_none=True)
            losses.append(loss.detach())
            self._step += 1
            now = time.monotonic()
            # The first step compiles; one in which the process was paused lasts as long as the pause.
            self._minutes += min(now - last, _LONGEST_STEP) / 60
            last = now
            if self._step % _LOG_STEPS == 0:
                self._log(float(torch.stack(losses).mean()), factor)
                losses = []
            if now - saved > self._config.checkpoint_minutes * 60:
                self.save_checkpoint()
                saved = now
        self.save_checkpoint()
        self.save_encoder(self._config.output / "encoder")

    def evaluate(self) -> float:
        """Mean loss per predicted token on the held-out sequences, masked the same way each time."""
        self.model.eval()
        with torch.no_grad():
            losses = [
                float(self._loss(*self._masked(ids, np.random.default_rng((self._config.seed, number)))))
                for number, ids in enumerate(self._sequences.held_out(self._config.batch_size))
            ]
        self.model.train()
        return float(np.mean(losses))

    def save_checkpoint(self) -> None:
        """Write model, optimizer and position; the old checkpoint stands until the new one is whole."""
        state = {
            "model": self.model.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "step": self._step,
            "minutes": self._minutes,
        }
        unfinished = self._checkpoint.with_suffix(".unfinished")
        torch.save(state, unfinished)
        unfinished.replace(self._checkpoint)

    def save_encoder(self, folder: Path) -> None:
        """Write what ``AutoModel`` and ``AutoTokenizer`` load; the report of the run comes last."""
        tokens = self._step * self._config.batch_size * self._config.sequence_length
        report = {
            "steps": self._step,
            "tokens": tokens,
            "minutes": round(self._minutes, 1),
            "held_out_loss": round(self.evaluate(), 4),
            "parameters": sum(p.numel() for p in self.model.parameters()),
            "config": json.loads(self._config.model_dump_json()),
        }
        self.model.save_pretrained(folder)
        PreTrainedTokenizerFast(
            tokenizer_object=self._tokenizer,
            unk_token="[UNK]",  # noqa: S106
            pad_token="[PAD]",  # noqa: S106
            cls_token="[CLS]",  # noqa: S106
            sep_token="[SEP]",  # noqa: S106
            mask_token="[MASK]",  # noqa: S106
        ).save_pretrained(folder)
        (folder / "pretraining.json").write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
        logger.info("wrote %s: held-out loss %.3f", folder, report["held_out_loss"])

    def _resume(self) -> None:
        state: dict[str, Any] = torch.load(self._checkpoint, map_location=self._device, weights_only=True)
        self.model.load_state_dict(state["model"])
        self._optimizer.load_state_dict(state["optimizer"])
        self._step, self._minutes = state["step"], state["minutes"]
        logger.info("resumed at step %d, %.1f minutes", self._step, self._minutes)

    def _batch(self, step: int) -> tuple[Tensor, Tensor, Tensor]:
        random = np.random.default_rng((self._config.seed, step))
        return self._masked(self._sequences.batch(step, self._config.batch_size), random)

    def _masked(
        self, ids: np.ndarray[Any, Any], random: np.random.Generator
    ) -> tuple[Tensor, Tensor, Tensor]:
        masked, positions, targets = self._masker.mask(ids, random)
        tensors = (torch.from_numpy(array).to(self._device) for array in (masked, positions, targets))
        first, second, third = islice(tensors, 3)
        return first, second, third

    def _loss(self, ids: Tensor, positions: Tensor, targets: Tensor) -> Tensor:
        """Mean cross-entropy over the predicted positions; ids ``[B, T]``, the others ``[n]``."""
        with torch.autocast(self._device.type, dtype=torch.bfloat16, enabled=self._config.bf16):
            logits = masked_logits(self.model, ids, positions)
            return torch.nn.functional.cross_entropy(logits.float(), targets)

    def _log(self, loss: float, factor: float) -> None:
        tokens = self._step * self._config.batch_size * self._config.sequence_length
        logger.info(
            "step %d, %.1f M tokens, %.1f min, loss %.3f, rate %.2e, %.0f tokens/s",
            self._step,
            tokens / 1e6,
            self._minutes,
            loss,
            factor * self._config.learning_rate,
            tokens / (self._minutes * 60),
        )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run or resume a recipe."""
    parser = argparse.ArgumentParser(prog="python -m khabar_training.pretrain", description=__doc__)
    parser.add_argument("config", type=Path)
    path: Path = parser.parse_args(arguments).config
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    try:
        config = load_config(path, PretrainConfig)
    except ConfigError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    if config.threads is not None:
        torch.set_num_threads(config.threads)
    try:
        claim_folder(config.output, config, _SCHEDULE)
        tokenizer = prepare_vocabulary(config)
        run = Pretraining(config, tokenizer, prepare_sequences(config, tokenizer))
    except (ConfigError, DataError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    run.run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
