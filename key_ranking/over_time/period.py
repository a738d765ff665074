"""Evidence for a period, from what runs saw: days with and without a scan, requirements, keys.

A day on which an account was not looked at proves nothing of it.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta, timezone
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from prowler_access_keys.services.iam.iam_access_keys.catalogue import our_checks
from prowler_access_keys.services.iam.iam_access_keys.exceptions.acceptance import (
    FOR_API_KEY,
    QUARANTINED,
)

from ..findings.check_names import DECOYS
from ..findings.collected import collect
from ..findings.reports import OCSF, find_files, find_reports, moment_of, oldest_first
from ..outputs.files import write_rows
from ..outputs.oscal import FRAMEWORK
from ..outputs.page import environment
from ..whole_file import UnusableFileError, whole_file
from .changes import Comparison
from .history import OPEN, RETIRED, History, date_of
from .next_snapshot import take_snapshot
from .promise import Promise, due, worst
from .runs import DETAILED, Run, read_data, read_runs
from .snapshot import NO_RUN, Snapshot, parse_whole

DATA_FILE = re.compile(r"(access-keys|prowler-org-o)-.*[0-9]\.json")
VERDICTS = MET, NOT_MET, NOT_JUDGED = ("met", "not met", "not judged")
_Seen = tuple[frozenset[str], frozenset[str], int]
"""The checks that failed in an account on a day, those that passed, and the number of users."""
_set = cache(frozenset[str])  # most nights are alike
_Row = tuple[Any, ...]


@dataclass(frozen=True)
class Table:
    """A part of the evidence."""

    title: str
    note: str
    columns: tuple[str, ...]
    rows: Sequence[_Row]


class Period:
    """What runs say of the days from ``first`` to ``last``, both included, UTC."""

    def __init__(self, first: date, last: date) -> None:
        self.first, self.last = first, last
        self.end = int(datetime(last.year, last.month, last.day, tzinfo=timezone.utc).timestamp())
        self.end += 86_400
        self.days: dict[date, dict[str, _Seen]] = {}
        """By day of the period and account."""
        self.scopes: dict[date, dict[str, frozenset[str]]] = {}
        """By day, also before the period, and by organization, or empty: the accounts that its runs
        looked at, or knew and did not."""
        self.names: dict[str, str] = {}
        self.histories: dict[str, History] = {}
        self._same: dict[frozenset[str], frozenset[str]] = {}

    def add(self, run: Run) -> None:
        """Take what a run saw."""
        days = [run.created.astimezone(timezone.utc).date()]
        for scan in run.scans:
            days.append(day := date_of(scan.time))
            if self.first <= day <= self.last:
                failed, passed, users = _set(scan.failed), _set(scan.passed), scan.users
                accounts = self.days.setdefault(day, {})
                if before := accounts.get(scan.account):
                    # The last verdict does not undo a failure of that day.
                    failed |= before[0]
                    passed, users = (passed | before[1]) - failed, max(users, before[2])
                accounts[scan.account] = failed, passed, users
        if scope := frozenset((*(scan.account for scan in run.scans), *run.unseen)):
            scopes = self.scopes.setdefault(min(days), {})
            scope |= scopes.get(run.organization, frozenset())
            scopes[run.organization] = self._same.setdefault(scope, scope)

    def add_histories(self, data: Snapshot) -> None:
        """Take the histories of a run with which no other one compares."""
        self.names.update(data.names)
        for key_id, history in data.histories.items():
            known = self.histories.get(key_id)
            self.histories[key_id] = _merged(known, history) if known else history

    def tables(self, promise: Promise) -> list[Table]:
        """The evidence."""
        by_day, keys = list(self._judged()), list(self._relevant())
        counts = [Counter(verdicts) for verdicts in zip(*(row[4:] for row in by_day), strict=True)]
        gaps = sum(not row[1] for row in by_day)
        return [
            Table(
                "Requirements",
                f"Days of {len(by_day)}. Met: every account was scanned on that day and passes; an "
                "exception passes. Not met: an account fails. Not judged: anything else.",
                ("requirement", "description", *VERDICTS),
                [
                    (number, text, *(count[verdict] for verdict in VERDICTS))
                    for (number, (text, _)), count in zip(
                        requirements().items(), counts, strict=True
                    )
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
                [self._key(*key, promise) for key in keys],
            ),
            Table(
                "Exceptions",
                "Keys of which all findings that fail were muted.",
                ("access_key_id", "user", "account", "from", "until", "status"),
                [row for key in keys for row in self._exceptions(*key)],
            ),
            Table(
                "Incidents",
                "The hours are those between scans: a key was inactive at some time before.",
                ("access_key_id", "user", "account", "check", "seen", "inactive", "hours"),
                [row for key in keys for row in self._incidents(*key)],
            ),
            Table(
                "Accounts",
                "",
                ("account", "name", "days_scanned", "first", "last", "fewest_users", "most_users"),
                list(self._accounts()),
            ),
            Table(
                "Days",
                f"{gaps} of {len(by_day)} days are without a scan.",
                ("day", "accounts_scanned", "accounts_not_scanned", "users", *requirements()),
                by_day,
            ),
        ]  # fmt: skip

    def _judged(self) -> Iterator[_Row]:
        """For each day, the accounts scanned and not scanned, users, and the verdicts."""
        scopes: dict[str, frozenset[str]] = {}
        number = (self.last - self.first).days + 1
        days = {self.first + timedelta(place) for place in range(number)}
        for day in sorted(days | self.scopes.keys()):
            for organization, scope in self.scopes.get(day, {}).items():
                # Only an organization's runs say which accounts it no longer has.
                known = frozenset[str]() if organization else scopes.get("", frozenset())
                scopes[organization] = scope | known
            if day in days:
                seen = self.days.get(day, {})
                missing = len(frozenset().union(*scopes.values()) - seen.keys())
                patterns = {(failed, passed) for failed, passed, _ in seen.values()}
                users = sum(number for _, _, number in seen.values())
                measured = (checks for _, checks in requirements().values())
                verdicts = (_verdict(checks, patterns, missing) for checks in measured)
                yield f"{day}", len(seen), missing, users, *verdicts

    def _accounts(self) -> Iterator[_Row]:
        scans: dict[str, list[tuple[date, int]]] = {}
        for day, accounts in sorted(self.days.items()):
            for account, (_, _, users) in accounts.items():
                scans.setdefault(account, []).append((day, users))
        for account, found in sorted(scans.items()):
            numbers = [number for _, number in found]
            dates = len(found), f"{found[0][0]}", f"{found[-1][0]}"
            yield account, self.names.get(account, ""), *dates, min(numbers), max(numbers)

    def _relevant(self) -> Iterator[tuple[str, History]]:
        """The histories up to the end of the period, of keys that were open in it."""
        for key_id, history in sorted(self.histories.items()):
            events = tuple(event for event in history.events if event[0] < self.end)
            if events and (events[-1][1] in OPEN or date_of(events[-1][0]) >= self.first):
                checks = {check: at for check, at in history.checks.items() if at < self.end}
                seen = min(history.seen, self.end - 1)
                yield key_id, replace(history, events=events, checks=checks, seen=seen)

    def _key(self, key_id: str, history: History, promise: Promise) -> _Row:
        first, state = history.events[0][0], history.state
        is_open = state in (*OPEN, "account left")
        until = max(history.seen, first) if is_open else history.events[-1][0]
        by = due(date_of(first), history.checks, promise)
        within = "yes" if date_of(until) <= by else "no, open" if is_open else "no"
        if is_open and within == "yes":  # it was not looked at after the day that was promised
            within = "open" if self.last <= by else "not known"
        return (
            key_id, history.user, history.account, self.names.get(history.account, ""),
            history.owner, " ".join(history.checks), worst(history.checks), f"{date_of(first)}",
            f"{by}", "" if is_open else f"{date_of(until)}", (until - first) // 86_400,
            "exception" if state == "exception" else within, state, f"{date_of(history.seen)}",
        )  # fmt: skip

    def _exceptions(self, key_id: str, history: History) -> Iterator[_Row]:
        ends = [*(time for time, _ in history.events[1:]), None]
        for (time, state), until in zip(history.events, ends, strict=True):
            if state == "exception" and (until is None or date_of(until) >= self.first):
                status = "ended" if until else f"in force on {date_of(history.seen)}"
                dates = f"{date_of(time)}", f"{date_of(until)}" if until else ""
                yield key_id, history.user, history.account, *dates, status

    def _incidents(self, key_id: str, history: History) -> Iterator[_Row]:
        for check, seen in history.checks.items():
            if check in (QUARANTINED, DECOYS, FOR_API_KEY):
                ends = (at for at, state in history.events if state in RETIRED and at >= seen)
                end = next(ends, None)
                moments = _moment(seen), _moment(end) if end else ""
                hours = round((end - seen) / 3600, 1) if end else ""
                yield key_id, history.user, history.account, check, *moments, hours


def _merged(history: History, other: History) -> History:
    """A key's history from two chains of runs: the newer one, from the first event of both."""
    older, newer = sorted((history, other), key=lambda chain: chain.seen)
    first = newer.events[0][0]
    events = (*(event for event in older.events if event[0] < first), *newer.events)
    checks = dict(sorted({**newer.checks, **older.checks}.items(), key=lambda item: item[1]))
    return replace(newer, checks=checks, events=events, owner=newer.owner or older.owner)


