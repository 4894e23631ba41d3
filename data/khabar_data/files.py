"""Write a file so that it stands under its final name only when it is whole."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO


@contextmanager
def written_whole(path: Path | str) -> Iterator[TextIO]:
    """Open a text file beside ``path`` and rename it onto ``path`` when the block ends well.

    A block that raises leaves ``path`` as it was and removes the unfinished file.
    """
    final = Path(path)
    final.parent.mkdir(parents=True, exist_ok=True)
    unfinished = final.with_name(f".{final.name}.{os.getpid()}.unfinished")
    try:
        with unfinished.open("w", encoding="utf-8", newline="\n") as target:
            yield target
        unfinished.replace(final)
    finally:
        unfinished.unlink(missing_ok=True)
