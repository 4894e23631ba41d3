"""The benchmark as one SVG picture: words a core-second by candidate, and cost a word by length."""

from __future__ import annotations

from collections.abc import Mapping
from math import log10
from typing import Any, Final
from xml.sax.saxutils import escape

_WIDTH: Final = 720
_LEFT: Final = 210
_BAR: Final = 34


def render_benchmark(report: Mapping[str, Any]) -> str:
    """Bars on a logarithmic scale, then one dot a length."""
    bars = [(name, float(row["words_per_core_second"])) for name, row in report["candidates"].items()]
    top = 60 + _BAR * len(bars) + 70
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {top + 190}"'
        ' font-family="sans-serif" font-size="13">',
        '<rect width="100%" height="100%" fill="white"/>',
        _text(10, 28, "Words a core-second (logarithmic)", size=15),
        *_bars(bars),
        _text(10, top - 18, "Microseconds a word, by words in the text", size=15),
        *_growth(report["growth"], top),
        "</svg>",
        "",
    ]
    return "\n".join(parts)


def _bars(bars: list[tuple[str, float]]) -> list[str]:
    low = 10 ** int(log10(min(value for _, value in bars)))
    high = max(value for _, value in bars)
    parts = []
    for row, (name, value) in enumerate(bars):
        y = 50 + row * _BAR
        width = (_WIDTH - _LEFT - 90) * (log10(value / low) + 0.05) / (log10(high / low) + 0.05)
        colour = "#1d6f8a" if name.startswith("khabar") else "#b0b7bd"
        parts += [
            _text(_LEFT - 10, y + 18, name, anchor="end"),
            f'<rect x="{_LEFT}" y="{y}" width="{width:.0f}" height="{_BAR - 10}" fill="{colour}"/>',
            _text(_LEFT + width + 6, y + 18, f"{value:,.0f}"),
        ]
    return parts


def _growth(rows: list[Mapping[str, float]], top: int) -> list[str]:
    highest = max(row["microseconds_per_word"] for row in rows)
    parts = [f'<line x1="60" y1="{top + 140}" x2="{_WIDTH - 40}" y2="{top + 140}" stroke="#777"/>']
    for row in rows:
        x = 80 + (_WIDTH - 160) * (log10(row["words"]) - 2) / 4
        y = top + 140 - 120 * row["microseconds_per_word"] / highest
        parts += [
            f'<circle cx="{x:.0f}" cy="{y:.0f}" r="5" fill="#1d6f8a"/>',
            _text(x, y - 10, f"{row['microseconds_per_word']:.0f}", anchor="middle"),
            _text(x, top + 160, f"{row['words']:,.0f}", anchor="middle"),
        ]
    return parts


def _text(x: float, y: float, text: str, *, anchor: str = "start", size: int = 13) -> str:
    return f'<text x="{x:.0f}" y="{y:.0f}" text-anchor="{anchor}" font-size="{size}">{escape(text)}</text>'
