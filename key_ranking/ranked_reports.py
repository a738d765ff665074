"""From reports to a ranking with its changes, and the files of it: what both programs do."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

from .entries.entry import Entry
from .entries.ranking import rank
from .findings.accepted import AcceptedKey, OwnerRow, accepted_keys, by_owner
from .findings.collected import Collected, collect
from .outputs.files import write_accepted, write_changes, write_csv, write_json
from .over_time.changes import Change, Comparison, find_changes
from .over_time.news import News, find_news
from .over_time.next_snapshot import take_snapshot
from .over_time.runs import DatedFigures
from .over_time.snapshot import NO_RUN, Snapshot


@dataclass(frozen=True)
class RankedReports:
    """What the reports say about keys, and what has changed."""

    collected: Collected
    entries: tuple[Entry, ...]
    changes: tuple[Change, ...]
    snapshot: Snapshot
    since: str
    """When the run was that ``changes`` compares with; empty if there is none."""
    news: News
    accepted: tuple[AcceptedKey, ...]
    owners: tuple[OwnerRow, ...]
    """Who owns exceptions."""

    def with_earlier(self, runs: Sequence[DatedFigures]) -> list[DatedFigures]:
        """The figures of earlier runs and of this one, the oldest first."""
        figures = self.snapshot.figures
        own = [(self.snapshot.created, figures)] if figures else []
        return sorted([*runs, *own], key=lambda run: run[0])


def rank_reports(
    reports: Sequence[Path],
    now: datetime,
    before: Snapshot | None,
    names: Mapping[str, str] | None = None,
    members: Collection[str] | None = None,
    problems: Mapping[Path, str] | None = None,
    organization: str = "",
) -> RankedReports:
    """Read the reports, rank their keys, and compare with the data of an earlier run.

    ``names`` are the accounts' names, if they are known better than from the reports, ``members``
    the IDs of all accounts of the organization, if there is one, and ``problems`` what is known not
    to have been looked at. A report that cannot be used is among the problems of the result.
    """
    earlier = before or NO_RUN
    collected = collect(reports, now, earlier.findings, problems)
    for account, name in (names or {}).items():
        if account in collected.accounts:
            collected.accounts[account].name = name
    entries, comparison = rank(collected, now), Comparison(earlier, collected, members)
    return RankedReports(
        collected,
        entries,
        find_changes(comparison),
        take_snapshot(comparison, now, organization, chosen=names or ()),
        f"{before.created.astimezone(timezone.utc):%Y-%m-%d %H:%M} UTC" if before else "",
        find_news(entries, comparison, members if names is None else names),
        accepted_keys(collected.current),
        by_owner(collected.current, now),
    )


def write_files(ranking: RankedReports, directory: Path, name: str) -> tuple[Path, ...]:
    """Write the CSV files and JSON, whose names begin with ``name``. Raises OSError."""
    keys, data = directory / f"{name}.csv", directory / f"{name}.json"
    write_csv(ranking.entries, keys)
    write_json(ranking.entries, ranking.snapshot, data, ranking.accepted)
    more = []
    if ranking.accepted:
        more.append(directory / f"{name}-accepted.csv")
        write_accepted(ranking.accepted, more[-1])
    if ranking.since:
        more.append(directory / f"{name}-changes.csv")
        write_changes(ranking.changes, more[-1])
    return keys, data, *more
