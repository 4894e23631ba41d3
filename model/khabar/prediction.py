"""``khabar.predict``: the embedded model, loaded once, on first use."""

from __future__ import annotations

from functools import lru_cache
from threading import Lock
from typing import TYPE_CHECKING

from khabar.document import Document

if TYPE_CHECKING:
    from khabar.tagger import Tagger

_LOADING = Lock()


def predict(text: str) -> Document:
    """Tag one text with the embedded default model.

    Raises:
        TypeError: ``text`` is no string.
    """
    with _LOADING:
        tagger = _default_tagger()
    return tagger.predict(text)


@lru_cache(maxsize=1)
def _default_tagger() -> Tagger:
    from khabar.tagger import Tagger  # noqa: PLC0415

    return Tagger.from_pretrained()
