"""How many keys there are of each kind, the most alarming first: for page, title, and terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from ..entries.entry import Entry, Group

HEADINGS = {
    Group.INCIDENT: "Incidents and the root user",
    Group.ADMINISTRATOR: "Keys of administrators",
    Group.CAN_GO_NOW: "Unused: deactivate now",
    Group.NEEDS_WORK: "In use: migrate first",
    Group.INACTIVE: "Inactive: delete",
}
INCIDENTS, TO_DEACTIVATE, TO_MIGRATE, NOT_READ = FIGURES = (
    "incidents or root keys", "to deactivate now", "to migrate or investigate", "not judged",
)  # fmt: skip
ONE_INCIDENT = "incident or root key"


def figure_of(entry: Entry) -> str:
    """The figure that an entry counts for."""
    if not entry.is_to_act_on:
        return NOT_READ
    if entry.group is Group.INCIDENT:
        return INCIDENTS
    return TO_DEACTIVATE if entry.can_go_now else TO_MIGRATE


def figures(entries: Iterable[Entry]) -> dict[str, int]:
    """All figures, in their order."""
    counts = Counter(map(figure_of, entries))
    return {figure: counts[figure] for figure in FIGURES}


def word_figures(entries: Iterable[Entry]) -> str:
    """The figures that are not 0, in words; empty if all are."""
    words = []
    for name, number in figures(entries).items():
        if number:
            singular = number == 1 and name == INCIDENTS
            words.append(f"{number:,} {ONE_INCIDENT if singular else name}")
    return ", ".join(words)
