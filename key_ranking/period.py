"""Evidence for a period, from what runs saw: days with and without a scan, requirements, keys.

A day on which an account was not looked at proves nothing of it.
"""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from prowler_access_keys.services.iam.iam_access_keys.catalogue import our_checks

from .changes import Snapshot, UnusableSnapshotError, read_snapshot, snapshot
from .collected import collect
from .history import OPEN, RETIRED, History
from .promise import Promise, due, worst
from .ranking import DECOYS, FOR_API_KEY
from .reports import find_reports, oldest_first
from .runs import FIRST_WITH_SCANS, Run, Scan, read_run
from .usable_data import QUARANTINED
from .whole_file import UnusableFileError

DATA_FILE = re.compile(r"(access-keys|prowler-org-o)-.*[0-9]\.json")
DAY = timedelta(days=1)
VERDICTS = MET, NOT_MET, NOT_JUDGED = ("met", "not met", "not judged")
_Statuses = tuple[frozenset[str], frozenset[str]]
"""The checks that failed, and those that passed."""


@dataclass(frozen=True)
class Table:
    """A part of the evidence."""

    title: str
    note: str
    columns: tuple[str, ...]
    rows: Sequence[tuple[Any, ...]]


@dataclass
class _Day:
    accounts: dict[str, _Statuses] = field(default_factory=dict)
    users: dict[str, int] = field(default_factory=dict)
    scope: dict[str, frozenset[str]] = field(default_factory=dict)
    """By organization, or empty, the accounts that its runs looked at, or knew and did not."""


