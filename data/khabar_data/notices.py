"""What a conversion mended or left behind: counted by kind, with the first place of each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from khabar.document import Document


@dataclass(slots=True)
class Notices:
    """Counts by kind, in the order in which the kinds first came up; empty where nothing is to be said."""

    _found: dict[str, tuple[int, str]] = field(default_factory=dict)

    def add(self, kind: str, place: str, count: int = 1) -> None:
        """Count one more of ``kind``; ``place`` is kept where it is the first."""
        seen, first = self._found.get(kind, (0, place))
        self._found[kind] = (seen + count, first)

    def extend(self, others: Notices) -> None:
        """Count everything of ``others`` too."""
        for kind, (count, place) in others._found.items():
            self.add(kind, place, count)

    def __bool__(self) -> bool:
        return bool(self._found)

    def __iter__(self) -> Iterator[str]:
        """A line a kind, such as ``3 x note not carried; the first: a.ann:7``."""
        return (f"{count} x {kind}; the first: {place}" for kind, (count, place) in self._found.items())


@dataclass(frozen=True, slots=True)
class Reading:
    """Documents as another tool's file gives them, and what is to be said about them."""

    documents: list[Document]
    notices: Notices
