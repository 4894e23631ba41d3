"""Raw text and annotated text -> windows -> batches of both.

paragraphs -> windows of the runtime -> mixed with the examples of annotated data sets -> padded batch
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from torch import Tensor
from torch.utils.data import Dataset

from khabar.tokenization import WordTokenizer
from khabar.windows import iter_windows
from khabar_training.collate import Collator, padded
from khabar_training.datasets import MixedExamples
from khabar_training.features import Example
from khabar_training.hidden_pieces import HiddenPieces

#: Half the memory of the usual ids: a recipe holds some hundred thousand windows.
Ids = npt.NDArray[np.int32]
#: What stands in ``sentences`` where no word begins.
NO_WORD = -1


@dataclass(frozen=True, slots=True)
class RawWindow:
    """A window of raw text.

    Attributes:
        input_ids: ``[T]``.
        sentences: number of the sentence of the word that begins at a token, else ``NO_WORD`` ``[T]``.
    """

    input_ids: Ids
    sentences: Ids


def raw_windows(
    paragraphs: Iterable[str], tokenizer: WordTokenizer, max_tokens: int, overlap: int
) -> list[RawWindow]:
    """The windows of all paragraphs, as ``khabar.windows`` cuts them."""
    windows = []
    for paragraph in paragraphs:
        for window in iter_windows(paragraph, tokenizer, max_tokens, overlap):
            ids = window.input_ids(tokenizer).astype(np.int32)
            sentences = np.full(len(ids), NO_WORD, dtype=np.int32)
            sentences[window.first_piece()[:-1]] = window.sentence
            windows.append(RawWindow(ids, sentences))
    return windows


class MixedWindows(Dataset[RawWindow | Example]):
    """All windows of raw text, and behind them the examples of annotated data sets, drawn anew each epoch.

    With ``hidden`` some pieces of raw windows are hidden, others each epoch; ``MixedExamples`` has its own.
    """

    def __init__(
        self, raw: Sequence[RawWindow], annotated: MixedExamples | None, hidden: HiddenPieces | None = None
    ) -> None:
        self._raw, self._annotated, self._hidden = raw, annotated, hidden
        self._raw_lengths = [len(window.input_ids) for window in raw]
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Draw and change the annotated documents anew; the same for the same epoch."""
        if self._annotated is not None:
            self._annotated.set_epoch(epoch)
        self.epoch = epoch

    def __len__(self) -> int:
        return len(self._raw) + (0 if self._annotated is None else len(self._annotated))

    def __getitem__(self, index: int) -> RawWindow | Example:
        if index < len(self._raw):
            window = self._raw[index]
            if self._hidden is None:
                return window
            return replace(window, input_ids=self._hidden.hide_ids(window.input_ids, self.epoch, index))
        if self._annotated is None:
            raise IndexError(index)
        return self._annotated[index - len(self._raw)]

    def lengths(self) -> list[int]:
        """Tokens of each window of the epoch, for batches of like lengths."""
        return self._raw_lengths + ([] if self._annotated is None else self._annotated.lengths())


class MixedCollator:
    """Pads raw and annotated windows of a batch, each kind for itself.

    A batch has ``annotated``, as ``Collator`` makes it, and ``raw`` with ``input_ids``,
    ``attention_mask`` and ``sentences`` ``[B, T]``; a kind that the batch lacks is left out.
    """

    def __init__(self, pad_id: int) -> None:
        self._pad_id = pad_id
        self._annotated = Collator(pad_id)

    def __call__(self, windows: Sequence[RawWindow | Example]) -> dict[str, dict[str, Tensor]]:
        """Make a batch."""
        raw = [window for window in windows if isinstance(window, RawWindow)]
        annotated = [window for window in windows if isinstance(window, Example)]
        batch = {}
        if raw:
            batch["raw"] = self._raw(raw)
        if annotated:
            batch["annotated"] = self._annotated(annotated)
        return batch

    def _raw(self, windows: Sequence[RawWindow]) -> dict[str, Tensor]:
        return {
            "input_ids": padded([window.input_ids for window in windows], self._pad_id),
            "attention_mask": padded([np.ones_like(window.input_ids) for window in windows], 0),
            "sentences": padded([window.sentences for window in windows], NO_WORD),
        }
