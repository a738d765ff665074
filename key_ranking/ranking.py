"""Which key first: one entry for each key that a check fails for, in the order to deal with them.

Pure: from the data of findings, never from their sentences.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from enum import Enum, IntEnum
from functools import cached_property
from typing import Any

from prowler_access_keys.services.iam.iam_access_keys.facts import ROOT_USER_NAME
from prowler_access_keys.services.iam.iam_access_keys.wording import aws_command

from .collected import Collected, Scanned
from .evidence import origin_in_words, usage_in_words
from .facts import Key, UserAdvice
from .reports import Finding

SINGLE_SERVICE = "iam_user_long_term_api_keys"
ADMINISTRATORS = "iam_user_administrator_active_keys"
QUARANTINED = "iam_user_quarantined_active_keys"
SECOND_KEY = "iam_user_multiple_active_keys"
UNUSED = "iam_user_unused_active_keys"
FRESH = timedelta(days=7)
"""How old a scan may be for what it calls unused to be called so."""


class Group(IntEnum):
    """The order of the list: see ``rank``."""

    INCIDENT = 1
    ADMINISTRATOR = 2
    CAN_GO_NOW = 3
    NOT_KNOWN = 4
    NEEDS_WORK = 5
    INACTIVE = 6


class Action(str, Enum):
    """What to do about one key; most are those of the findings' own advice."""

    INCIDENT = "incident"
    KEEP_EVIDENCE = "keep-evidence"
    DELETE_ROOT_KEY = "delete-root-key"
    DEACTIVATE = "deactivate"
    LOOK_AGAIN = "look-again"
    ASK = "ask"
    FINISH_ROTATION = "finish-rotation"
    FIND_CREATOR = "find-creator"
    MOVE = "move"
    REPLACE = "replace"
    FIND_OUT = "find-out"
    CHECK_NEED = "check-need"
    REPLACE_API_KEY = "replace-api-key"
    DELETE = "delete"
    READ_AGAIN = "read-again"


_ADVICE = {
    Action.INCIDENT: "Incident: AWS has seen a key of this user in public. Find out what uses it, "
    "deactivate it, and keep it as evidence.",
    Action.KEEP_EVIDENCE: "Keep it as evidence, inactive: AWS has seen a key of this user in "
    "public, or whether it has could not be read.",
    Action.DELETE_ROOT_KEY: "Delete it: sign in as the root user, or use centralized root access.",
    Action.DEACTIVATE: "Deactivate it now: nothing uses it.",
    Action.LOOK_AGAIN: "Unused as of {seen}: look at its last use again, then deactivate it.",
    Action.ASK: "Unused, but a finding about this user is muted: ask why before you deactivate it.",
    Action.FINISH_ROTATION: "Finish the rotation: put {keep} to use, then deactivate {retire}.",
    Action.FIND_CREATOR: "Find out who created it and why, and deactivate it if it is not needed.",
    Action.MOVE: "Move what uses it to {keep}, then deactivate it.",
    Action.REPLACE: "Move what uses it to temporary credentials, then deactivate it.",
    Action.FIND_OUT: "Find out if it is in use before you deactivate it.",
    Action.CHECK_NEED: "Idle too: deactivate it if the user needs no key at all.",
    Action.REPLACE_API_KEY: "Use a role or short-term API keys instead, then deactivate it.",
    Action.DELETE: "Delete it if nothing will need it again. That cannot be undone.",
    Action.READ_AGAIN: "Allow the call, or scan again.",
}
_WITHOUT_COMMAND = frozenset({Action.DELETE_ROOT_KEY, Action.FIND_OUT, Action.KEEP_EVIDENCE})
_OF_A_FINDING = {one.value: one for one in (
    Action.DEACTIVATE, Action.FINISH_ROTATION, Action.FIND_CREATOR, Action.MOVE, Action.REPLACE,
    Action.FIND_OUT,
)}  # fmt: skip
"""The actions of a finding's advice about the key that is to go. Any other is to be found out."""


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
    """Or the ID of an API key; empty for the root user's keys and what could not be read."""
    action: Action
    advice: str
    checks: tuple[str, ...]
    command: str = ""
    """The command that ends with it; what the advice says comes first."""
    undo: str = ""
    owner: str = ""
    age_days: int | None = None
    last_used_date: str = ""
    last_used_service: str = ""
    last_used_region: str = ""
    usage: str = ""
    """What uses it, as CloudTrail's newest events say, in sentences; empty if not asked."""
    origin: str = ""
    """Who created it, as CloudTrail says, in a sentence; empty if not asked."""
    administrator: bool | None = None
    """None if no check of the report tells."""
    quarantined: bool | None = None

    @property
    def is_to_act_on(self) -> bool:
        """Whether it is a key, and not a gap in what was read."""
        return self.group is not Group.NOT_KNOWN

    @property
    def can_go_now(self) -> bool:
        """Whether nothing stands against deactivating it at once."""
        return self.action is Action.DEACTIVATE


