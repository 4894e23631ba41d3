"""Raw text: weighted sources, read and cleaned; for pre-training tokenised once, kept as flat id arrays."""

from __future__ import annotations

import json
import lzma
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer

from khabar_data.errors import DataError
from khabar_training.config import ConfigError
from khabar_training.pretrain_config import TextSource
from khabar_training.vocabulary import SEP_ID

IdArray = npt.NDArray[np.uint16]

_BATCH_LINES = 20_000
_MAX_WORD = 40


def iter_paragraphs(source: TextSource, folder: Path) -> Iterator[str]:
    """The paragraphs of one source, up to its ``max_words``; an empty string ends a document.

    Raises:
        ConfigError: the source's glob finds no file.
        DataError: a file cannot be read, see ``iter_lines``.
    """
    words = 0
    paths = sorted(folder.glob(source.glob))
    if not paths:
        raise ConfigError(f"{folder / source.glob}: no such file (source {source.name!r})")
    for path in paths:
        for line in iter_lines(path):
            paragraph = clean(line)
            yield paragraph
            words += len(paragraph.split())
            if source.max_words is not None and words >= source.max_words:
                return


def iter_lines(path: Path) -> Iterator[str]:
    """The lines of a text, or the texts of a ``.jsonl`` with an empty line behind each; ``.xz`` is unpacked.

    Raises:
        DataError: the file cannot be read or unpacked, or a line of ``.jsonl`` has no ``text``.
    """
    name = path.name.removesuffix(".xz")
    try:
        with (
            lzma.open(path, "rt", encoding="utf-8")
            if path.suffix == ".xz"
            else path.open(encoding="utf-8") as lines
        ):
            if not name.endswith(".jsonl"):
                yield from lines
                return
            for number, line in enumerate(lines, start=1):
                if line.strip():
                    yield from _text(line, path, number).splitlines()
                    yield ""
    except UnicodeDecodeError as error:
        raise DataError(path, None, f"is not UTF-8 (byte {error.start}): save it as UTF-8") from error
    except (OSError, EOFError, lzma.LZMAError) as error:
        raise DataError(path, None, f"cannot be read: {error}") from error


def _text(line: str, path: Path, number: int) -> str:
    try:
        record: Any = json.loads(line)
    except json.JSONDecodeError as error:
        raise DataError(path, number, f"is not JSON: {error.msg} at column {error.colno}") from error
    text = record.get("text") if isinstance(record, dict) else None
    if not isinstance(text, str):
        raise DataError(path, number, "field 'text': expected a string; one object with a 'text' a line")
    return text


def clean(line: str) -> str:
    """Drop runs no vocabulary can serve (addresses, glued page furniture); keep the rest as it is."""
    return " ".join(word for word in line.split() if len(word) <= _MAX_WORD)


def encode_source(source: TextSource, folder: Path, tokenizer: Tokenizer) -> IdArray:
    """Ids of all paragraphs of a source, each closed by ``[SEP]``: shape ``[tokens]``, uint16."""
    pieces: list[IdArray] = []
    lines: list[str] = []
    for paragraph in iter_paragraphs(source, folder):
        if paragraph:
            lines.append(paragraph)
        if len(lines) >= _BATCH_LINES:
            pieces.append(_encode(lines, tokenizer))
            lines = []
    pieces.append(_encode(lines, tokenizer))
    return np.concatenate(pieces)


def _encode(lines: list[str], tokenizer: Tokenizer) -> IdArray:
    encodings = tokenizer.encode_batch_fast(lines, add_special_tokens=False)
    return np.array([i for encoding in encodings for i in (*encoding.ids, SEP_ID)], dtype=np.uint16)


def load_or_encode(source: TextSource, folder: Path, tokenizer: Tokenizer, cache: Path) -> IdArray:
    """The ids of a source from ``cache``, made on the first call; memory-mapped."""
    path = cache / f"{source.name}.npy"
    if not path.exists():
        cache.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(".unfinished.npy")
        np.save(unfinished, encode_source(source, folder, tokenizer))
        unfinished.replace(path)
    ids: IdArray = np.load(path, mmap_mode="r")
    return ids
