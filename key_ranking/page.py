"""The page: one HTML file, without scripts, that needs no other and no network."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from .changes import KINDS, Change
from .curve import HEIGHT, WIDTH, curves
from .owners import owner_of
from .printing import printable
from .ranking import Entry, Group, causes
from .runs import DatedFigures
from .whole_file import whole_file

SHOWN = 50
"""Keys that are shown at once."""
FOLDED = 1000
"""Keys that are on the page at all; the CSV file has all of them."""
CHOICES = 200
"""Owners, accounts, or checks that the filter offers: those with the most keys."""
CHANGES = 200
"""Changes of each kind that are on the page."""
HEADINGS = {
    Group.INCIDENT: "Incidents and the root user",
    Group.ADMINISTRATOR: "Keys of administrators",
    Group.CAN_GO_NOW: "Unused: deactivate now",
    Group.NEEDS_WORK: "In use: migrate first",
    Group.INACTIVE: "Inactive: delete",
}


@dataclass(frozen=True)
class NotCovered:
    """An account, or a report, that the page does not cover, or not all of it."""

    account: str
    name: str
    reason: str
    number: int = 1
    """How many accounts this stands for."""


@dataclass(frozen=True)
class Part:
    """One color of a bar, with lengths in the chart's units."""

    kind: str
    x: float
    width: float


@dataclass(frozen=True)
class Bar:
    """An account's bar in the chart."""

    label: str
    words: str
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class AccountRow:
    """An account's row in the table of accounts."""

    account: str
    name: str
    cells: tuple[int, ...]
    link: str = ""
    """Its own report, relative to the page."""
    note: str = ""


@dataclass(frozen=True)
class Requirement:
    """A requirement of a compliance framework: how many accounts are in which state."""

    id: str
    description: str
    fail: int
    not_judged: int
    accepted: int
    """All that fails in these accounts is muted."""
    passed: int


@dataclass(frozen=True)
class Framework:
    """A compliance framework of the run."""

    name: str
    file: str
    """The merged CSV file, relative to the page."""
    requirements: tuple[Requirement, ...]


@dataclass(frozen=True)
class Page:
    """What the page says."""

    title: str
    subtitle: str
    entries: Sequence[Entry]
    csv: str
    """The CSV file with all keys, relative to the page."""
    links: Mapping[str, str]
    """By account, its own report, relative to the page."""
    not_covered: Sequence[NotCovered]
    what_is_not_covered: str
    """The words after their number: ``reports unread``."""
    columns: Sequence[str]
    """The heads of the cells of ``accounts``."""
    accounts: Sequence[AccountRow]
    muted: int = 0
    """Keys' findings that are muted, and so not in the list."""
    changes: Sequence[Change] = ()
    since: str = ""
    """When the run was that the changes compare with; empty if there is none."""
    no_ranking: str = ""
    """The reason, if the page cannot list keys."""
    bars: Sequence[Bar] = ()
    frameworks: Sequence[Framework] = ()
    runs: Sequence[DatedFigures] = ()
    """The figures of earlier runs and of this one, the oldest first."""


def write_page(page: Page, path: Path) -> None:
    """Write the page. Raises OSError."""
    with whole_file(path) as file:
        file.write(render(page).encode("utf-8", "replace"))


def render(page: Page) -> str:
    """The page as HTML."""
    keys = [entry for entry in page.entries if entry.is_to_act_on]
    numbered = list(enumerate(keys, start=1))
    unknown = causes(page.entries)
    filters = _Filters([entry for _, entry in numbered[:FOLDED]])
    changes = {kind: [change for change in page.changes if change.kind == kind] for kind in KINDS}
    return (
        environment()
        .get_template("page.html.j2")
        .render(
            page=page,
            can_go=sum(entry.can_go_now for entry in keys),
            work=sum(not entry.can_go_now for entry in keys),
            shown=numbered[:SHOWN],
            folded=numbered[SHOWN:FOLDED],
            in_csv=len(numbered[FOLDED:]),
            causes=unknown[:SHOWN],
            more_causes=len(unknown[SHOWN:]),
            not_covered=sum(missing.number for missing in page.not_covered),
            headings=HEADINGS,
            filters=filters,
            curves=curves(page.runs) if len(page.runs) > 1 else (),
            counts={kind: len(changes[kind]) for kind in KINDS},
            by_kind={kind: changes[kind][:CHANGES] for kind in KINDS},
        )
    )


def environment() -> Environment:
    """What renders pages. Names, tags, and reasons are other people's input."""
    made = Environment(
        loader=PackageLoader("prowler_access_keys.ranking", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: printable(value) if type(value) is str else value,
    )
    made.filters["check"] = short_name
    made.globals.update(width=WIDTH, height=HEIGHT)
    return made


class _Filters:
    """The choices of the page's filter, and the classes by which CSS finds the keys of each.

    Words of other people are never part of a class or of CSS: choices go by their number.
    """

    def __init__(self, entries: Sequence[Entry]) -> None:
        found: dict[str, Counter[str]] = {name: Counter() for name in ("owner", "account", "check")}
        for entry in entries:
            for name, choice in self._of(entry):
                found[name][choice] += 1
        self.choices = {
            name: sorted(counts, key=lambda choice: (-counts[choice], choice))[:CHOICES]
            for name, counts in found.items()
        }
        self._numbers = {
            (name, choice): f"{name}-{number}"
            for name, choices in self.choices.items()
            for number, choice in enumerate(choices)
        }

    @staticmethod
    def _of(entry: Entry) -> list[tuple[str, str]]:
        kind, owner = owner_of(entry)
        account = f"{entry.account_name} {entry.account}".strip()
        checks = [("check", short_name(check)) for check in entry.checks]
        owner = owner if kind == "owner" else f"{kind} {owner}"
        return [("owner", owner), ("account", account), *checks]

    def classes(self, entry: Entry) -> str:
        """The classes of an entry."""
        return " ".join(self._numbers.get(choice, "") for choice in self._of(entry)).strip()


def short_name(check: str) -> str:
    """A check's name without what all of them begin with."""
    name = check.removeprefix("iam_user_").removeprefix("iam_")
    return re.sub(r"(?<!in)active_keys", "keys", name).replace("_", " ")
