"""What has changed since an earlier run, finding by finding."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, AwareDatetime, TypeAdapter, ValidationError

from .collected import Collected
from .reports import Finding

Kind = Literal["new", "fixed", "still there", "muted", "gone", "not known"]
KINDS: tuple[Kind, ...] = ("new", "fixed", "still there", "muted", "gone", "not known")


def _of_our_time(moment: datetime) -> datetime:
    if not 2000 <= moment.year <= 2100:
        raise ValueError("not in this century")
    return moment


Moment = Annotated[AwareDatetime, AfterValidator(_of_our_time)]


class UnusableSnapshotError(Exception):
    """A file that is not the data of an earlier run; the text says so."""


@dataclass(frozen=True)
class Remembered:
    """A finding as the data of a run has it."""

    account: str
    check: str
    user: str
    status: Literal["FAIL", "MANUAL", "muted"]


@dataclass(frozen=True)
class Snapshot:
    """What the data of a run says for later runs."""

    version: Literal[1]
    created: Moment
    accounts: Mapping[str, Mapping[str, int]]
    """By account, when each check looked at it: seconds since 1970, UTC."""
    names: Mapping[str, str] = field(default_factory=dict)
    """The accounts' names."""
    findings: Mapping[str, Remembered] = field(default_factory=dict)
    """By UID, what failed or was MANUAL."""


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


def snapshot(collected: Collected, now: datetime) -> Snapshot:
    """What later runs compare with; ``now`` is UTC."""
    kept = (*collected.open.items(), *collected.others.items())
    return Snapshot(
        1,
        now,
        {one.account: dict(one.checks) for one in collected.accounts.values()},
        {one.account: one.name for one in collected.accounts.values()},
        {
            uid: _remembered(one)
            for uid, one in kept
            if one.status != "PASS" and not collected.is_stale(one)
        },
    )


def _remembered(finding: Finding) -> Remembered:
    status: Literal["FAIL", "MANUAL"] = "MANUAL" if finding.status == "MANUAL" else "FAIL"
    known = "muted" if finding.muted else status
    return Remembered(finding.account, finding.check, finding.user, known)


def read_snapshot(path: Path) -> Snapshot:
    """The data of an earlier run. Raises UnusableSnapshotError and OSError."""
    try:
        return _SNAPSHOT.validate_json(path.read_bytes())
    except (ValidationError, RecursionError) as error:
        raise UnusableSnapshotError(
            f"{path} is not the data of an earlier run: name its .json file, or leave it out"
        ) from error


def as_json(one: Snapshot) -> bytes:
    """The snapshot as a JSON object."""
    return _SNAPSHOT.dump_json(one)


def changes(
    before: Snapshot, now: Collected, members: Collection[str] | None = None
) -> tuple[Change, ...]:
    """What has changed, for the checks that both runs had.

    * new: it fails now and did not then.
    * fixed: it failed then, and passes now. Only a finding that was looked at again is fixed.
    * still there, muted: it failed then, and does now.
    * gone: its account was looked at again, and the finding is missing: somebody deleted the user,
      or the scan left it out. Or the account is not one of ``members``, the organization's.
    * not known: its account was not scanned, or it could not be read.
    """
    both = _checks(before.accounts.values()) & _checks(one.checks for one in now.accounts.values())
    failed = {
        uid: one
        for uid, one in before.findings.items()
        if one.status == "FAIL" and one.check in both
    }
    gaps = now.gaps()
    told = [
        _became(uid, one, before, now, members, (one.account, one.check) in gaps)
        for uid, one in failed.items()
    ]
    told += [
        _new(uid, finding, before, now)
        for uid, finding in now.open.items()
        if finding.status == "FAIL"
        and finding.check in both
        and uid not in failed
        and not now.is_stale(finding)
    ]
    return tuple(
        sorted(told, key=lambda one: (KINDS.index(one.kind), one.account, one.user, one.check))
    )


def _checks(accounts: Iterable[Iterable[str]]) -> set[str]:
    return {check for checks in accounts for check in checks}


def _became(
    uid: str,
    then: Remembered,
    before: Snapshot,
    now: Collected,
    members: Collection[str] | None,
    has_gap: bool,
) -> Change:
    def change(kind: Kind, why: str = "") -> Change:
        account = now.accounts.get(then.account)
        name = (account and account.name) or before.names.get(then.account, "")
        return Change(kind, then.account, name, then.user, then.check, why)

    if members is not None and then.account not in members:
        return change("gone", "its account has left the organization")
    account = now.accounts.get(then.account)
    looked_then = before.accounts.get(then.account, {}).get(then.check, 0)
    if account is None or account.checks.get(then.check, 0) <= looked_then:
        return change("not known", "its account was not scanned since")
    finding = now.open.get(uid)
    if finding and not now.is_stale(finding):
        if finding.status == "FAIL":
            return change("still there")
        return change("not known", "it could not be read")
    other = now.others.get(uid)
    if other and other.muted and not now.is_stale(other):
        return change("muted")
    status, time = now.followed.get(uid, ("", 0))
    if status == "PASS" and time > looked_then:
        return change("fixed")
    if account.report in now.problems:
        return change("not known", "the report of its account is damaged")
    if has_gap:
        return change("not known", "not all users of its account could be listed")
    return change("gone", "the report does not tell of it: deleted, or left out of the scan")


def _new(uid: str, finding: Finding, before: Snapshot, now: Collected) -> Change:
    known = before.findings.get(uid)
    why = ""
    if known:
        why = "it could not be read then" if known.status == "MANUAL" else "it was muted then"
    elif finding.check not in before.accounts.get(finding.account, {}):
        why = "its account was not scanned then"
    name = now.accounts[finding.account].name
    return Change("new", finding.account, name, finding.user, finding.check, why)


def newest_snapshot(
    directory: Path, pattern: str, before: str
) -> tuple[Snapshot | None, dict[Path, str]]:
    """The newest usable data file there whose name is below ``before``; names begin with the time.

    Also newer ones that cannot be used, and why.
    """
    problems: dict[Path, str] = {}
    older = (path for path in directory.glob(pattern) if path.name < before)
    for path in sorted(older, reverse=True):
        try:
            return read_snapshot(path), problems
        except (UnusableSnapshotError, OSError):
            problems[path] = "it is not the data of an earlier run"
    return None, problems


def began(one: Snapshot) -> str:
    """When the run was, for people."""
    return f"{one.created.astimezone(timezone.utc):%Y-%m-%d %H:%M} UTC"