def rank(collected: Collected, now: datetime) -> tuple[Entry, ...]:
    """The keys that fail a check and are not muted, in this order; ``now`` is UTC:

    1. Incidents: keys of users that AWS has quarantined, because somebody else has them; and the
       root user's, because nothing limits them.
    2. Keys of administrators: whoever finds one has the account. Also those that can go now.
    3. Keys that can be deactivated now: nothing uses them, so each takes a minute and no talk. Only
       a scan of the last 7 days says so, and only if no finding about the user is muted.
    4. What is not known: users and accounts that could not be read, or of which a newer report
       says nothing. A key to act on may be behind each, so they come before work that can wait.
    5. Keys in use, unfinished rotations, keys of unknown makers, and API keys: they take work.
    6. Inactive keys: they do not work now, and deleting them cannot be undone.

    Within each, the oldest comes first: the longer a key has lived, the more places know it. Every
    finding that is not muted is behind an entry.
    """
    users: dict[tuple[str, str, str], list[Finding]] = {}
    for finding in (*collected.open.values(), *collected.others.values()):
        if not collected.is_stale(finding):
            users.setdefault((finding.account, finding.arn, finding.user), []).append(finding)
    gaps = collected.gaps()
    entries = list(_not_known(collected))
    for (account, _, _), findings in users.items():
        entries += _User(collected.accounts[account], findings, gaps, now).entries()
    return tuple(sorted(entries, key=_place))


def _place(entry: Entry) -> tuple[Any, ...]:
    age = -1 if entry.age_days is None else entry.age_days
    not_root = entry.user != ROOT_USER_NAME
    return (entry.group, not_root, -age, entry.account, entry.user, entry.access_key_id)


# Keys


