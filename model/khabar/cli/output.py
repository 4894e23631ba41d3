"""Where a command writes: standard output, a file, or a folder of files.

A file appears under its name only when it is whole: it is written beside that name and renamed.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

from khabar.cli.errors import CommandError


@contextmanager
def open_output(path: Path | None) -> Iterator[TextIO]:
    """Open ``path`` for UTF-8 text; standard output where there is none.

    A block that raises leaves what stood under ``path`` as it was.

    Raises:
        CommandError: the file cannot be written.
    """
    if path is None:
        with _standard_output() as stream:
            yield stream
        return
    with _writing(path):
        if path.is_dir():
            raise CommandError(path, "is a folder", "name a file in it")
        # A device or a pipe must be written to, not replaced.
        if path.exists() and not path.is_file():
            with _text_file(path) as stream:
                yield stream
            return
        final = path.resolve()
        unfinished = final.with_name(_unfinished_name())
        try:
            with _text_file(unfinished) as stream:
                yield stream
            unfinished.replace(final)
        finally:
            unfinished.unlink(missing_ok=True)


@contextmanager
def open_folder(path: Path) -> Iterator[Path]:
    """A folder to write files into that move to ``path``, all together, when the block ends well.

    ``path`` is made where it is missing; files there with other names stay.

    Raises:
        CommandError: the folder cannot be made or written to.
    """
    with _writing(path):
        if path.exists() and not path.is_dir():
            raise CommandError(path, "is a file, and each document needs files of its own", "name a folder")
        is_new = not path.exists()
        path.mkdir(exist_ok=True)
        unfinished = path / _unfinished_name()
        try:
            unfinished.mkdir()
            yield unfinished
            for file in sorted(unfinished.iterdir()):
                file.replace(path / file.name)
            is_new = False
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)
            if is_new:
                with suppress(OSError):
                    path.rmdir()


def refuse_overwriting(output: Path | None, inputs: Iterable[Path]) -> None:
    """Check that ``output`` is none of the files that are read.

    Raises:
        CommandError: it is, under this or another name.
    """
    if output is None:
        return
    with _writing(output):
        if output.is_file() and any(output.samefile(path) for path in inputs):
            raise CommandError(output, "is also an input, which would be lost", "choose another --output")


def write_file(path: Path, text: str) -> None:
    """Write a file exactly: no line break is translated, and one lone surrogate becomes one ``?``."""
    with _text_file(path) as stream:
        stream.write(text)


def _unfinished_name() -> str:
    # Nothing of the final name: a long one leaves no room for more.
    return f".khabar-{os.getpid()}.unfinished"


def _text_file(path: Path) -> TextIO:
    return path.open("w", encoding="utf-8", errors="replace", newline="")


@contextmanager
def _standard_output() -> Iterator[TextIO]:
    if sys.stdout is None:
        raise CommandError("standard output", "is closed", "use --output")
    try:
        yield sys.stdout
        sys.stdout.flush()
    except OSError as error:
        # What is left in the buffer would fail again, and loudly, when the interpreter ends.
        with suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if isinstance(error, BrokenPipeError):
            raise
        reason = error.strerror or error
        raise CommandError("standard output", f"cannot be written ({reason})", "use --output") from None


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        raise
    except FileNotFoundError:
        raise CommandError(path, "its folder does not exist", "make the folder first") from None
    except OSError as error:
        reason = error.strerror or error
        raise CommandError(path, f"cannot be written ({reason})", "choose another --output") from None