class Period:
    """What runs say of the days from ``first`` to ``last``, both included, UTC."""

    def __init__(self, first: date, last: date) -> None:
        self.first, self.last = first, last
        self.days: dict[date, _Day] = {}
        self.names: dict[str, str] = {}
        self.histories: dict[str, History] = {}
        self._same: dict[Any, Any] = {}
        """Equal values are kept once: most nights are alike."""

    def add(self, run: Run) -> None:
        """Take what a run saw."""
        for scan in run.scans:
            failed, passed = self._statuses(scan)
            day = self._day(datetime.fromtimestamp(scan.time, timezone.utc).date())
            if day is None:
                continue
            before = day.accounts.get(scan.account)
            if before:  # the last verdict does not undo a failure of that day
                failed, passed = before[0] | failed, (before[1] | passed) - before[0] - failed
            day.accounts[scan.account] = failed, passed
            day.users[scan.account] = max(scan.users, day.users.get(scan.account, 0))
        if run.scans or run.unseen:
            scope = frozenset((*(scan.account for scan in run.scans), *run.unseen))
            day = self._day(run.created.astimezone(timezone.utc).date())
            if day is not None:
                scope |= day.scope.get(run.organization, frozenset())
                day.scope[run.organization] = self._same.setdefault(scope, scope)

    def _day(self, day: date) -> _Day | None:
        return self.days.setdefault(day, _Day()) if self.first <= day <= self.last else None

    def _statuses(self, scan: Scan) -> _Statuses:
        key = (scan.failed, scan.passed)
        if key not in self._same:
            self._same[key] = frozenset(scan.failed), frozenset(scan.passed)
        found: _Statuses = self._same[key]
        return found

    def add_histories(self, data: Snapshot) -> None:
        """Take the histories of a run with which no other one compares."""
        self.names.update(data.names)
        for key_id, history in data.histories.items():
            known = self.histories.get(key_id)
            self.histories[key_id] = _merged(known, history) if known else history

    def tables(self, promise: Promise) -> list[Table]:
        """The evidence."""
        days = [self.first + DAY * number for number in range((self.last - self.first).days + 1)]
        by_day = list(self._judged(days))
        relevant = self._relevant()
        counts = {
            number: Counter(row[4 + place] for row in by_day)
            for place, number in enumerate(requirements())
        }
        return [
            Table(
                "Requirements",
                f"Days of {len(days)}. Met: every account was scanned on that day and passes; an "
                "exception passes. Not met: an account fails. Not judged: anything else.",
                ("requirement", "description", *VERDICTS),
                [
                    (number, text, *(counts[number][verdict] for verdict in VERDICTS))
                    for number, (text, _) in requirements().items()
                ],
            ),
            Table(
                "Keys that failed",
                "From the first scan that saw it fail to the first that saw it closed. What was "
                "not looked at between two scans is not known.",
                (
                    "access_key_id", "user", "account", "account_name", "owner", "checks",
                    "severity", "first_failed", "due", "closed", "days", "within_promise",
                    "state", "last_seen",
                ),
                list(self._keys(relevant, promise)),
            ),
            Table(
                "Exceptions",
                "Keys of which all findings that fail were muted.",
                ("access_key_id", "user", "account", "from", "until", "status"),
                [row for key in relevant for row in self._exceptions(*key)],
            ),
            Table(
                "Incidents",
                "The hours are those between scans: a key was inactive at some time before.",
                ("access_key_id", "user", "account", "check", "seen", "inactive", "hours"),
                [row for key in relevant for row in self._incidents(*key)],
            ),
            Table(
                "Accounts",
                "",
                ("account", "name", "days_scanned", "first", "last", "fewest_users", "most_users"),
                list(self._accounts()),
            ),
            Table(
                "Days",
                f"{sum(not row[1] for row in by_day)} of {len(days)} days are without a scan.",
                ("day", "accounts_scanned", "accounts_not_scanned", "users", *requirements()),
                by_day,
            ),
        ]  # fmt: skip

    def _judged(self, days: Iterable[date]) -> Iterator[tuple[Any, ...]]:
        """For each day, the accounts scanned and not scanned, users, and the verdicts."""
        scopes: dict[str, frozenset[str]] = {}
        for day in days:
            seen = self.days.get(day, _Day())
            for organization, scope in seen.scope.items():
                # Only an organization's runs say which accounts it no longer has.
                known = frozenset() if organization else scopes.get("", frozenset())
                scopes[organization] = scope | known
            missing = len(frozenset().union(*scopes.values()) - seen.accounts.keys())
            patterns = set(seen.accounts.values())
            verdicts = (
                _verdict(checks, patterns, missing) for _, checks in requirements().values()
            )
            yield f"{day}", len(seen.accounts), missing, sum(seen.users.values()), *verdicts

    def _accounts(self) -> Iterator[tuple[Any, ...]]:
        scans: dict[str, list[date]] = {}
        users: dict[str, tuple[int, int]] = {}
        for day, seen in sorted(self.days.items()):
            for account, number in seen.users.items():
                scans.setdefault(account, []).append(day)
                least, most = users.get(account, (number, number))
                users[account] = min(least, number), max(most, number)
        for account, on in sorted(scans.items()):
            name = self.names.get(account, "")
            yield account, name, len(on), f"{on[0]}", f"{on[-1]}", *users[account]

    def _relevant(self) -> list[tuple[str, History]]:
        """The histories up to the end of the period, of keys that were open in it."""
        end = _midnight(self.last + DAY)
        found = []
        for key_id, history in sorted(self.histories.items()):
            events = tuple(event for event in history.events if event[0] < end)
            if not events:
                continue
            cut = History(
                history.account, history.user, history.checks, events, history.seen, history.owner
            )
            if cut.state in OPEN or events[-1][0] >= _midnight(self.first):
                found.append((key_id, cut))
        return found

    def _keys(
        self, relevant: Iterable[tuple[str, History]], promise: Promise
    ) -> Iterator[tuple[Any, ...]]:
        end = _midnight(self.last + DAY)
        for key_id, history in relevant:
            checks = [check for check, time in history.checks.items() if time < end]
            first = history.events[0][0]
            closed = None if history.state in OPEN else history.events[-1][0]
            seen, by = due(first, checks, promise)
            until = closed if closed is not None else min(end - 1, max(history.seen, first))
            in_time = _day_of(until) <= by
            within = "yes" if in_time else "no"
            if closed is None and in_time:  # it was not looked at after the day that was promised
                within = "open" if f"{self.last}" <= by else "not known"
            elif closed is None:
                within = "no, open"
            if history.state == "exception":
                within = "exception"
            yield (
                key_id, history.user, history.account, self.names.get(history.account, ""),
                history.owner, " ".join(checks), worst(checks), seen, by,
                _day_of(closed) if closed else "", (until - first) // 86_400, within, history.state,
                _day_of(min(history.seen, end - 1)),
            )  # fmt: skip

    def _exceptions(self, key_id: str, history: History) -> Iterator[tuple[Any, ...]]:
        ends = [*(time for time, _ in history.events[1:]), None]
        for (time, state), until in zip(history.events, ends, strict=True):
            if state == "exception" and (until is None or until >= _midnight(self.first)):
                status = "ended" if until else "in force at the end"
                yield (
                    key_id, history.user, history.account, _day_of(time),
                    _day_of(until) if until else "", status,
                )  # fmt: skip

    def _incidents(self, key_id: str, history: History) -> Iterator[tuple[Any, ...]]:
        end = _midnight(self.last + DAY)
        for check in (QUARANTINED, DECOYS, FOR_API_KEY):
            seen = history.checks.get(check, end)
            if seen < end:
                retired = (time for time, state in history.events if state in RETIRED)
                inactive = next((time for time in retired if time >= seen), None)
                hours = "" if inactive is None else round((inactive - seen) / 3600, 1)
                moments = (_moment(seen), "" if inactive is None else _moment(inactive))
                yield key_id, history.user, history.account, check, *moments, hours


