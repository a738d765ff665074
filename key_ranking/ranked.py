"""From reports to a ranking with its changes, and the files of it: what both programs do."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from .changes import Change, Snapshot, began, changes, read_snapshot, snapshot
from .collected import Collected, collect
from .files import write_changes, write_csv, write_json
from .ranking import Entry, rank


@dataclass(frozen=True)
class Ranked:
    """What the reports say about keys, and what has changed."""

    collected: Collected
    entries: tuple[Entry, ...]
    changes: tuple[Change, ...]
    snapshot: Snapshot
    since: str
    """When the run was that ``changes`` compares with; empty if there is none."""


def ranked(
    reports: Iterable[Path],
    now: datetime,
    previous: Path | None,
    names: Mapping[str, str] | None = None,
    members: Collection[str] | None = None,
) -> Ranked:
    """Read the reports, rank their keys, and compare with the data of an earlier run.

    ``names`` are the accounts' names, if they are known better than from the reports, and
    ``members`` the IDs of all accounts of the organization, if there is one. Raises
    UnusableSnapshotError and OSError; a report that cannot be used is among ``problems``.
    """
    before = read_snapshot(previous) if previous else None
    collected = collect(reports, before.findings if before else ())
    for account, name in (names or {}).items():
        if account in collected.accounts:
            collected.accounts[account].name = name
    return Ranked(
        collected,
        rank(collected),
        changes(before, collected, members) if before else (),
        snapshot(collected, now),
        began(before) if before else "",
    )


def write_files(one: Ranked, directory: Path, name: str) -> tuple[Path, ...]:
    """Write CSV, JSON, and the CSV of changes, whose names begin with ``name``. Raises OSError."""
    keys, data = directory / f"{name}.csv", directory / f"{name}.json"
    write_csv(one.entries, keys)
    write_json(one.entries, one.snapshot, data)
    if not one.since:
        return keys, data
    told = directory / f"{name}-changes.csv"
    write_changes(one.changes, told)
    return keys, data, told


def previous_in(directory: Path, pattern: str, before: str) -> Path | None:
    """The newest data file there whose name is below ``before``; names begin with the time."""
    older = sorted(path for path in directory.glob(pattern) if path.name < before)
    return older[-1] if older else None
