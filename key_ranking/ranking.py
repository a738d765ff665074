"""Which key first: one entry for each key that a check fails for, in the order to deal with them.

Pure: from the data of findings, never from their sentences.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from enum import Enum, IntEnum
from typing import Any

from prowler_access_keys.services.iam.iam_access_keys.facts import ROOT_USER_NAME
from prowler_access_keys.services.iam.iam_access_keys.wording import aws_command

from .collected import Collected, Scanned
from .reports import Finding

SINGLE_SERVICE = "iam_user_long_term_api_keys"
ADMINISTRATORS = "iam_user_administrator_active_keys"
QUARANTINED = "iam_user_quarantined_active_keys"
SECOND_KEY = "iam_user_multiple_active_keys"
UNUSED = "iam_user_unused_active_keys"


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
    DELETE_ROOT_KEY = "delete-root-key"
    DEACTIVATE = "deactivate"
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
    Action.DELETE_ROOT_KEY: "Delete it: sign in as the root user, or use centralized root access.",
    Action.DEACTIVATE: "Deactivate it now: nothing uses it.",
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


def rank(collected: Collected) -> tuple[Entry, ...]:
    """The keys that fail a check and are not muted, in this order:

    1. Incidents: keys of users that AWS has quarantined, because somebody else has them; and the
       root user's, because nothing limits them.
    2. Keys of administrators: whoever finds one has the account. Also those that can go now.
    3. Keys that can be deactivated now: nothing uses them, so each takes a minute and no talk.
    4. What is not known: users and accounts that could not be read, or of which a newer report
       says nothing. A key to act on may be behind each, so they come before work that can wait.
    5. Keys in use, unfinished rotations, keys of unknown makers, and API keys: they take work.
    6. Inactive keys: they do not work now, and deleting them cannot be undone.

    Within each, the oldest comes first: the longer a key has lived, the more places know it.
    """
    entries = [*_keys(collected), *_not_known(collected)]
    return tuple(sorted(entries, key=_place))


def _place(entry: Entry) -> tuple[Any, ...]:
    age = -1 if entry.age_days is None else entry.age_days
    not_root = entry.user != ROOT_USER_NAME
    return (entry.group, not_root, -age, entry.account, entry.user, entry.access_key_id)


# Keys


def _keys(collected: Collected) -> Iterator[Entry]:
    users: dict[tuple[str, str], list[Finding]] = {}
    for finding in (*collected.open.values(), *collected.muted.values()):
        users.setdefault((finding.account, finding.arn), []).append(finding)
    for (account, _), findings in users.items():
        failing = [
            one
            for one in findings
            if one.status == "FAIL" and not one.muted and not collected.is_stale(one)
        ]
        if failing:
            about = _About(collected.accounts[account], failing, findings)
            if failing[0].user == ROOT_USER_NAME:
                yield about.root_key()
            yield from about.access_keys()
            yield from about.api_keys()


@dataclass(frozen=True)
class _About:
    """What findings say about one user."""

    account: Scanned
    failing: Sequence[Finding]
    every: Sequence[Finding]
    """Also those that are muted, or that could not be read."""

    def root_key(self) -> Entry:
        """The entry of the root user's keys, which have no IDs in any report."""
        checks = [one.check for one in self.failing]
        entry = self.entry(Group.INCIDENT, "", Action.DELETE_ROOT_KEY, checks, {})
        return replace(entry, administrator=True, quarantined=None)

    def access_keys(self) -> Iterator[Entry]:
        """An entry for each access key that a finding fails for."""
        keys: dict[str, Mapping[str, Any]] = {}
        failing: dict[str, list[str]] = {}
        for finding in self.failing:
            listed = {key["access_key_id"]: key for key in finding.facts.get("access_keys", ())}
            keys.update(listed)
            for key_id in self._failing(finding, listed):
                failing.setdefault(key_id, []).append(finding.check)
        for key_id, checks in failing.items():
            key = keys[key_id]
            action, retire = self._action(key, checks)
            yield self.entry(self._group(action), key_id, action, checks, key, retire)

    @staticmethod
    def _failing(finding: Finding, listed: Mapping[str, Any]) -> Iterable[str]:
        """The keys that the check fails for: for a second key, not the one that may stay."""
        named = finding.facts.get("failing_access_keys")
        if named is not None:
            return [key_id for key_id in named if key_id in listed]
        keep = finding.facts.get("advice", {}).get("keep")
        return [one for one in listed if finding.check != SECOND_KEY or one != keep]

    def _action(self, key: Mapping[str, Any], checks: Sequence[str]) -> tuple[Action, str]:
        """What to do about this key, and the key that is to go in the end."""
        key_id = key["access_key_id"]
        advice = self._fact("advice") or {}
        if self.quarantined:
            return Action.INCIDENT, key_id
        if key.get("active") is False:
            return Action.DELETE, key_id
        action = advice.get("action", "")
        if key_id == advice.get("retire"):
            return Action(action), key_id
        if action == Action.FINISH_ROTATION.value and key_id == advice.get("keep"):
            return Action.FINISH_ROTATION, advice["retire"]
        if key_id in advice.get("creator_of", ()):
            return Action.FIND_CREATOR, key_id
        if action == Action.FIND_OUT.value:
            return Action.FIND_OUT, key_id
        return (Action.CHECK_NEED if UNUSED in checks else Action.REPLACE), key_id

    def _group(self, action: Action) -> Group:
        if action is Action.INCIDENT:
            return Group.INCIDENT
        if action is Action.DELETE:
            return Group.INACTIVE
        if self.administrator:
            return Group.ADMINISTRATOR
        return Group.CAN_GO_NOW if action is Action.DEACTIVATE else Group.NEEDS_WORK

    def api_keys(self) -> Iterator[Entry]:
        """An entry for each API key or password for a single service."""
        for finding in self.failing:
            if finding.check == SINGLE_SERVICE:
                for one in finding.facts.get("service_specific_credentials", ()):
                    key_id = one["service_specific_credential_id"]
                    group = Group.INCIDENT if self.quarantined else Group.NEEDS_WORK
                    checks = [finding.check]
                    yield self.entry(group, key_id, Action.REPLACE_API_KEY, checks, one)

    def entry(
        self,
        group: Group,
        key_id: str,
        action: Action,
        checks: Iterable[str],
        key: Mapping[str, Any],
        retire: str = "",
    ) -> Entry:
        """The entry of one key; ``key`` is its data in a finding."""
        finding, account = self.failing[0], self.account
        command, undo = _commands(finding.user, retire or key_id, action)
        keep = (self._fact("advice") or {}).get("keep", "")
        return Entry(
            group,
            account.account,
            account.name,
            account.unit,
            finding.user,
            finding.arn,
            key_id,
            action,
            _ADVICE[action].format(keep=keep, retire=retire),
            tuple(sorted(checks)),
            command,
            undo,
            str(self._fact("owner") or ""),
            key.get("age_days"),
            key.get("last_used_date", ""),
            key.get("last_used_service", ""),
            key.get("last_used_region", ""),
            self.administrator,
            self.quarantined,
        )

    @property
    def administrator(self) -> bool | None:
        """Whether the user is an administrator; None if no check tells."""
        return self._is("administrator", ADMINISTRATORS)

    @property
    def quarantined(self) -> bool | None:
        """Whether AWS has quarantined the user; None if no check tells."""
        return self._is("quarantine_policies", QUARANTINED)

    def _is(self, fact: str, check: str) -> bool | None:
        if self._fact(fact):
            return True
        unread = any(one.status == "MANUAL" and one.check == check for one in self.every)
        return False if check in self.account.checks and not unread else None

    def _fact(self, name: str) -> Any:
        """The fact of this name in the first finding that has it."""
        return next((one.facts[name] for one in self.every if one.facts.get(name)), None)


