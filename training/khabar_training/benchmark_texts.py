"""The texts of the benchmark: pages of the project's own corpus, put together to the lengths of news."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import cycle
from pathlib import Path
from typing import Final

import numpy as np

from khabar_data.jsonl import read_jsonl

#: Words of a page: log-normal, median 350; nine of ten lie between 130 and 940.
_MEDIAN: Final = 350
_SPREAD: Final = 0.6
_SHORTEST, _LONGEST = 60, 2000


def news_pages(corpus: Path, count: int, seed: int = 17) -> list[str]:
    """``count`` pages whose lengths spread as news does."""
    random = np.random.default_rng(seed)
    lengths = np.clip(random.lognormal(np.log(_MEDIAN), _SPREAD, count), _SHORTEST, _LONGEST).astype(int)
    paragraphs = _paragraphs(corpus, random)
    return [_page(paragraphs, int(length)) for length in lengths]


def page_of(corpus: Path, words: int, seed: int = 17) -> str:
    """One page of exactly ``words`` words."""
    return _page(_paragraphs(corpus, np.random.default_rng(seed)), words)


def count_words(texts: Sequence[str]) -> int:
    """Runs between white space."""
    return sum(len(text.split()) for text in texts)


def _paragraphs(corpus: Path, random: np.random.Generator) -> Iterator[list[str]]:
    documents = read_jsonl(corpus)
    order = random.permutation(len(documents))
    lines = [line.split() for i in order for line in documents[i].text.split("\n") if line.strip()]
    return cycle(lines)


def _page(paragraphs: Iterator[list[str]], words: int) -> str:
    lines: list[str] = []
    while words > 0:
        line = next(paragraphs)[:words]
        lines.append(" ".join(line))
        words -= len(line)
    return "\n".join(lines)