@dataclass(frozen=True)
class _User:
    """What the newest findings say about one user."""

    account: Scanned
    every: Sequence[Finding]
    """Also those that are muted, or that could not be read."""
    gaps: set[tuple[str, str]]
    now: datetime

    @cached_property
    def failing(self) -> list[Finding]:
        """What fails and is not muted, the newest first."""
        failing = (one for one in self.every if one.status == "FAIL" and not one.muted)
        return sorted(failing, key=lambda one: -one.time)

    def entries(self) -> Iterator[Entry]:
        """All entries of the user."""
        if not self.failing:
            return
        if self.every[0].user == ROOT_USER_NAME:
            checks = [one.check for one in self.failing if _names_a_key(one)]
            if checks:
                entry = self._entry(Group.INCIDENT, Action.DELETE_ROOT_KEY, checks, Key(""))
                yield replace(entry, administrator=True, quarantined=None)
            return
        yield from self._access_keys()
        yield from self._api_keys()

    def _access_keys(self) -> Iterator[Entry]:
        keys: dict[str, Key] = {}
        failing: dict[str, list[str]] = {}
        for finding in self.failing:
            for key in finding.facts.access_keys:
                newest = keys.setdefault(key.access_key_id, key)
                keys[key.access_key_id] = replace(  # not every check asks CloudTrail for all
                    newest, usage=newest.usage or key.usage, origin=newest.origin or key.origin
                )
            for key_id in _failing_keys(finding):
                failing.setdefault(key_id, []).append(finding.check)
        for key_id, checks in failing.items():
            key = keys.get(key_id, Key(key_id))
            action = self._action(key, checks)
            yield self._entry(self._group(action), action, checks, key)

    def _api_keys(self) -> Iterator[Entry]:
        group = Group.INCIDENT if self.quarantined else Group.NEEDS_WORK
        for finding in self.failing:
            for key in _failing_api_keys(finding):
                yield self._entry(group, Action.REPLACE_API_KEY, [finding.check], key)

    def _action(self, key: Key, checks: Sequence[str]) -> Action:
        """What to do about this key."""
        if not key.active:
            suspect = self.quarantined or any(one.facts.quarantine_unreadable for one in self.every)
            return Action.KEEP_EVIDENCE if suspect else Action.DELETE
        if self.quarantined:
            return Action.INCIDENT
        advice, key_id = self.advice, key.access_key_id
        if key_id == advice.retire:
            return self._cautious(_OF_A_FINDING.get(advice.action, Action.FIND_OUT))
        if advice.action == Action.FINISH_ROTATION.value and key_id == advice.keep:
            return Action.FINISH_ROTATION
        if key_id in advice.creator_of:
            return Action.FIND_CREATOR
        if advice.action not in _OF_A_FINDING or advice.action == Action.FIND_OUT.value:
            return Action.FIND_OUT
        return Action.CHECK_NEED if UNUSED in checks else Action.REPLACE

    def _cautious(self, action: Action) -> Action:
        """Not "now" if the scan is old, or somebody has muted something about the user."""
        if action is not Action.DEACTIVATE:
            return action
        if any(one.muted for one in self.every):
            return Action.ASK
        return action if self.now - self.seen <= FRESH else Action.LOOK_AGAIN

    def _group(self, action: Action) -> Group:
        if action is Action.INCIDENT:
            return Group.INCIDENT
        if action in (Action.DELETE, Action.KEEP_EVIDENCE):
            return Group.INACTIVE
        if self.administrator:
            return Group.ADMINISTRATOR
        return Group.CAN_GO_NOW if action is Action.DEACTIVATE else Group.NEEDS_WORK

    def _entry(self, group: Group, action: Action, checks: Iterable[str], key: Key) -> Entry:
        finding, account, retire = self.failing[0], self.account, key.access_key_id
        if action is Action.FINISH_ROTATION:
            retire = self.advice.retire or retire  # also in the entry of the key that stays
        command, undo = _commands(finding.user, retire, action)
        advice = _ADVICE[action].format(
            keep=self.advice.keep, retire=retire, seen=f"{self.seen:%Y-%m-%d}"
        )
        return Entry(
            group,
            account.account,
            account.name,
            account.unit,
            finding.user,
            finding.arn,
            key.access_key_id,
            action,
            advice,
            tuple(sorted(checks)),
            command,
            undo,
            next((one.facts.owner for one in self.every if one.facts.owner), ""),
            key.age_days,
            key.last_used_date,
            key.last_used_service,
            key.last_used_region,
            usage_in_words(key),
            origin_in_words(key, finding.arn),
            self.administrator,
            self.quarantined,
        )

    @cached_property
    def advice(self) -> UserAdvice:
        """The newest advice about the user's keys; empty if there is none."""
        given = (one.facts.advice for one in self.failing if one.facts.advice)
        return next(given, UserAdvice(""))

    @property
    def seen(self) -> datetime:
        """When the newest of the findings was made (UTC)."""
        return datetime.fromtimestamp(self.failing[0].time, timezone.utc)

    @cached_property
    def administrator(self) -> bool | None:
        """Whether the user is an administrator; None if no check tells."""
        is_one = any(one.facts.administrator for one in self.every)
        return True if is_one else self._no_if_told_by(ADMINISTRATORS)

    @cached_property
    def quarantined(self) -> bool | None:
        """Whether AWS has quarantined the user; None if no check tells."""
        if any(one.facts.quarantine_policies for one in self.every):
            return True
        if any(one.facts.quarantine_unreadable for one in self.every):
            return None
        return self._no_if_told_by(QUARANTINED)

    def _no_if_told_by(self, check: str) -> bool | None:
        """No, if this check has looked at the user when its findings were made; else None."""
        looked = self.account.checks.get(check, -1) >= self.failing[0].time
        unread = any(
            one.check == check and (one.status == "MANUAL" or one.facts.unreadable)
            for one in self.every
        )
        return None if not looked or unread or (self.account.account, check) in self.gaps else False