def _commands(user: str, key_id: str, action: Action) -> tuple[str, str]:
    """The command that ends with a key, and the one that undoes it; empty if there is none."""
    name = f"--user-name={user}"
    if action in (Action.DELETE_ROOT_KEY, Action.FIND_OUT):
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


def _not_known(collected: Collected) -> Iterator[Entry]:
    """An entry for each user or account of which something could not be read."""
    entries: dict[tuple[str, str, str], Entry] = {}
    for finding in collected.open.values():
        why = _why_not_known(finding, collected)
        if not why:
            continue
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
            owner=str(finding.facts.get("owner") or ""),
        )
        known = entries.setdefault((finding.account, finding.arn, why), entry)
        checks = tuple(sorted({*known.checks, finding.check}))
        entries[finding.account, finding.arn, why] = replace(known, checks=checks)
    yield from entries.values()


def _why_not_known(finding: Finding, collected: Collected) -> str:
    """Why the finding names no key to act on; empty if it does."""
    if collected.is_stale(finding):
        moments = (finding.time, collected.accounts[finding.account].checks[finding.check])
        then, now = (datetime.fromtimestamp(one, timezone.utc) for one in moments)
        return (
            f"It failed on {then:%Y-%m-%d}, and the scan of {now:%Y-%m-%d} does not tell of it: "
            "it is gone, or that scan left it out."
        )
    unreadable = finding.facts.get("unreadable")
    failed = f"{unreadable['call']} failed with {unreadable['error_code']}" if unreadable else ""
    if finding.status == "MANUAL":
        if failed:
            return f"It could not be read: {failed}. {_ADVICE[Action.READ_AGAIN]}"
        return "It could not be judged; the report says why."
    names_keys = finding.facts.keys() & {"access_keys", "service_specific_credentials"}
    if names_keys or finding.user == ROOT_USER_NAME:
        return ""
    why = f": {failed}" if failed else "; the report says why"
    return f"It fails, and its keys could not be listed{why}."