def _merged(one: History, other: History) -> History:
    """A key's history from two chains of runs: the newer one, from the first event of both."""
    older, newer = sorted((one, other), key=lambda history: history.seen)
    first = newer.events[0][0]
    events = (*(event for event in older.events if event[0] < first), *newer.events)
    checks = dict(sorted({**newer.checks, **older.checks}.items(), key=lambda item: item[1]))
    return History(
        newer.account, newer.user, checks, events, newer.seen, newer.owner or older.owner
    )


def _verdict(checks: frozenset[str], patterns: Iterable[_Statuses], missing: int) -> str:
    judged = [(bool(checks & failed), checks <= passed) for failed, passed in patterns]
    if any(fails for fails, _ in judged):
        return NOT_MET
    return MET if judged and not missing and all(passes for _, passes in judged) else NOT_JUDGED


@cache
def requirements() -> Mapping[str, tuple[str, frozenset[str]]]:
    """The requirements of our framework that our checks measure: description and checks."""
    name = "access_key_hygiene_1.0_aws.json"
    text = files("prowler_access_keys.compliance").joinpath(name).read_text("utf-8")
    return {
        requirement["id"]: (requirement["description"], frozenset(checks))
        for requirement in json.loads(text)["requirements"]
        if (checks := our_checks().intersection(requirement["checks"].get("aws", ())))
    }


def _midnight(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=timezone.utc).timestamp())


def _day_of(time: int) -> str:
    return f"{datetime.fromtimestamp(time, timezone.utc):%Y-%m-%d}"


def _moment(time: int) -> str:
    return f"{datetime.fromtimestamp(time, timezone.utc):%Y-%m-%d %H:%M}"


def read_period(
    paths: Sequence[Path], first: date, last: date, now: datetime
) -> tuple[Period, dict[Path, str]]:
    """What the JSON files of runs say or, if there is none, OCSF reports.

    The second value says which files could not be used, and why. Raises OSError for a path that is
    not there.
    """
    period, problems = Period(first, last), dict[Path, str]()
    found = list(_data_files(paths, problems))
    if not found:
        return period, _add_reports(period, paths, now)
    organization = ""
    runs: list[tuple[datetime, datetime | None, str, Path]] = []
    for path in found:
        try:
            run = read_run(path, now)
        except UnusableFileError as error:
            problems[path] = str(error)
            continue
        organization = organization or run.organization
        if run.version < FIRST_WITH_SCANS:
            problems[path] = "it was written by a version that did not record scans"
        elif run.organization not in ("", organization):
            problems[path] = f"it is of the organization {run.organization}"
        else:
            period.add(run)
            runs.append((run.created, run.previous, run.organization, path))
    continued = {(previous, organization) for _, previous, organization, _ in runs}
    for created, _, organization, path in sorted(runs, key=lambda run: run[0]):
        if (created, organization) not in continued:
            try:
                period.add_histories(read_snapshot(path, now))
            except UnusableSnapshotError as error:
                problems[path] = str(error)
    return period, problems


def _data_files(paths: Sequence[Path], problems: dict[Path, str]) -> Iterator[Path]:
    def unreadable(error: OSError) -> None:
        problems[Path(error.filename)] = f"it cannot be read: {error.strerror}"

    for path in paths:
        if not path.is_dir():
            path.stat()
            if not path.name.endswith(".ocsf.json"):
                yield path
        for folder, below, names in os.walk(path, onerror=unreadable):
            below.sort()
            yield from (Path(folder, name) for name in sorted(names) if DATA_FILE.fullmatch(name))


def _add_reports(period: Period, paths: Sequence[Path], now: datetime) -> dict[Path, str]:
    reports, problems = find_reports(paths)
    before: Snapshot | None = None
    for report in oldest_first(reports):
        collected = collect([report], now, before.findings if before else None)
        problems.update(collected.problems)
        if collected.accounts:
            times = [time for seen in collected.accounts.values() for time in seen.checks.values()]
            when = datetime.fromtimestamp(max(times), timezone.utc)
            before = snapshot(collected, when, before)
            period.add(before)
    if before:
        period.add_histories(before)
    return problems
