"""The page: one HTML file, without scripts, that needs no other and no network."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from prowler_access_keys.services.iam.iam_access_keys.findings.wording import days

from ..entries.entry import Entry, Group, find_causes
from ..findings.accepted import AcceptedKey, OwnerRow, word_accepted
from ..over_time.changes import KINDS, Change
from ..over_time.runs import DatedFigures
from ..whole_file import whole_file
from .curve import HEIGHT, WIDTH, draw_curves
from .figures import HEADINGS, INCIDENTS, NOT_READ, TO_DEACTIVATE, TO_MIGRATE, figures
from .owners import owner_of
from .printing import printable
from .wording import without_id, word_age

SHOWN = 50
"""Keys that are shown at once."""
FOLDED = 1000
"""Keys that are on the page at all; the CSV file has all of them."""
CHOICES = 200
"""Owners, accounts, or checks that the filter offers: those with the most keys."""
CHANGES = 200
"""Changes of each kind that are on the page."""


@dataclass(frozen=True)
class NotCovered:
    """An account, or a report, that the page does not cover, or not all of it."""

    account: str
    name: str
    reason: str
    number: int = 1
    """How many accounts this stands for."""
    is_left_out: bool = False
    """Whether nothing failed: it was not to be read."""


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
    columns: Sequence[str]
    """The heads of the cells of ``accounts``."""
    accounts: Sequence[AccountRow]
    muted: int = 0
    """Keys' findings that a mutelist mutes, and so not in the list."""
    accepted: Sequence[AcceptedKey] = ()
    owners: Sequence[OwnerRow] = ()
    """Who owns exceptions."""
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
    unknown = find_causes(page.entries)
    filters = _Filters([entry for _, entry in numbered[:FOLDED]])
    changes = {kind: [change for change in page.changes if change.kind == kind] for kind in KINDS}
    return (
        environment()
        .get_template("outputs/page.html.j2")
        .render(
            page=page,
            figures=_figures(page),
            to_deactivate=[entry for entry in keys if entry.can_go_now],
            shown=numbered[:SHOWN],
            folded=numbered[SHOWN:FOLDED],
            in_csv=len(numbered[FOLDED:]),
            causes=unknown[:SHOWN],
            more_causes=len(unknown[SHOWN:]),
            missing=[missing for missing in page.not_covered if not missing.is_left_out],
            left_out=[missing for missing in page.not_covered if missing.is_left_out],
            headings=HEADINGS,
            filters=filters,
            curves=draw_curves(page.runs) if len(page.runs) > 1 else (),
            accepted=page.accepted[:FOLDED],
            word_accepted=word_accepted(page.accepted, page.owners),
            counts={kind: len(changes[kind]) for kind in KINDS},
            by_kind={kind: changes[kind][:CHANGES] for kind in KINDS},
        )
    )


def _figures(page: Page) -> list[tuple[int, str, str, str]]:
    """Numbers in the order of alarm, each with its label, its color, and the ID of its part."""
    counts, groups = figures(page.entries), {entry.group for entry in page.entries[:FOLDED]}
    unknown = {entry.account for entry in page.entries if not entry.is_to_act_on}
    unread = [it for it in page.not_covered if not it.is_left_out and it.account not in unknown]
    left_out = sum(missing.number for missing in page.not_covered if missing.is_left_out)
    work = (Group.ADMINISTRATOR, Group.NEEDS_WORK, Group.INACTIVE)
    first_work = next((group.name.lower() for group in work if group in groups), "keys")
    accepted = len(page.accepted) + page.muted
    shown = [
        (counts[INCIDENTS], INCIDENTS, "failed", "incident"),
        (counts[TO_DEACTIVATE], TO_DEACTIVATE, "failed", "deactivate-now"),
        (counts[TO_MIGRATE], TO_MIGRATE, "manual", first_work),
        (accepted, "accepted or muted", "muted", "accepted" if page.owners else "muted"),
        (counts[NOT_READ] + sum(it.number for it in unread), "not read", "failed", "not-read"),
    ]
    return [*shown, (left_out, "left out", "muted", "left-out")] if left_out else shown


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
    made.filters.update(check=short_name, age=word_age, days=days, without_id=without_id)
    made.globals.update(width=WIDTH, height=HEIGHT)
    return made


class _Filters:
    """The choices of the page's filter, and the classes by which CSS finds the keys of each.

    Words of other people are never part of a class or of CSS: choices have numbers.
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
