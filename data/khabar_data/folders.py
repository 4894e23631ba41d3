"""Write a folder of files so that it stands under its final name only when it is whole."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from khabar_data.errors import DataError


def refuse_filled(path: Path) -> None:
    """Check that a folder can be written under ``path``, before any work is done.

    Raises:
        DataError: something other than an empty folder stands there.
    """
    if path.exists() and not path.is_dir():
        raise DataError(path, None, "is a file; name a folder to write to")
    if path.is_dir() and any(path.iterdir()):
        raise DataError(path, None, "is a folder that holds files, which would be mixed up; name a new one")


@contextmanager
def folder_written_whole(path: Path | str) -> Iterator[Path]:
    """A folder beside ``path`` to write into; it is renamed onto ``path`` when the block ends well.

    A block that raises leaves nothing behind.

    Raises:
        DataError: something other than an empty folder stands under ``path``.
    """
    final = Path(path)
    refuse_filled(final)
    final.parent.mkdir(parents=True, exist_ok=True)
    # Nothing of the final name: a long one leaves no room for more.
    unfinished = final.with_name(f".khabar-{os.getpid()}.unfinished")
    try:
        unfinished.mkdir()
        yield unfinished
        if final.is_dir():
            final.rmdir()
        unfinished.rename(final)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


@contextmanager
def folder_replaced_whole(path: Path | str) -> Iterator[Path]:
    """A folder beside ``path`` to write into; when the block ends well it takes the place of ``path``.

    Killed at any moment, a whole folder remains: the old one stands under its name until the new one is
    complete, and for the instant between two renames under ``.NAME.old``, from where the next call puts it
    back. A block that raises leaves ``path`` as it was.
    """
    final = Path(path)
    final.parent.mkdir(parents=True, exist_ok=True)
    unfinished, old = (final.with_name(f".{final.name}.{word}") for word in ("unfinished", "old"))
    if old.exists() and not final.exists():
        old.rename(final)
    for folder in (unfinished, old):
        shutil.rmtree(folder, ignore_errors=True)
    try:
        unfinished.mkdir()
        yield unfinished
        if final.exists():
            final.rename(old)
        unfinished.rename(final)
    finally:
        for folder in (unfinished, old):
            shutil.rmtree(folder, ignore_errors=True)
