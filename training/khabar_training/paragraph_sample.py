"""A random sample of different paragraphs from weighted sources, in one pass and bounded memory."""

from __future__ import annotations

import heapq
import logging
import math
from collections.abc import Sequence
from hashlib import blake2b
from pathlib import Path

from khabar_training.config import ConfigError
from khabar_training.pretrain_config import TextSource
from khabar_training.raw_text import iter_paragraphs

logger = logging.getLogger(__name__)


def sample_paragraphs(sources: Sequence[TextSource], folder: Path, count: int, seed: int) -> list[str]:
    """Up to ``count`` paragraphs, no two of them equal, in random order.

    Every paragraph is ranked by a random number over its source's ``repeat``, and the least ranks stay
    (Efraimidis and Spirakis 2006). The random number is a hash of seed and text, so that a text met
    again has the rank it had, and neither the order nor the number of files changes the sample.

    Raises:
        ConfigError: a source has no file, or all of them no text.
        DataError: a file cannot be read.
    """
    # The greatest rank on top: what the next lesser one drives out.
    kept: list[tuple[float, str]] = []
    texts: set[str] = set()
    for source in sources:
        for paragraph in iter_paragraphs(source, folder):
            if not paragraph or paragraph in texts:
                continue
            rank = _exponential(paragraph, seed) / source.repeat
            if len(kept) < count:
                heapq.heappush(kept, (-rank, paragraph))
            elif rank < -kept[0][0]:
                texts.remove(heapq.heapreplace(kept, (-rank, paragraph))[1])
            else:
                continue
            texts.add(paragraph)
    if not kept:
        raise ConfigError(f"{folder}: the sources hold no text at all")
    if len(kept) < count:
        logger.warning("%s: the sources hold %d different paragraphs, not %d", folder, len(kept), count)
    return [paragraph for _, paragraph in sorted(kept, reverse=True)]


def _exponential(text: str, seed: int) -> float:
    """A draw of the exponential distribution that belongs to ``text``."""
    data = f"{seed}\n{text}".encode("utf-8", "surrogatepass")
    draw = int.from_bytes(blake2b(data, digest_size=8).digest(), "big")
    return -math.log((draw + 1) / 2**64)
