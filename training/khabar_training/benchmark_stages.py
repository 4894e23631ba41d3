"""Where the time of a page goes: the shares of tokenising, encoder, relation head and all that is between."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar, cast

from khabar.bundle import Bundle
from khabar.pipeline import Pipeline
from khabar.session import ModelSession
from khabar.tagger import read_tokenizer
from khabar_training.benchmark_texts import news_pages

Watched = TypeVar("Watched")

_STAGES: Final = {"words": "tokenising", "encode": "encoder", "relate": "relation head"}
_REST: Final = "splitting, decoding and the rest"


def stage_shares(bundle: Path, corpus: Path, pages: int, rounds: int) -> dict[str, float]:
    """Percent of the wall time of tagging on one thread by stage; they sum to 100.

    Args:
        bundle: read as the runtime does, int8.
        corpus: JSONL that the pages are made of.
        pages: pages of one round.
        rounds: times that the pages are read.
    """
    opened = Bundle.open(bundle)
    spent = dict.fromkeys(_STAGES.values(), 0.0)
    pipeline = Pipeline(
        _timed(read_tokenizer(opened), spent),
        _timed(ModelSession.of_bundle(opened, quantized=True), spent),
        opened.manifest.decoding,
    )
    texts = news_pages(corpus, pages)
    _tag(pipeline, texts)
    spent.update(dict.fromkeys(spent, 0.0))
    started = time.perf_counter()
    for _ in range(rounds):
        _tag(pipeline, texts)
    whole = time.perf_counter() - started
    spent[_REST] = whole - sum(spent.values())
    return {stage: round(100 * seconds / whole, 1) for stage, seconds in spent.items()}


def _tag(pipeline: Pipeline, texts: Sequence[str]) -> None:
    for text in texts:
        pipeline.tag(text, None, threads=1)


def _timed(watched: Watched, spent: dict[str, float]) -> Watched:
    """Stands before ``watched`` and adds up the time of the calls that ``_STAGES`` names."""
    return cast("Watched", _Stopwatch(watched, spent))


class _Stopwatch:
    def __init__(self, watched: object, spent: dict[str, float]) -> None:
        self._watched, self._spent = watched, spent

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._watched, name)
        return self._measured(_STAGES[name], value) if name in _STAGES else value

    def _measured(self, stage: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def measured(*arguments: Any) -> Any:
            started = time.perf_counter()
            try:
                return call(*arguments)
            finally:
                self._spent[stage] += time.perf_counter() - started

        return measured
