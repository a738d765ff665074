"""An entry of the ranked list, and why no key is known. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

from prowler_access_keys.services.iam.iam_access_keys.facts import ACCOUNT_NAME, ROOT_USER_NAME
from prowler_access_keys.services.iam.iam_access_keys.findings.advice import Action as AdviceAction

from ..findings.collected import AccountSeen
from ..findings.reports import Finding
from .actions import Action, KeyAction


class Group(IntEnum):
    """The order of the list: see ``rank``."""

    INCIDENT = 1
    ADMINISTRATOR = 2
    CAN_GO_NOW = 3
    NEEDS_WORK = 4
    INACTIVE = 5
    NOT_KNOWN = 6


@dataclass(frozen=True)
class Entry:
    """A key that something fails for, or what could not be read."""

    group: Group
    account: str
    account_name: str
    unit: str
    user: str
    arn: str
    access_key_id: str
    """Or the ID of an API key; empty for what could not be read, and for keys of the root user if
    its credential report was, which has no IDs."""
    action: Action
    advice: str
    checks: tuple[str, ...]
    command: str = ""
    """The command that ends with it; what the advice says comes first."""
    undo: str = ""
    owner: str = ""
    age_days: int | None = None
    last_used_date: str = ""
    last_used_days: int | None = None
    """How many days that is before the ranking; None if it is not known."""
    last_used_service: str = ""
    last_used_region: str = ""
    usage: str = ""
    """What uses it, as CloudTrail's newest events say, in sentences; empty if not asked."""
    origin: str = ""
    """Who created it, as CloudTrail says, in a sentence; empty if not asked."""
    creator: str = ""
    """The same as a name, if it was another one than the user itself."""
    destinations: str = ""
    """Where what uses it could go, with why, confidence, and AWS's page."""
    administrator: bool | None = None
    """None if no finding says so."""
    quarantined: bool | None = None

    @property
    def is_to_act_on(self) -> bool:
        """Whether it is a key, and not a gap in what was read."""
        return self.group is not Group.NOT_KNOWN

    @property
    def history_id(self) -> str:
        """What its history is kept by: its ID or, for all keys of the root user, the ARN."""
        return self.arn if self.user == ROOT_USER_NAME else self.access_key_id

    @property
    def can_go_now(self) -> bool:
        """Whether nothing stands against deactivating it at once."""
        return self.action is AdviceAction.DEACTIVATE


@dataclass(frozen=True)
class Cause:
    """Why no key is known, and the users and accounts that it concerns: one line for all."""

    why: str
    entries: tuple[Entry, ...]

    @property
    def is_failure(self) -> bool:
        """Whether the checks fail, and were not left without a verdict."""
        return self.entries[0].action is KeyAction.SEE_REPORT

    @property
    def checks(self) -> list[str]:
        """The checks of its findings."""
        return sorted({check for entry in self.entries for check in entry.checks})

    @property
    def where(self) -> str:
        """The user and the account, or how many there are."""
        first, accounts = self.entries[0], {entry.account for entry in self.entries}
        users = {
            (entry.account, entry.user)
            for entry in self.entries
            if entry.user not in (ACCOUNT_NAME, entry.account)
        }
        if len(self.entries) == 1:
            account = word_account(first.account, first.account_name)
            return f"{first.user} in {account}" if users else account
        number = f"{len(accounts):,} account{'' if len(accounts) == 1 else 's'}"
        return (
            f"{len(users):,} user{'' if len(users) == 1 else 's'} in {number}" if users else number
        )

    def __str__(self) -> str:
        return f"{self.where}. {self.why}"


def find_causes(entries: Iterable[Entry]) -> list[Cause]:
    """What is not known, by cause: that of most users first."""
    by_cause: dict[tuple[Action, str], list[Entry]] = {}
    for entry in entries:
        if not entry.is_to_act_on:
            by_cause.setdefault((entry.action, entry.advice), []).append(entry)
    found = [Cause(why, tuple(alike)) for (_, why), alike in by_cause.items()]
    return sorted(found, key=lambda cause: (-len(cause.entries), cause.why))


def word_account(account: str, name: str) -> str:
    """An account by its name, if that is known, and its number."""
    return f"{name} ({account})" if name else account


def entry_of(
    finding: Finding, account: AccountSeen, group: Group, action: Action, advice: str
) -> Entry:
    """An entry about what a finding is about, without a key."""
    return Entry(
        group, account.account, account.name, account.unit, finding.user, finding.arn, "",
        action, advice, (),
    )  # fmt: skip
