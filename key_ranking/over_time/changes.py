"""What has changed since an earlier run, finding by finding, and what later runs must know."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import BinaryIO, Literal, get_args

from pydantic import TypeAdapter

from ..findings.accepted import is_accepted
from ..findings.collected import Collected
from ..findings.reports import Finding, moment_of
from ..whole_file import UnusableFileError
from .history import History, Seconds, credentials_of, follow_keys
from .runs import (
    FORMAT,
    DatedFigures,
    Run,
    head_and_rest,
    read_data,
    read_runs,
    scans_of,
    sum_up,
)

Kind = Literal["new", "fixed", "still there", "accepted", "muted", "gone", "not known"]
KINDS: tuple[Kind, ...] = get_args(Kind)
RUNS = 400
"""The newest runs whose figures are drawn."""


@dataclass(frozen=True)
class Remembered:
    """A finding as the newest run that judged it had it."""

    account: str
    check: str
    user: str
    status: Literal["FAIL", "MANUAL", "muted"]
    seen: Seconds = 0
    """When that scan began; 0 in the first format, where it is when its check looked last."""
    keys: tuple[str, ...] = ()
    """The keys that fail, by ID; none before the third format."""
    user_id: str = ""


@dataclass(frozen=True, kw_only=True)
class Snapshot(Run):
    """What a run and those before it say to later runs.

    Accounts, checks, findings, and keys that a run did not look at are carried on with their dates.
    """

    accounts: Mapping[str, Mapping[str, Seconds]]
    """By account, when each check looked at it last."""
    names: Mapping[str, str] = field(default_factory=dict)
    """The accounts' names."""
    findings: Mapping[str, Remembered] = field(default_factory=dict)
    """By UID, what failed, was muted, or was MANUAL and has not failed or been muted before."""
    active: Mapping[str, int] = field(default_factory=dict)
    """The accounts' active access keys, as far as a scan counted them."""
    histories: Mapping[str, History] = field(default_factory=dict)
    """By key ID, all keys that have failed."""

    def times(self) -> Iterator[int]:
        """When scans began, and checks looked."""
        yield from super().times()
        for checks in self.accounts.values():
            yield from checks.values()


@dataclass(frozen=True)
class Change:
    """What has become of a finding that failed, or fails now."""

    kind: Kind
    account: str
    account_name: str
    user: str
    check: str
    why: str = ""


_SNAPSHOT = TypeAdapter(Snapshot)


def take_snapshot(
    collected: Collected,
    now: datetime,
    before: Snapshot | None = None,
    members: Collection[str] | None = None,
    organization: str = "",
    chosen: Collection[str] = (),
) -> Snapshot:
    """What later runs compare with; ``now`` is UTC. ``members`` are as in ``find_changes``.

    ``chosen`` are the accounts that were to be scanned, if that is known.
    """
    scans = scans_of(collected, before.accounts if before else {})
    looks = {account.account: dict(account.checks) for account in collected.accounts.values()}
    names = {account.account: account.name for account in collected.accounts.values()}
    findings = {
        uid: Remembered(
            finding.account,
            finding.check,
            finding.user,
            "muted" if finding.muted else "MANUAL" if finding.status == "MANUAL" else "FAIL",
            finding.time,
            credentials_of(finding),
            finding.data.user_id,
        )
        for uid, finding in (*collected.open.items(), *collected.others.items())
        if finding.status != "PASS" and not collected.is_stale(finding)
    }
    active = {
        scan.account: scan.active or 0
        for scan in scans
        if scan.time in collected.accounts[scan.account].whole.values()
    }
    histories: Mapping[str, History] = {}
    if before:
        for account, checks in before.accounts.items():
            if members is None or account in members:
                names.setdefault(account, before.names.get(account, ""))
                if account in before.active:
                    active.setdefault(account, before.active[account])
                carried = looks.setdefault(account, {})
                for check, time in checks.items():
                    carried[check] = max(time, carried.get(check, 0))
        fates = _Fates(before, collected, members)
        for uid, then in before.findings.items():
            is_kept = uid not in findings or then.status != "MANUAL"
            if is_kept and fates.of(uid, then)[0] == "not known":
                findings[uid] = replace(then, seen=then.seen or fates.looked(then))
        histories = before.histories

    def fate(uid: str, then: Remembered) -> Kind:
        return fates.of(uid, then)[0]

    remembered = before.findings if before else {}
    histories = follow_keys(histories, remembered, collected, fate, now, members)
    unseen = tuple(sorted({*looks, *chosen} - {scan.account for scan in scans}))
    return Snapshot(
        version=FORMAT,
        created=now,
        organization=organization,
        previous=before.created if before else None,
        scans=scans,
        unseen=unseen,
        figures=sum_up(active, histories.values()),
        accounts=looks,
        names=names,
        findings=findings,
        active=active,
        histories=histories,
    )


def read_snapshot(path: Path, now: datetime, organization: str = "") -> Snapshot:
    """The same as ``read_data``, of the whole file. An error names the file."""
    try:
        return read_data(path, now, organization, parse_whole)
    except UnusableFileError as error:
        raise UnusableFileError(f"{path}: {error}") from error


def parse_whole(file: BinaryIO) -> Snapshot:
    """All data in a file. Raises ValidationError."""
    return _SNAPSHOT.validate_json(file.read())


