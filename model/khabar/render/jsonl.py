"""JSONL: the reference exchange format, one document a line."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Final

from khabar.document import Document

_SURROGATE: Final = re.compile("[\ud800-\udfff]")


def render_jsonl(documents: Iterable[Document]) -> Iterator[str]:
    """One line a document, as they come; ``Document.from_dict(json.loads(line))`` gives it back."""
    for document in documents:
        line = json.dumps(document.to_dict(), ensure_ascii=False)
        # UTF-8 cannot hold half of a surrogate pair, an escape in JSON can.
        yield (json.dumps(document.to_dict()) if _SURROGATE.search(line) else line) + "\n"
