"""The pictures of the evaluation report as inline SVG: intervals, shares of kinds, reliability diagrams.

Colours and fonts are the page's, so that one picture serves light and dark.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from khabar_training.report_markup import Html, text

#: The plot of a reliability diagram: its left and top edge and its side, in units of the view box.
_LEFT: Final = 44
_TOP: Final = 8
_SIDE: Final = 260
#: Height of the histogram below it, and the gap between the two.
_BARS: Final = 48
_GAP: Final = 34


def interval_bar(value: float, interval: Sequence[float] | None) -> Html:
    """A score between 0 and 100 as a dot, its interval as a line through it."""
    spread = "" if interval is None else f", 95 % {interval[0]:.1f} to {interval[1]:.1f}"
    line = (
        ""
        if interval is None
        else f'<rect class="spread" x="{interval[0]:.1f}" y="3"'
        f' width="{max(interval[1] - interval[0], 0.5):.1f}" height="4"/>'
    )
    return Html(
        f'<svg class="interval" viewBox="-2 0 104 10" role="img" aria-label="{value:.1f}{spread}">'
        f'<rect class="axis" x="0" y="4.7" width="100" height=".6"/>{line}'
        f'<circle class="dot" cx="{value:.1f}" cy="5" r="1.8"/></svg>'
    )


def share_bar(counts: Mapping[str, int]) -> Html:
    """Kinds of errors as coloured parts of one line; what did not occur is left out."""
    parts = (
        f'<i class="k-{text(kind)}" style="flex-grow:{count}" title="{text(kind)}: {count}"></i>'
        for kind, count in counts.items()
        if count
    )
    return Html(f'<span class="shares">{"".join(parts)}</span>')


def reliability_diagram(calibration: Mapping[str, Any], title: str) -> Html:
    """Accuracy of each bin over its mean score, the diagonal of a calibrated model, counts below."""
    bins: Sequence[Mapping[str, Any]] = calibration["bins"]
    most = max((part["count"] for part in bins), default=1)
    height = _TOP + _SIDE + _GAP + _BARS + 26
    label = f"{title}: expected calibration error {calibration['expected_calibration_error']:.3f}"
    pieces = [
        f'<svg class="reliability" viewBox="0 0 {_LEFT + _SIDE + 12} {height}" role="img"'
        f' aria-label="{text(label)}">',
        f'<rect class="frame" x="{_LEFT}" y="{_TOP}" width="{_SIDE}" height="{_SIDE}"/>',
        *(_grid(tick / 5) for tick in range(6)),
        *(_bin(part) for part in bins),
        f'<line class="diagonal" x1="{_x(0)}" y1="{_y(0)}" x2="{_x(1)}" y2="{_y(1)}"/>',
        *(
            f'<circle class="dot" cx="{_x(part["mean_score"])}" cy="{_y(part["accuracy"])}" r="3.5"/>'
            for part in bins
        ),
        *(_count_bar(part, most) for part in bins),
        f'<text x="{_x(0.5)}" y="{height - 4}" text-anchor="middle">score</text>',
        f'<text transform="translate(11 {_y(0.5)}) rotate(-90)" text-anchor="middle">part right</text>',
        "</svg>",
    ]
    return Html("".join(pieces))


def _x(share: float) -> str:
    return f"{_LEFT + share * _SIDE:.1f}"


def _y(share: float) -> str:
    return f"{_TOP + (1 - share) * _SIDE:.1f}"


def _grid(share: float) -> str:
    return (
        f'<line class="grid" x1="{_x(0)}" y1="{_y(share)}" x2="{_x(1)}" y2="{_y(share)}"/>'
        f'<text x="{_LEFT - 6}" y="{float(_y(share)) + 4:.1f}" text-anchor="end">{share:.1f}</text>'
        f'<text x="{_x(share)}" y="{_TOP + _SIDE + 16}" text-anchor="middle">{share:.1f}</text>'
    )


def _bin(part: Mapping[str, Any]) -> str:
    """The accuracy as a bar, and the gap to the mean score in another colour."""
    low, high = sorted((part["accuracy"], part["mean_score"]))
    left, width = _x(part["low"]), (part["high"] - part["low"]) * _SIDE
    tip = (
        f"{part['low']:.1f} to {part['high']:.1f}: {part['count']} predictions,"
        f" mean score {part['mean_score']:.3f}, right {part['accuracy']:.3f}"
    )
    return (
        f'<g><title>{text(tip)}</title><rect class="accuracy" x="{left}" y="{_y(part["accuracy"])}"'
        f' width="{width:.1f}" height="{part["accuracy"] * _SIDE:.1f}"/>'
        f'<rect class="gap" x="{left}" y="{_y(high)}" width="{width:.1f}"'
        f' height="{(high - low) * _SIDE:.1f}"/></g>'
    )


def _count_bar(part: Mapping[str, Any], most: int) -> str:
    bottom = _TOP + _SIDE + _GAP + _BARS
    height = part["count"] / most * (_BARS - 12)
    middle = _x((part["low"] + part["high"]) / 2)
    return (
        f'<rect class="count" x="{float(_x(part["low"])) + 1:.1f}" y="{bottom - height:.1f}"'
        f' width="{(part["high"] - part["low"]) * _SIDE - 2:.1f}" height="{height:.1f}"/>'
        f'<text class="small" x="{middle}" y="{bottom - height - 3:.1f}" text-anchor="middle">'
        f"{part['count']}</text>"
    )
