"""The loss of a run by step: thinned for the report, and drawn as one SVG picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

#: Points that a curve has at most; a step between them says nothing more to the eye.
MOST_POINTS: Final = 200
_WIDTH: Final = 720
_HEIGHT: Final = 300
_LEFT: Final = 60
_RIGHT: Final = 20
_TOP: Final = 30
_BOTTOM: Final = 40
_LINES: Final = 4

Point = tuple[int, float]


def loss_points(log_history: Sequence[Mapping[str, Any]], most: int = MOST_POINTS) -> list[Point]:
    """Step and mean loss since the last point, from Trainer's log.

    Where the log has more than ``most`` entries, neighbours are averaged, and a point stands at the
    last step of its neighbours.
    """
    logged = [(int(row["step"]), float(row["loss"])) for row in log_history if "loss" in row]
    size = -(-len(logged) // most) or 1
    groups = [logged[start : start + size] for start in range(0, len(logged), size)]
    return [(group[-1][0], round(sum(loss for _, loss in group) / len(group), 5)) for group in groups]


def render_loss(points: Sequence[Point]) -> str:
    """The curve as an SVG document; axes alone where there is no point."""
    last = max((step for step, _ in points), default=1)
    highest = max((loss for _, loss in points), default=1.0) or 1.0

    def x(step: float) -> float:
        return _LEFT + (_WIDTH - _LEFT - _RIGHT) * step / last

    def y(loss: float) -> float:
        return _HEIGHT - _BOTTOM - (_HEIGHT - _TOP - _BOTTOM) * loss / highest

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}"'
        ' font-family="sans-serif" font-size="12">',
        '<rect width="100%" height="100%" fill="white"/>',
        _text(_LEFT, 18, "Training loss by step", "start"),
    ]
    right = _WIDTH - _RIGHT
    for line in range(_LINES + 1):
        loss, step = highest * line / _LINES, last * line / _LINES
        parts += [
            f'<line x1="{_LEFT}" y1="{y(loss):.1f}" x2="{right}" y2="{y(loss):.1f}" stroke="#ddd"/>',
            _text(_LEFT - 6, y(loss) + 4, f"{loss:.3g}", "end"),
            _text(x(step), _HEIGHT - _BOTTOM + 18, f"{step:,.0f}", "middle"),
        ]
    path = " ".join(f"{x(step):.1f},{y(loss):.1f}" for step, loss in points)
    parts += [f'<polyline points="{path}" fill="none" stroke="#1d6f8a" stroke-width="2"/>', "</svg>", ""]
    return "\n".join(parts)


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{text}</text>'
