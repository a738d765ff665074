"""What has become of the findings of an earlier run. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, get_args

from ..findings.accepted import is_accepted
from ..findings.collected import Collected
from ..findings.remembered import Remembered
from ..findings.reports import Finding, moment_of, person_of
from .snapshot import Snapshot

Kind = Literal["new", "fixed", "still there", "accepted", "muted", "gone", "not known"]
KINDS: tuple[Kind, ...] = get_args(Kind)


@dataclass(frozen=True)
class Fate:
    """What has become of a finding of an earlier run, and why, if that must be said.

    * fixed: it passes now. Only a finding that was looked at again is fixed.
    * still there, accepted, muted: it fails now; an exception may accept it, or a mutelist mute it.
    * gone: its account was looked at again, and the finding is missing: somebody deleted the user,
      or the scan left it out. Or the account is none of the organization's any more.
    * not known: its account was not scanned, or it could not be read.
    """

    kind: Kind
    why: str = ""


@dataclass(frozen=True)
class Comparison:
    """An earlier run, and what the reports say now."""

    before: Snapshot
    """``NO_RUN``, if there is none."""
    now: Collected
    members: Collection[str] | None = None
    """The IDs of all accounts of the organization, if there is one."""

    def has_left(self, account: str) -> bool:
        """Whether the account is none of the organization's any more."""
        return self.members is not None and account not in self.members

    def looked_then(self, finding: Remembered) -> int:
        """When the finding's check had last looked at its account by then."""
        return self.before.accounts.get(finding.account, {}).get(finding.check, 0)

    @cached_property
    def looks(self) -> set[tuple[str, str]]:
        """The accounts and checks of which a report has a newer look than the earlier run had."""
        return {
            (account, check)
            for account, seen in self.now.accounts.items()
            for check, time in seen.checks.items()
            if time > self.before.accounts.get(account, {}).get(check, -1)
        }

    @cached_property
    def fates(self) -> dict[str, Fate]:
        """By UID, what has become of each finding of the earlier run."""
        gaps = self.now.gaps()
        return {uid: self._fate(uid, then, gaps) for uid, then in self.before.findings.items()}

    def _fate(self, uid: str, then: Remembered, gaps: set[tuple[str, str]]) -> Fate:
        now, look = self.now, (then.account, then.check)
        if self.has_left(then.account):
            return Fate("gone", "its account has left the organization")
        if look not in self.looks:
            when = f"{moment_of(self.looked_then(then)):%Y-%m-%d}"
            return Fate("not known", f"its account has not been scanned since {when}")
        finding = now.open.get(uid)
        if finding and not now.is_stale(finding):
            if finding.status == "FAIL":
                return Fate("still there")
            return Fate("not known", "it could not be read")
        other = now.others.get(uid)
        if other and other.muted and not now.is_stale(other):
            return Fate("accepted" if is_accepted(other) else "muted")
        newest = now.followed.get(person_of(uid), {}).get(then.check)
        if newest and newest.status == "PASS" and newest.time > self.looked_then(then):
            return Fate("fixed")
        if now.is_partial(*look):
            why = "the newest scan was limited, or not all of its report can be used"
            return Fate("not known", why)
        if look in gaps:
            return Fate("not known", "not all users of its account could be listed")
        return Fate("gone", "the report has no such finding: deleted, or left out of the scan")


@dataclass(frozen=True)
class Change:
    """What has become of a finding that failed, or that it is new."""

    kind: Kind
    account: str
    account_name: str
    user: str
    check: str
    why: str = ""


def find_changes(comparison: Comparison) -> tuple[Change, ...]:
    """What has changed, for the checks that both runs had.

    New is what fails now and did not then. For the findings that failed then, see ``Fate``.
    """
    before, now = comparison.before, comparison.now
    both = _checks(before.accounts.values()) & _checks(
        account.checks for account in now.accounts.values()
    )
    failed = {
        uid: then
        for uid, then in before.findings.items()
        if then.status == "FAIL" and then.check in both
    }
    found = []
    for uid, then in failed.items():
        account, fate = now.accounts.get(then.account), comparison.fates[uid]
        name = (account and account.name) or before.names.get(then.account, "")
        found.append(Change(fate.kind, then.account, name, then.user, then.check, fate.why))
    found += [
        Change(
            "new",
            finding.account,
            now.accounts[finding.account].name,
            finding.user,
            finding.check,
            _why_new(finding, before),
        )
        for uid, finding in now.open.items()
        if finding.status == "FAIL"
        and finding.check in both
        and uid not in failed
        and not now.is_stale(finding)
    ]
    return tuple(sorted(found, key=lambda c: (KINDS.index(c.kind), c.account, c.user, c.check)))


def _checks(accounts: Iterable[Iterable[str]]) -> set[str]:
    return {check for checks in accounts for check in checks}


def _why_new(finding: Finding, before: Snapshot) -> str:
    """Why the earlier run did not have it as a failure, if that must be said."""
    known = before.findings.get(finding.uid)
    if known:
        return "it could not be read then" if known.status == "MANUAL" else "it was muted then"
    if finding.check not in before.accounts.get(finding.account, {}):
        return "its account was not scanned then"
    return ""
