"""What of a ranking is new: so that a nightly job is red for that only. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from prowler_access_keys.services.iam.iam_access_keys.facts import ACCOUNT_NAME, ROOT_USER_NAME

from ..entries.entry import Entry, Group
from ..findings.check_names import INACTIVE
from .changes import Comparison
from .runs import DETAILED
from .snapshot import Snapshot

FailOn = Literal["new", "any", "incident", "never"]
FAIL_ON: tuple[FailOn, ...] = get_args(FailOn)


@dataclass(frozen=True)
class News:
    """What makes a run red, by ``--fail-on``."""

    entries: Sequence[Entry] = ()
    """Everything that is listed."""
    new: Sequence[Entry] = ()
    """What is new since the last run that looked at the account, and every incident."""
    incidents: Sequence[Entry] = ()
    """Every incident, and every account whose users could not all be looked at."""
    unseen: Sequence[str] = ()
    """The accounts that an earlier run looked at, and this one did not."""

    def is_red(self, fail_on: FailOn) -> bool:
        """Whether the run fails. What was not looked at may hide an incident."""
        if fail_on in ("any", "never"):
            return fail_on == "any" and bool(self.entries)
        return bool(self.unseen or (self.new if fail_on == "new" else self.incidents))


def find_news(
    entries: Sequence[Entry], comparison: Comparison, expected: Collection[str] | None = None
) -> News:
    """What is new since the earlier run: everything, if there is none.

    A key is new if none of its checks failed for it then, or if one fails that looked at the
    account then and did not fail for the key. A deactivated key is not news. ``expected`` are the
    accounts that were to be looked at; without them, all that the earlier run had.
    """
    always = [entry for entry in entries if _is_never_known(entry)]
    failures = _EarlierFailures(comparison.before)
    new = [entry for entry in entries if _is_never_known(entry) or failures.is_new(entry)]
    unseen = [
        account
        for account in _unseen_accounts(comparison)
        if expected is None or account in expected
    ]
    return News(entries, new, always, unseen)


def _unseen_accounts(comparison: Comparison) -> list[str]:
    """The accounts that not all checks looked at again that this run has, or the run before had.

    A check that only older runs had was left out on purpose.
    """
    looks, before = comparison.looks, comparison.before
    had = {check for _, check in looks}
    for scan in before.scans:
        had.update(scan.failed, scan.not_judged, scan.passed)
    unseen = []
    for account, checks in sorted(before.accounts.items()):
        due = {(account, check) for check in checks if check in had}
        if not due or due - looks:
            unseen.append(account)
    return unseen


def _is_never_known(entry: Entry) -> bool:
    """Whether it is an incident, or an account whose users could not all be looked at."""
    is_incident = entry.group is Group.INCIDENT and entry.user != ROOT_USER_NAME
    return is_incident or entry.user in (ACCOUNT_NAME, entry.account)


class _EarlierFailures:
    """What failed, or could not be judged, in the last run that looked at its account."""

    def __init__(self, before: Snapshot) -> None:
        self.before = before
        self.checks = defaultdict[tuple[str, str], set[str]](set)
        """By account, and key or user, the checks that failed."""
        self.not_passed: set[tuple[str, str, str]] = set()
        """By account, user, and check, what failed, or could not be judged."""
        for then in before.findings.values():
            if then.status != "muted":
                self.not_passed.add((then.account, then.user, then.check))
            if then.status == "FAIL":
                # The root user's keys are known by its ARN and, if a session listed them, by ID.
                has_ids = any(not key.startswith("arn:") for key in then.keys)
                for name in then.keys if has_ids else (*then.keys, then.user):
                    self.checks[then.account, name].add(then.check)

    def is_new(self, entry: Entry) -> bool:
        """Whether the earlier run did not say as much of the key, or of the user."""
        if not entry.is_to_act_on:
            about = {(entry.account, entry.user, check) for check in entry.checks}
            return not about <= self.not_passed
        names = {entry.access_key_id or entry.arn}
        if self.before.version < DETAILED or entry.user == ROOT_USER_NAME:
            names.add(entry.user)  # all keys of a user whose IDs the earlier run did not know
        failed = set[str]().union(*(self.checks[entry.account, name] for name in names))
        if failed and entry.checks == (INACTIVE,):  # somebody has deactivated it
            return False
        looked = self.before.accounts.get(entry.account, {})
        return not failed & set(entry.checks) or any(
            check in looked and check not in failed for check in entry.checks
        )
