r"""Find where an annotated surface stands, when a tool counted its offsets otherwise than Python.

Browsers count UTF-16 code units, two for an emoji, and show ``\r\n`` as one line break; in text that
runs right to left, selections have come out a character or two beside the mark (Label Studio issues
539, 1347 and 2007). A tool that stores the surface with its offsets lets all three be mended.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate
from typing import Final

#: How far beside its offsets a surface is looked for, in characters. Further off it may be another mention.
_REACH: Final = 8


@dataclass(frozen=True, slots=True)
class Placed:
    """Where a surface stands, in code points, and how its offsets were mended; ``""`` if they were right."""

    start: int
    end: int
    mended: str = ""


def place_surface(text: str, start: int, end: int, surface: str) -> Placed | None:
    r"""The half-open range of ``text`` that ``start``, ``end`` and ``surface`` mean.

    White space may differ between text and surface, since tools trim and fold it. The surface is
    looked for at the offsets as code points, as UTF-16 code units, with ``\r\n`` as one character,
    and last beside them, where exactly one place is the nearest.

    Returns:
        ``None`` where the surface stands in none of these places.
    """
    if 0 <= start < end <= len(text) and _same(text[start:end], surface):
        return Placed(start, end)
    for mended, astral, crlf in (
        ("counted in UTF-16 code units", 2, 2),
        ("counted with a line break of two characters as one", 1, 1),
        ("counted in UTF-16 code units, with a line break of two characters as one", 2, 1),
    ):
        points = _code_points(text, astral, crlf)
        if start in points and end in points:
            first, last = points[start], points[end]
            if first < last and _same(text[first:last], surface):
                return Placed(first, last, mended)
    return _nearest(text, start, end, surface)


def _same(piece: str, surface: str) -> bool:
    return piece == surface or (bool(piece.strip()) and piece.split() == surface.split())


def _code_points(text: str, astral: int, crlf: int) -> dict[int, int]:
    """From offsets of a tool to code points, where a character counts as many units as the tool gives it."""
    folded = crlf == 1
    sizes = (
        0 if folded and character == "\r" and text[i + 1 : i + 2] == "\n" else _size(character, astral)
        for i, character in enumerate(text)
    )
    # Of two characters at one offset the first stands: a span then takes its line break whole.
    points: dict[int, int] = {}
    for point, offset in enumerate(accumulate(sizes, initial=0)):
        points.setdefault(offset, point)
    return points


def _size(character: str, astral: int) -> int:
    return astral if character > "\uffff" else 1


def _nearest(text: str, start: int, end: int, surface: str) -> Placed | None:
    found: list[tuple[int, int]] = []
    position = text.find(surface, max(0, start - _REACH)) if surface.strip() else -1
    while 0 <= position <= start + _REACH:
        distance = max(abs(position - start), abs(position + len(surface) - end))
        if distance <= _REACH:
            found.append((distance, position))
        position = text.find(surface, position + 1)
    found.sort()
    if not found or (len(found) > 1 and found[0][0] == found[1][0]):
        return None
    distance, position = found[0]
    return Placed(position, position + len(surface), f"moved by {distance} to where its text stands")
