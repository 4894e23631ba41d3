"""The error that ends a command with one line on standard error and exit code 2."""

from __future__ import annotations


class CommandError(Exception):
    """What a user has to put right: the file or the option, what is wrong with it, and the fix."""

    def __init__(self, place: object, problem: str, fix: str) -> None:
        super().__init__(f"{place}: {problem}; {fix}")
