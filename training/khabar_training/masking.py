"""Whole-word masking of a fixed number of positions, so that a compiled step never changes shape."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer

from khabar_training.vocabulary import MASK_ID, SPECIAL_TOKENS

Ids = npt.NDArray[np.int64]

_KEEP, _RANDOM = 0.1, 0.1


class WholeWordMasker:
    """Chooses words, hides their pieces, and remembers what stood there.

    Of the chosen pieces 80 % become ``[MASK]``, 10 % a random id, 10 % stay (Devlin et al. 2019);
    a word is chosen with all its pieces.
    """

    def __init__(self, tokenizer: Tokenizer, fraction: float) -> None:
        self._size = tokenizer.get_vocab_size()
        self._fraction = fraction
        self._continues = np.zeros(self._size, dtype=bool)
        for token, index in tokenizer.get_vocab().items():
            self._continues[index] = token.startswith("##")

    def mask(self, ids: Ids, random: np.random.Generator) -> tuple[Ids, Ids, Ids]:
        """Mask a batch.

        Args:
            ids: token ids ``[batch, length]``.
            random: the source of every choice.

        Returns:
            The masked ids ``[batch, length]``, the flat positions ``[n]`` of the chosen pieces and
            the ids ``[n]`` that stood there; ``n`` depends on the shape of ``ids`` alone.
        """
        flat = ids.reshape(-1)
        wanted = max(1, round(self._fraction * flat.size))
        words = np.cumsum(~self._continues[flat]) - 1
        # One random rank a word; its pieces share it, special tokens come last.
        rank = random.random(words[-1] + 1)[words] + 2.0 * (flat < len(SPECIAL_TOKENS))
        positions = np.argsort(rank, kind="stable")[:wanted]
        targets = flat[positions]
        hidden = np.full(wanted, MASK_ID, dtype=np.int64)
        kind = random.random(wanted)
        hidden[kind < _RANDOM] = random.integers(len(SPECIAL_TOKENS), self._size, int((kind < _RANDOM).sum()))
        keep = kind >= 1 - _KEEP
        hidden[keep] = targets[keep]
        masked = flat.copy()
        masked[positions] = hidden
        return masked.reshape(ids.shape), positions, targets
