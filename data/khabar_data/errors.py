"""The error that every reader raises: it names the file, the line, the field and the fix."""

from __future__ import annotations

from pathlib import Path


class DataError(ValueError):
    """Input that cannot be read as annotated text."""

    def __init__(self, path: Path | str, line: int | None, problem: str) -> None:
        self.path, self.line, self.problem = path, line, problem
        place = str(path) if line is None else f"{path}:{line}"
        super().__init__(f"{place}: {problem}")