def _names_a_key(finding: Finding) -> bool:
    """Whether the finding fails, and says for which keys; the root user's have no IDs."""
    if finding.status != "FAIL":
        return False
    if finding.user == ROOT_USER_NAME:
        return not finding.facts.unreadable
    return bool(_failing_keys(finding) or _failing_api_keys(finding))


def _failing_keys(finding: Finding) -> Sequence[str]:
    """The keys that the check fails for: for a second key, not the one that may stay."""
    facts = finding.facts
    if facts.failing_access_keys is not None:
        return facts.failing_access_keys
    listed = [key.access_key_id for key in facts.access_keys]
    keep = facts.advice.keep if facts.advice and finding.check == SECOND_KEY else ""
    return [key_id for key_id in listed if key_id != keep] or listed


def _failing_api_keys(finding: Finding) -> list[Key]:
    """The API keys, and passwords for a single service, that the check fails for."""
    if finding.check != SINGLE_SERVICE:
        return []
    named = finding.facts.failing_service_specific_credentials
    return [
        Key(one.service_specific_credential_id, one.age_days)
        for one in finding.facts.service_specific_credentials
        if named is None or one.service_specific_credential_id in named
    ]


def _commands(user: str, key_id: str, action: Action) -> tuple[str, str]:
    """The command that ends with a key, and the one that undoes it; empty if there is none."""
    name = f"--user-name={user}"
    if action in _WITHOUT_COMMAND:
        return "", ""
    if action is Action.DELETE:
        return aws_command("iam", "delete-access-key", name, "--access-key-id", key_id), ""
    if action is Action.REPLACE_API_KEY:
        words = ["update-service-specific-credential", name, "--service-specific-credential-id"]
    else:
        words = ["update-access-key", name, "--access-key-id"]
    off, on = (aws_command("iam", *words, key_id, "--status", s) for s in ("Inactive", "Active"))
    return off, on


# What is not known


def _not_known(collected: Collected) -> Iterable[Entry]:
    """An entry for each user or account of which something could not be read."""
    entries: dict[tuple[str, str, str, str], Entry] = {}
    for finding in collected.open.values():
        if _names_a_key(finding) and not collected.is_stale(finding):
            continue
        why = _why_not_known(finding, collected)
        account = collected.accounts[finding.account]
        entry = Entry(
            Group.NOT_KNOWN,
            finding.account,
            account.name,
            account.unit,
            finding.user,
            finding.arn,
            "",
            Action.READ_AGAIN,
            why,
            (),
            owner=finding.facts.owner,
        )
        place = (finding.account, finding.arn, finding.user, why)
        known = entries.setdefault(place, entry)
        checks = tuple(sorted({*known.checks, finding.check}))
        entries[place] = replace(known, checks=checks)
    return entries.values()


def _why_not_known(finding: Finding, collected: Collected) -> str:
    """Why the finding names no key to act on."""
    if collected.is_stale(finding):
        moments = (finding.time, collected.accounts[finding.account].checks[finding.check])
        then, now = (datetime.fromtimestamp(one, timezone.utc) for one in moments)
        return (
            f"It failed on {then:%Y-%m-%d}, and the scan of {now:%Y-%m-%d} does not tell of it: "
            "it is gone, or that scan left it out."
        )
    if not finding.is_readable:
        return "The data of its finding are not as these checks write them; the report says more."
    failed = finding.facts.unreadable
    what = f"{failed.call} failed with {failed.error_code}" if failed else ""
    if finding.status == "MANUAL":
        if what:
            return f"It could not be read: {what}. {_ADVICE[Action.READ_AGAIN]}"
        return "It could not be judged; the report says why."
    return f"It fails, and no key is named{f': {what}' if what else '; the report says why'}."
