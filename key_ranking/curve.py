"""The figures of all runs in a folder as curves, which are readable without color."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from .runs import Figures, Run, read_run
from .whole_file import UnusableFileError

RUNS = 400
"""The newest runs that are drawn."""
MARKED = 31
"""With more runs than this, a run has no mark of its own."""
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
    points: tuple[tuple[float, float], ...]

    @property
    def change(self) -> str:
        """How much more or less than in the first run."""
        return f"{self.values[-1] - self.values[0]:+}"


@dataclass(frozen=True)
class Curves:
    """All figures of the same runs."""

    dates: tuple[datetime, ...] = ()
    """UTC, the oldest first."""
    curves: tuple[Curve, ...] = ()
    has_marks: bool = False


NO_CURVES = Curves()


def read_runs(
    directory: Path, pattern: str, before: str, now: datetime, organization: str = ""
) -> tuple[list[Run], dict[Path, str]]:
    """The newest runs whose files are in the folder and have a name below ``before``.

    The second value says which files could not be used, and why.
    """
    runs, problems = [], {}
    older = sorted(path for path in directory.glob(pattern) if path.name < before)
    for path in older[-RUNS:]:
        try:
            run = read_run(path, now)
        except UnusableFileError as error:
            problems[path] = str(error)
        else:
            if run.organization in ("", organization):
                runs.append(run)
    return runs, problems


def curves(runs: Sequence[Run]) -> Curves:
    """The curves of these runs; none if fewer than two have figures."""
    drawn = sorted(
        ((run.created, run.figures) for run in runs if run.figures), key=lambda pair: pair[0]
    )
    if len(drawn) < 2:
        return NO_CURVES
    dates = tuple(date for date, _ in drawn)
    all_figures = [figures for _, figures in drawn]
    found = tuple(_curve(name, dates, all_figures) for name in TITLES)
    return Curves(dates, found, len(drawn) <= MARKED)


def _curve(name: str, dates: Sequence[datetime], all_figures: Sequence[Figures]) -> Curve:
    values = tuple(int(getattr(figures, name)) for figures in all_figures)
    first, most = dates[0], max(*values, 1)
    seconds = (dates[-1] - first).total_seconds() or 1
    points = tuple(
        (
            round((date - first).total_seconds() / seconds * WIDTH, 1),
            round(HEIGHT - value / most * HEIGHT, 1),
        )
        for date, value in zip(dates, values, strict=True)
    )
    return Curve(TITLES[name], values, points)
