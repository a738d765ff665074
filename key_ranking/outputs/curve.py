"""The figures of runs as curves, which are readable without color."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..over_time.runs import DatedFigures

WIDTH, HEIGHT = 240, 72
TITLES = {
    "active": "active access keys",
    "failing": "keys that fail",
    "accepted": "exceptions",
    "retired": "retired since the first run",
}


@dataclass(frozen=True)
class Curve:
    """One figure over time."""

    title: str
    values: tuple[int, ...]
    points: str
    """As SVG has them."""


def draw_curves(runs: Sequence[DatedFigures]) -> list[Curve]:
    """The curves of runs, the oldest first, each with a scale of its own from 0."""
    found = []
    for name, title in TITLES.items():
        values = tuple(int(getattr(figures, name)) for _, figures in runs)
        seconds = [(date - runs[0][0]).total_seconds() for date, _ in runs]
        wide, high = WIDTH / (seconds[-1] or 1), HEIGHT / max(*values, 1)
        places = zip(seconds, values, strict=True)
        points = " ".join(f"{x * wide:.1f},{HEIGHT - y * high:.1f}" for x, y in places)
        found.append(Curve(title, values, points))
    return found
