"""The coverage matrix of a corpus as an SVG picture: articles by theme and voice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Final
from xml.sax.saxutils import escape

from khabar.document import Document

_CELL: Final = (62, 26)
_MARGIN: Final = (110, 70)


def coverage_matrix(documents: Iterable[Document]) -> Counter[tuple[str, str]]:
    """Articles by (theme, voice); those whose ``meta`` names neither count under «-»."""
    counts: Counter[tuple[str, str]] = Counter()
    for document in documents:
        meta = document.meta or {}
        counts[str(meta.get("theme", "-")), str(meta.get("voice", "-"))] += 1
    return counts


def render_coverage(counts: Counter[tuple[str, str]]) -> str:
    """The matrix as SVG: a row a theme, a column a voice, darker where there are more articles."""
    themes = sorted({theme for theme, _ in counts})
    voices = sorted({voice for _, voice in counts})
    most = max(counts.values(), default=1)
    (width, height), (left, top) = _CELL, _MARGIN
    total = (left + width * (len(voices) + 1), top + height * (len(themes) + 1))
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {total[0]} {total[1]}"'
        ' font-family="sans-serif" font-size="11">',
        '<rect width="100%" height="100%" fill="white"/>',
        f'<text x="10" y="20" font-size="14">{counts.total()} articles by theme and voice</text>',
    ]
    for column, voice in enumerate(voices):
        sum_of = sum(count for (_, other), count in counts.items() if other == voice)
        x = left + column * width + width // 2
        parts.append(_label(x, top - 18, voice))
        parts.append(_label(x, top - 5, str(sum_of), "#777"))
    for row, theme in enumerate(themes):
        y = top + row * height
        sum_of = sum(count for (other, _), count in counts.items() if other == theme)
        parts.append(f'<text x="10" y="{y + 17}">{escape(theme)}</text>')
        parts.append(_label(left - 14, y + 17, str(sum_of), "#777"))
        for column, voice in enumerate(voices):
            parts.append(_cell(left + column * width, y, counts[theme, voice], most))
    return "\n".join([*parts, "</svg>", ""])


def _label(x: int, y: int, text: str, colour: str = "black") -> str:
    return f'<text x="{x}" y="{y}" text-anchor="middle" fill="{colour}">{escape(text)}</text>'


def _cell(x: int, y: int, count: int, most: int) -> str:
    share = count / most
    colour = "white" if share > 0.55 else "black"
    box = (
        f'<rect x="{x + 1}" y="{y + 1}" width="{_CELL[0] - 2}" height="{_CELL[1] - 2}"'
        f' fill="#0b5c4a" fill-opacity="{share:.2f}" stroke="#ddd"/>'
    )
    return box + (_label(x + _CELL[0] // 2, y + 17, str(count), colour) if count else "")
