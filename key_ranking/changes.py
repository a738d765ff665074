"""What has changed since an earlier run, finding by finding, and what later runs must know."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Annotated, Literal, get_args

from pydantic import AwareDatetime, Field, TypeAdapter, ValidationError

from .accepted import is_accepted
from .collected import AHEAD, Collected
from .reports import LATEST, Finding
from .whole_file import UnusableFileError, regular_file

Kind = Literal["new", "fixed", "still there", "accepted", "muted", "gone", "not known"]
KINDS: tuple[Kind, ...] = get_args(Kind)
FORMAT: Literal[2] = 2
Seconds = Annotated[int, Field(ge=0, le=LATEST)]
"""Since 1970, UTC."""


class UnusableSnapshotError(Exception):
    """A file that is not the data of an earlier run, or of another one; the text says so."""


@dataclass(frozen=True)
class Remembered:
    """A finding as the newest run that judged it had it."""

    account: str
    check: str
    user: str
    status: Literal["FAIL", "MANUAL", "muted"]
    seen: Seconds = 0
    """When that scan began; 0 in the first format, where it is when its check looked last."""


@dataclass(frozen=True)
class Snapshot:
    """What a run and those before it say to later runs.

    Accounts, checks, and findings that a run did not look at are carried on with their dates.
    """

    version: Literal[1, 2]
    created: Annotated[AwareDatetime, Field(ge=datetime(2000, 1, 1, tzinfo=timezone.utc))]
    accounts: Mapping[str, Mapping[str, Seconds]]
    """By account, when each check looked at it last."""
    names: Mapping[str, str] = field(default_factory=dict)
    """The accounts' names."""
    findings: Mapping[str, Remembered] = field(default_factory=dict)
    """By UID, what failed, was muted, or was MANUAL and has not failed or been muted before."""
    organization: str = ""
    """The organization's ID, if the run was one of an organization; the first format has none."""


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


def snapshot(
    collected: Collected,
    now: datetime,
    before: Snapshot | None = None,
    members: Collection[str] | None = None,
    organization: str = "",
) -> Snapshot:
    """What later runs compare with; ``now`` is UTC. ``members`` are as in ``changes``."""
    looks = {account.account: dict(account.checks) for account in collected.accounts.values()}
    names = {account.account: account.name for account in collected.accounts.values()}
    findings = {
        uid: Remembered(
            finding.account,
            finding.check,
            finding.user,
            "muted" if finding.muted else "MANUAL" if finding.status == "MANUAL" else "FAIL",
            finding.time,
        )
        for uid, finding in (*collected.open.items(), *collected.others.items())
        if finding.status != "PASS" and not collected.is_stale(finding)
    }
    if before:
        for account, checks in before.accounts.items():
            if members is None or account in members:
                names.setdefault(account, before.names.get(account, ""))
                carried = looks.setdefault(account, {})
                for check, time in checks.items():
                    carried[check] = max(time, carried.get(check, 0))
        fates = _Fates(before, collected, members)
        for uid, then in before.findings.items():
            is_kept = uid not in findings or then.status != "MANUAL"
            if is_kept and fates.of(uid, then)[0] == "not known":
                findings[uid] = replace(then, seen=then.seen or fates.looked(then))
    return Snapshot(FORMAT, now, looks, names, findings, organization)


def read_snapshot(path: Path, now: datetime, organization: str = "") -> Snapshot:
    """The data of an earlier run; ``now`` is UTC.

    Raises UnusableSnapshotError, also if it is of another organization than this one, of a later
    version, or dated ahead: what it says of that time would outrank what is found now.
    """
    try:
        with regular_file(path) as file:
            text = file.read()
        before = _SNAPSHOT.validate_json(text)
    except UnusableFileError as error:
        raise UnusableSnapshotError(f"{path}: {error}") from error
    except (ValidationError, RecursionError) as error:
        later = isinstance(error, ValidationError) and any(
            problem["loc"] == ("version",) and isinstance(problem["input"], int)
            and problem["input"] > FORMAT for problem in error.errors()
        )  # fmt: skip
        why = "was written by a later version of this plug-in"
        why = why if later else "is not the data of an earlier run (its .json file)"
        raise UnusableSnapshotError(f"{path} {why}") from error
    looks = (time for checks in before.accounts.values() for time in checks.values())
    if max([before.created.timestamp(), *looks]) > (now + AHEAD).timestamp():
        raise UnusableSnapshotError(f"{path} is dated later than now")
    if organization and before.organization not in ("", organization):
        raise UnusableSnapshotError(
            f"{path} is of the organization {before.organization}, and not of {organization}"
        )
    return before


def as_json(data: Snapshot) -> bytes:
    """The snapshot as a JSON object."""
    return _SNAPSHOT.dump_json(data)


def changes(
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
            when = datetime.fromtimestamp(looked, timezone.utc)
            return "not known", f"its account has not been scanned since {when:%Y-%m-%d}"
        finding = now.open.get(uid)
        if finding and not now.is_stale(finding):
            if finding.status == "FAIL":
                return "still there", ""
            return "not known", "it could not be read"
        other = now.others.get(uid)
        if other and other.muted and not now.is_stale(other):
            return "accepted" if is_accepted(other) else "muted", ""
        status, time = now.followed.get(uid, ("", 0))
        if status == "PASS" and time > looked:
            return "fixed", ""
        if account.report in now.problems:
            return "not known", "not all of its account's report could be used"
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


def newest_snapshot(
    directory: Path, pattern: str, before: str, now: datetime, organization: str = ""
) -> tuple[Snapshot | None, list[str]]:
    """The newest usable data file there whose name is below ``before``; names begin with the time.

    Skips runs that saw no account. The second value says why newer files cannot be used.
    """
    problems: list[str] = []
    older = (path for path in directory.glob(pattern) if path.name < before)
    for path in sorted(older, reverse=True):
        try:
            found = read_snapshot(path, now, organization)
        except UnusableSnapshotError as error:
            problems.append(str(error))
        else:
            if found.accounts:
                return found, problems
    return None, problems


def require_common_account(before: Snapshot, path: Path, accounts: Collection[str]) -> None:
    """Raise UnusableSnapshotError if the run to compare with saw none of these accounts.

    Reports name no organization. Their accounts say as much: with none in common, nothing can be
    compared, and the file is most likely another one than the user meant.
    """
    if not before.accounts.keys() & set(accounts):
        raise UnusableSnapshotError(f"{path} is of other accounts: it has none of these")


def began(data: Snapshot) -> str:
    """When the run was, for people."""
    return f"{data.created.astimezone(timezone.utc):%Y-%m-%d %H:%M} UTC"