def _verdict(
    checks: frozenset[str],
    patterns: Iterable[tuple[frozenset[str], frozenset[str]]],
    missing: int,
) -> str:
    if any(checks & failed for failed, _ in patterns):
        return NOT_MET
    is_met = patterns and not missing and all(checks <= passed for _, passed in patterns)
    return MET if is_met else NOT_JUDGED


@cache
def requirements() -> Mapping[str, tuple[str, frozenset[str]]]:
    """The requirements of our framework that our checks measure: description and checks."""
    return {
        requirement["id"]: (requirement["description"], frozenset(checks))
        for requirement in json.loads(FRAMEWORK.read_text("utf-8"))["requirements"]
        if (checks := our_checks().intersection(requirement["checks"].get("aws", ())))
    }


def _moment(time: int) -> str:
    return f"{moment_of(time):%Y-%m-%d %H:%M}"


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


def write_period(
    period: Period,
    tables: Sequence[Table],
    problems: Mapping[Path, str],
    directory: Path,
    now: datetime,
) -> list[Path]:
    """Write a page, JSON, and CSV files, whose names begin with the period.

    Raises OSError; ``now`` is UTC.
    """
    directory.mkdir(parents=True, exist_ok=True)
    start = directory / f"access-key-period-{period.first}-{period.last}"
    page = environment().get_template("over_time/period.html.j2").render(
        title=f"Access keys from {period.first} to {period.last}",
        subtitle=f"Written on {now:%Y-%m-%d %H:%M} UTC by prowler-access-keys "
        f"{version('prowler-access-keys')}. Days are UTC.",
        tables=tables,
        problems=problems,
    )  # fmt: skip
    data = {
        "from": f"{period.first}",
        "to": f"{period.last}",
        "created": now.isoformat(),
        "left_out": {str(path): why for path, why in problems.items()},
        **{
            table.title: [dict(zip(table.columns, row, strict=True)) for row in table.rows]
            for table in tables
        },
    }
    written = [Path(f"{start}.html"), Path(f"{start}.json")]
    for path, text in zip(written, (page, json.dumps(data, indent=1)), strict=True):
        with whole_file(path) as file:
            file.write(text.encode("utf-8", "replace"))
    for table in tables:
        written.append(Path(f"{start}-{table.title.lower().replace(' ', '-')}.csv"))
        write_rows(table.columns, table.rows, written[-1])
    return written
