"""What runs say of a period: the days on which they looked at accounts, and how keys fared.

A day on which an account was not looked at proves nothing of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta, timezone
from functools import cache
from pathlib import Path

from ..findings.collected import collect
from ..findings.reports import OCSF, find_files, find_reports, moment_of, oldest_first
from ..whole_file import UnusableFileError
from .changes import Comparison
from .history import OPEN, History, date_of
from .next_snapshot import take_snapshot
from .runs import DETAILED, Run, read_data, read_runs
from .snapshot import NO_RUN, Snapshot, parse_whole

DATA_FILE = re.compile(r"(access-keys|prowler-org-o)-.*[0-9]\.json")
_set = cache(frozenset[str])  # most nights are alike


@dataclass(frozen=True)
class AccountDay:
    """What scans of an account on a day found."""

    failed: frozenset[str]
    """The checks that failed in one of them."""
    passed: frozenset[str]
    """Those that passed in one and failed in none."""
    users: int


class Period:
    """What runs say of the days from ``first`` to ``last``, both included, UTC."""

    def __init__(self, first: date, last: date) -> None:
        self.first, self.last = first, last
        self.end = int(datetime.combine(last, time.max, timezone.utc).timestamp())
        """The last second."""
        self.days: dict[date, dict[str, AccountDay]] = {}
        """By day of the period and account."""
        self.names: dict[str, str] = {}
        """The accounts' names."""
        self._scopes: dict[date, dict[str, frozenset[str]]] = {}
        """By day, also before the period, and by organization, or empty: the accounts that its runs
        looked at, or knew and did not."""
        self.histories: dict[str, History] = {}

    def add(self, run: Run) -> None:
        """Take what a run saw."""
        dates = [run.created.astimezone(timezone.utc).date()]
        for scan in run.scans:
            dates.append(day := date_of(scan.time))
            if self.first <= day <= self.last:
                seen = AccountDay(_set(scan.failed), _set(scan.passed), scan.users)
                accounts = self.days.setdefault(day, {})
                if before := accounts.get(scan.account):
                    # The last verdict does not undo a failure of that day.
                    failed = seen.failed | before.failed
                    passed = (seen.passed | before.passed) - failed
                    seen = AccountDay(failed, passed, max(seen.users, before.users))
                accounts[scan.account] = seen
        if scope := {*(scan.account for scan in run.scans), *run.unseen}:
            scopes = self._scopes.setdefault(min(dates), {})
            scope |= scopes.get(run.organization, frozenset())
            scopes[run.organization] = _set(tuple(sorted(scope)))

    def add_histories(self, data: Snapshot) -> None:
        """Take the histories of a run with which no other one compares."""
        self.names.update(data.names)
        for key_id, history in data.histories.items():
            known = self.histories.get(key_id)
            self.histories[key_id] = _merged(known, history) if known else history

    def scanned(self) -> Iterator[tuple[date, dict[str, AccountDay], int]]:
        """Each day, what was seen of accounts, and how many known accounts were not scanned."""
        scopes: dict[str, frozenset[str]] = {}
        number = (self.last - self.first).days + 1
        days = {self.first + timedelta(place) for place in range(number)}
        for day in sorted(days | self._scopes.keys()):
            for organization, scope in self._scopes.get(day, {}).items():
                # Only an organization's runs say which accounts it no longer has.
                known = frozenset[str]() if organization else scopes.get("", frozenset())
                scopes[organization] = scope | known
            if day in days:
                seen = self.days.get(day, {})
                yield day, seen, len(frozenset().union(*scopes.values()) - seen.keys())

    def relevant_histories(self) -> Iterator[tuple[str, History]]:
        """By key, the histories up to the end of the period, if the key was open in it."""
        for key_id, history in sorted(self.histories.items()):
            events = tuple(event for event in history.events if event[0] <= self.end)
            if events and (events[-1][1] in OPEN or date_of(events[-1][0]) >= self.first):
                checks = {check: at for check, at in history.checks.items() if at <= self.end}
                seen = min(history.seen, self.end)
                yield key_id, replace(history, events=events, checks=checks, seen=seen)


def _merged(history: History, other: History) -> History:
    """A key's history from two chains of runs: the newer one, from the first event of both."""
    older, newer = sorted((history, other), key=lambda chain: chain.seen)
    first = newer.events[0][0]
    events = (*(event for event in older.events if event[0] < first), *newer.events)
    checks = dict(sorted({**newer.checks, **older.checks}.items(), key=lambda item: item[1]))
    return replace(newer, checks=checks, events=events, owner=newer.owner or older.owner)


def read_period(
    paths: Sequence[Path], first: date, last: date, now: datetime
) -> tuple[Period, dict[Path, str]]:
    """What the JSON files of runs say or, if there is none, OCSF reports.

    The second value says which files could not be used, and why. Raises OSError for a path that is
    not there.
    """
    period = Period(first, last)
    found, problems = find_files(paths, DATA_FILE.fullmatch)
    found = [path for path in found if not path.name.endswith(OCSF)]
    if not found:
        return period, _add_reports(period, paths, now)
    runs: list[tuple[datetime, datetime | None, str, Path]] = []
    for path, run in read_runs(found, now, problems):
        if run.version < DETAILED:
            problems[path] = "it was written by a version that did not record scans"
        else:
            period.add(run)
            runs.append((run.created, run.previous, run.organization, path))
    continued = set[tuple[datetime | None, str]]()
    for created, previous, organization, path in sorted(runs, key=lambda run: run[0], reverse=True):
        if (created, organization) not in continued:
            try:
                period.add_histories(read_data(path, now, "", parse_whole))
            except UnusableFileError as error:  # the run before may say what this one cannot
                problems[path] = str(error)
                continue
        continued.add((previous, organization))
    return period, problems


def _add_reports(period: Period, paths: Sequence[Path], now: datetime) -> dict[Path, str]:
    reports, problems = find_reports(paths)
    before = NO_RUN
    for report in oldest_first(reports):
        collected = collect([report], now, before.findings)
        problems.update(collected.problems)
        if collected.accounts:
            times = [time for seen in collected.accounts.values() for time in seen.checks.values()]
            before = take_snapshot(Comparison(before, collected), moment_of(max(times)))
            period.add(before)
    period.add_histories(before)
    return problems