def as_json(data: Snapshot) -> bytes:
    """The snapshot as a JSON object, with what ``read_data`` reads in the first line."""
    return head_and_rest(_SNAPSHOT.dump_python(data, mode="json"))


def find_changes(
    before: Snapshot, now: Collected, members: Collection[str] | None = None
) -> tuple[Change, ...]:
    """What has changed, for the checks that both runs had.

    * new: it fails now and did not then.
    * fixed: it failed then, and passes now. Only a finding that was looked at again is fixed.
    * still there, accepted, muted: it failed then, and does now; an exception may accept it, or a
      mutelist mute it.
    * gone: its account was looked at again, and the finding is missing: somebody deleted the user,
      or the scan left it out. Or the account is not one of ``members``, the organization's.
    * not known: its account was not scanned, or it could not be read.
    """
    both = _checks(before.accounts.values()) & _checks(
        account.checks for account in now.accounts.values()
    )
    failed = {
        uid: then
        for uid, then in before.findings.items()
        if then.status == "FAIL" and then.check in both
    }
    fates = _Fates(before, now, members)
    found = []
    for uid, then in failed.items():
        account = now.accounts.get(then.account)
        name = (account and account.name) or before.names.get(then.account, "")
        kind, why = fates.of(uid, then)
        found.append(Change(kind, then.account, name, then.user, then.check, why))
    found += [
        _new(uid, finding, before, now)
        for uid, finding in now.open.items()
        if finding.status == "FAIL"
        and finding.check in both
        and uid not in failed
        and not now.is_stale(finding)
    ]
    return tuple(sorted(found, key=lambda c: (KINDS.index(c.kind), c.account, c.user, c.check)))


def _checks(accounts: Iterable[Iterable[str]]) -> set[str]:
    return {check for checks in accounts for check in checks}


class _Fates:
    """What has become of the findings of an earlier run."""

    def __init__(self, before: Snapshot, now: Collected, members: Collection[str] | None) -> None:
        self.before, self.now, self.members = before, now, members
        self.gaps = now.gaps()

    def looked(self, then: Remembered) -> int:
        """When its check had last looked at its account."""
        return self.before.accounts.get(then.account, {}).get(then.check, 0)

    def of(self, uid: str, then: Remembered) -> tuple[Kind, str]:
        """What has become of one, and why, if that must be said."""
        now = self.now
        if self.members is not None and then.account not in self.members:
            return "gone", "its account has left the organization"
        account, looked = now.accounts.get(then.account), self.looked(then)
        if account is None or account.checks.get(then.check, 0) <= looked:
            when = f"{moment_of(looked):%Y-%m-%d}"
            return "not known", f"its account has not been scanned since {when}"
        finding = now.open.get(uid)
        if finding and not now.is_stale(finding):
            if finding.status == "FAIL":
                return "still there", ""
            return "not known", "it could not be read"
        other = now.others.get(uid)
        if other and other.muted and not now.is_stale(other):
            return "accepted" if is_accepted(other) else "muted", ""
        newest = now.followed.get(uid.partition(" ")[2], {}).get(then.check)
        if newest and newest.status == "PASS" and newest.time > looked:
            return "fixed", ""
        if now.is_partial(then.account, then.check):
            return "not known", "the newest scan was limited, or not all of its report can be used"
        if (then.account, then.check) in self.gaps:
            return "not known", "not all users of its account could be listed"
        return "gone", "the report has no such finding: deleted, or left out of the scan"


def _new(uid: str, finding: Finding, before: Snapshot, now: Collected) -> Change:
    known = before.findings.get(uid)
    why = ""
    if known:
        why = "it could not be read then" if known.status == "MANUAL" else "it was muted then"
    elif finding.check not in before.accounts.get(finding.account, {}):
        why = "its account was not scanned then"
    name = now.accounts[finding.account].name
    return Change("new", finding.account, name, finding.user, finding.check, why)


def earlier_runs(
    directory: Path, pattern: str, before: str, now: datetime, organization: str = ""
) -> tuple[Snapshot | None, list[DatedFigures], dict[Path, str]]:
    """The newest usable run there that saw an account, and the figures of the newest runs.

    Names of data files begin with the time, and are below ``before``. The third value says why
    files cannot be used.
    """
    problems: dict[Path, str] = {}
    older = sorted((path for path in directory.glob(pattern) if path.name < before), reverse=True)
    runs = read_runs(older[:RUNS], now, problems, organization)
    figures = [(run.created, run.figures) for _, run in runs if run.figures]
    for path in older:
        try:
            found = read_data(path, now, organization, parse_whole)
        except UnusableFileError as error:
            problems[path] = str(error)
        else:
            if found.accounts:
                return found, figures, problems
    return None, figures, problems


def require_common_account(before: Snapshot, path: Path, accounts: Collection[str]) -> None:
    """Raise UnusableFileError if the run to compare with saw none of these accounts.

    Reports name no organization. Their accounts say as much: with none in common, nothing can be
    compared, and the file is most likely another one than the user meant.
    """
    if not before.accounts.keys() & set(accounts):
        raise UnusableFileError(f"{path}: it is of other accounts, and has none of these")


def word_time(data: Snapshot) -> str:
    """When the run was, for people."""
    return f"{data.created.astimezone(timezone.utc):%Y-%m-%d %H:%M} UTC"
