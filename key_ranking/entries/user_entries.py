"""The entries of one user: what to do about each of its keys. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import Any

from prowler_access_keys.services.iam.iam_access_keys.exceptions.acceptance import (
    FOR_API_KEY,
    QUARANTINED,
)
from prowler_access_keys.services.iam.iam_access_keys.facts import ROOT_USER_NAME, SMTP_SERVICE
from prowler_access_keys.services.iam.iam_access_keys.finding_data import AdviceData, KeyData
from prowler_access_keys.services.iam.iam_access_keys.findings.advice import Action as AdviceAction
from prowler_access_keys.services.iam.iam_access_keys.findings.evidence_wording import (
    API_KEY_OF,
    list_destinations,
    word_deactivation,
    word_origin,
    word_usage,
)
from prowler_access_keys.services.iam.iam_access_keys.findings.service_specific_credentials import (
    replacement,
)
from prowler_access_keys.services.iam.iam_access_keys.findings.wording import comma_and, days

from ..findings.check_names import ADMINISTRATORS, DECOYS, INACTIVE, UNUSED
from ..findings.collected import AccountSeen
from ..findings.failing_keys import failing_api_keys, failing_keys, names_a_key
from ..findings.reports import Finding, moment_of
from ..findings.usable_data import OTHER_CHECK
from .actions import ADVICE, BY_REASON, EVIDENCE, OF_A_FINDING, Action, KeyAction, commands, urgency
from .as_of import FRESH, as_of
from .entry import Entry, Group, entry_of

INCIDENTS = (AdviceAction.INCIDENT, AdviceAction.DECOY_USED)


@dataclass(frozen=True)
class UserEntries:
    """What the newest findings of each check say about one user."""

    account: AccountSeen
    findings: Sequence[Finding]
    """The newest first; also those that are muted, or that could not be read."""
    gaps: set[tuple[str, str]]
    now: datetime

    @cached_property
    def failing(self) -> list[Finding]:
        """What fails and is not muted, the newest first."""
        return [found for found in self.findings if found.status == "FAIL" and not found.muted]

    @property
    def is_root(self) -> bool:
        """Whether it is the root user."""
        return self.findings[0].user == ROOT_USER_NAME

    def entries(self) -> Iterator[Entry]:
        """All entries of the user."""
        if not self.failing:
            return
        if self.is_root:
            naming = [finding for finding in self.failing if names_a_key(finding)]
            if not any(finding.data.root_session_date for finding in naming):
                if naming:
                    yield self._unlisted_root_keys(naming)
                return
            unlisted = {finding.check for finding in naming if not finding.data.root_session_date}
            for entry in self._access_keys():  # a check without the keys fails for each of them
                checks = tuple(sorted({*entry.checks, *unlisted}))
                yield replace(entry, checks=checks, administrator=True, quarantined=None)
            return
        yield from self._access_keys()
        yield from self._api_keys()

    def _unlisted_root_keys(self, naming: Sequence[Finding]) -> Entry:
        """The entry of all keys of the root user, of which no session listed the IDs."""
        group, action = Group.INCIDENT, KeyAction.DELETE_ROOT_KEY
        if all(finding.data.active_access_keys == 0 for finding in naming):
            group, action = Group.INACTIVE, KeyAction.DELETE_INACTIVE_ROOT_KEY
        entry = self._entry(group, action, naming, KeyData(""), naming[0])
        shown = [self._words(naming[0], key, True) for key in naming[0].data.access_keys]
        usage = " ".join(words["usage"] for words in shown if "usage" in words)
        return replace(entry, administrator=True, quarantined=None, usage=usage)

    def _access_keys(self) -> Iterator[Entry]:
        keys: dict[str, KeyData] = {}
        failing: dict[str, list[Finding]] = {}
        evidence: dict[str, dict[str, Any]] = {}
        incident = self.is_root or any(
            finding.check == FOR_API_KEY or _advice_of(finding).action in INCIDENTS
            for finding in self.failing
        )
        for finding in self.failing:
            for key in finding.data.access_keys:
                keys.setdefault(key.access_key_id, key)
                # Not every check asks CloudTrail for all.
                words = self._words(finding, key, incident)
                evidence[key.access_key_id] = words | evidence.get(key.access_key_id, {})
            for key_id in failing_keys(finding):
                failing.setdefault(key_id, []).append(finding)
        for key_id, naming in failing.items():
            key = keys.get(key_id, KeyData(key_id))
            checks = {finding.check for finding in naming}
            advising = self._advising(key_id)
            action = self._action(key, checks, advising)
            entry = self._entry(self._group(action, checks), action, naming, key, advising)
            yield replace(entry, **evidence.get(key_id, {}))

    def _words(
        self, finding: Finding, key: KeyData, incident: bool, subject: str = ""
    ) -> dict[str, Any]:
        """What CloudTrail says of a key, or of what ``subject`` names, by member of an entry."""
        key_id, words, whose = key.access_key_id, {}, (finding.arn, finding.data.user_id)
        if not incident:
            words["destinations"] = list_destinations(key.destinations)
        if key.usage:
            words["usage"] = word_usage(subject or key_id, key.usage, claimed=incident)
        if key.origin:
            words["origin"] = word_origin([key_id], key.origin, *whose, claimed=incident)
        elif key.deactivation:
            words["origin"] = word_deactivation(key_id, key.deactivation)
        creator = key.origin.creator if key.origin and not key.origin.is_by(*whose) else ""
        dated = {name: as_of(finding, text, self.now) for name, text in words.items() if text}
        return {**dated, "creator": creator} if creator else dated

    def _api_keys(self) -> Iterator[Entry]:
        group = Group.INCIDENT if self.quarantined else Group.NEEDS_WORK
        action = AdviceAction.INCIDENT if self.quarantined else KeyAction.REPLACE_API_KEY
        keys: dict[str, KeyData] = {}
        naming: dict[str, list[Finding]] = {}
        for finding in self.failing:
            for credential in failing_api_keys(finding):
                key_id = credential.service_specific_credential_id
                usage, origin = finding.data.api_key_usage, credential.origin
                key = KeyData(key_id, age_days=credential.age_days, usage=usage, origin=origin)
                keys[key_id] = key if origin else keys.get(key_id, key)
                naming.setdefault(key_id, []).append(finding)
        for key_id, findings in naming.items():
            key, subject = keys[key_id], API_KEY_OF.format(findings[0].user)
            words = self._words(findings[0], key, bool(self.quarantined), subject)
            yield replace(self._entry(group, action, findings, key, findings[0]), **words)

    def _advising(self, key_id: str) -> Finding:
        """The newest finding with advice about a key, else about the user, else any.

        Of the same time, the one whose advice is the most urgent: a check does not advise to move
        to a key that fails it, though another check may.
        """
        with_advice = [finding for finding in self.failing if finding.data.advice]
        about_key = [finding for finding in with_advice if key_id in failing_keys(finding)]
        return min(
            about_key or with_advice or self.failing,
            key=lambda found: (-found.time, urgency(_advice_of(found).action), found.check),
        )

    def _action(self, key: KeyData, checks: set[str], advising: Finding) -> Action:
        """What to do about this key."""
        if self.is_root:
            return KeyAction.DELETE_ROOT_KEY if key.active else KeyAction.DELETE_INACTIVE_ROOT_KEY
        if not key.active and INACTIVE in checks:
            unread = self.quarantine and self.quarantine.data.quarantine_unreadable
            return KeyAction.KEEP_EVIDENCE if self.quarantined or unread else KeyAction.DELETE
        if DECOYS in checks:  # a use is never undone
            return AdviceAction.DECOY_USED
        if self.quarantined:
            return AdviceAction.INCIDENT
        advice, key_id = _advice_of(advising), key.access_key_id
        action = OF_A_FINDING.get(advice.action, AdviceAction.FIND_OUT)
        if action is AdviceAction.FINISH_ROTATION and key_id in (advice.retire, advice.keep):
            return action
        if key_id in advice.creator_of:
            return AdviceAction.FIND_CREATOR
        if action is AdviceAction.FIND_OUT:
            return BY_REASON.get(advice.reason, action)
        if action is AdviceAction.FIND_CREATOR and key_id == advice.retire:
            return KeyAction.WAIT_FOR_CREATOR
        if action is AdviceAction.DEACTIVATE and key_id == advice.retire:
            return self._if_recent(action, key, advising)
        if UNUSED in checks and key_id != advice.retire:
            return KeyAction.CHECK_NEED
        if key.last_used_service == SMTP_SERVICE:
            return KeyAction.REPLACE_SMTP
        moves = action is AdviceAction.MOVE and key_id != advice.keep
        return AdviceAction.MOVE if moves else AdviceAction.REPLACE

    def _if_recent(self, action: Action, key: KeyData, advising: Finding) -> Action:
        """Not "now" if the advice is old, or somebody has muted something about the user."""
        if any(finding.muted for finding in self.findings):
            return KeyAction.ASK
        seen = moment_of(advising.time)
        used_since = key.last_used_date > seen.isoformat()
        return KeyAction.LOOK_AGAIN if self.now - seen > FRESH or used_since else action

    def _group(self, action: Action, checks: set[str]) -> Group:
        if action in (*INCIDENTS, KeyAction.DELETE_ROOT_KEY) or FOR_API_KEY in checks:
            return Group.INCIDENT
        if action in (
            KeyAction.DELETE, KeyAction.KEEP_EVIDENCE, KeyAction.DELETE_INACTIVE_ROOT_KEY
        ):  # fmt: skip
            return Group.INACTIVE
        if self.administrator:
            return Group.ADMINISTRATOR
        return Group.CAN_GO_NOW if action is AdviceAction.DEACTIVATE else Group.NEEDS_WORK

    def _entry(
        self, group: Group, action: Action, naming: Sequence[Finding], key: KeyData, by: Finding
    ) -> Entry:
        """The entry of an access key or an API key, with the advice ``by`` a finding."""
        account, retire = self.account, key.access_key_id
        if action is AdviceAction.FINISH_ROTATION:
            retire = _advice_of(by).retire or retire  # also for the key that stays
        of_service = bool(_service_of(naming[0], key))
        command, undo = commands(
            naming[0].user, retire, action, active=key.active, of_service=of_service
        )
        advice = self._advice(action, naming[0], key, retire, by)
        return replace(
            entry_of(naming[0], account, group, action, advice),
            access_key_id=key.access_key_id,
            checks=tuple(sorted({finding.check for finding in naming})),
            command=command,
            undo=undo,
            owner=next((found.data.owner for found in self.findings if found.data.owner), ""),
            age_days=key.age_days,
            last_used_date=key.last_used_date,
            last_used_days=_days_between(key.last_used_date, self.now),
            last_used_service=key.last_used_service,
            last_used_region=key.last_used_region,
            administrator=self.administrator,
            quarantined=self.quarantined,
        )

    def _advice(
        self, action: Action, naming: Finding, key: KeyData, retire: str, advising: Finding
    ) -> str:
        """The advice in words, with the date of the finding it comes from if that is old."""
        source, of_finding = naming, _advice_of(advising)
        if self.quarantine and action in (AdviceAction.INCIDENT, KeyAction.KEEP_EVIDENCE):
            source = self.quarantine
        elif isinstance(action, AdviceAction) and of_finding.action:
            source = advising
        seen = moment_of(advising.time)
        if action is KeyAction.KEEP_EVIDENCE:
            words = EVIDENCE[self.quarantined or None]
        else:
            words = ADVICE[action].format(
                keep=of_finding.keep, retire=retire, seen=f"{seen:%Y-%m-%d}",
                unused=_unused(key, seen), creator_of=comma_and(of_finding.creator_of),
                instead=replacement(_service_of(naming, key)),
            )  # fmt: skip
        if action is not KeyAction.LOOK_AGAIN:
            words = as_of(source, words, self.now)
        granting = next((found for found in self.findings if found.data.administrator), naming)
        if self.now - moment_of(granting.time) > FRESH and granting is not naming:
            words += f" The user was an administrator on {moment_of(granting.time):%Y-%m-%d}."
        return words

    @cached_property
    def administrator(self) -> bool | None:
        """Whether the user is an administrator; None if no finding says so."""
        is_administrator = any(finding.data.administrator for finding in self.findings)
        return True if is_administrator else self._no_if_told_by(ADMINISTRATORS)

    @cached_property
    def quarantine(self) -> Finding | None:
        """The newest finding that says whether AWS has quarantined the user: most advice does."""
        saying = (
            found
            for found in self.findings
            if found.data.quarantine_policies
            or found.data.quarantine_unreadable
            or (found.check != DECOYS and _advice_of(found).action in OF_A_FINDING)
        )
        return max(
            saying,
            key=lambda found: (
                found.time,
                bool(found.data.quarantine_policies),
                bool(found.data.quarantine_unreadable),
            ),
            default=None,
        )

    @cached_property
    def quarantined(self) -> bool | None:
        """Whether AWS has quarantined the user; None if no finding says so."""
        if self.quarantine and self.quarantine.data.quarantine_policies:
            return True
        if self.quarantine and self.quarantine.data.quarantine_unreadable:
            return None
        return self._no_if_told_by(QUARANTINED)

    def _no_if_told_by(self, check: str) -> bool | None:
        """No, if this check has looked at the user when its findings were made; else None."""
        looked = self.account.was_looked_at(check, self.failing[0])
        unread = (self.account.account, check) in self.gaps or any(
            found.unusable == OTHER_CHECK
            or (
                found.check == check
                and (found.unusable or found.status == "MANUAL" or found.data.unreadable)
            )
            for found in self.findings
        )
        return False if looked and not unread else None


def _advice_of(finding: Finding) -> AdviceData:
    return finding.data.advice or AdviceData("")


def _unused(key: KeyData, seen: datetime) -> str:
    """How long a key has been unused when its finding was made."""
    if not key.last_used_date:
        return "No recorded use" + (f" in {days(key.age_days)}" if key.age_days else "")
    number = _days_between(key.last_used_date, seen)
    return f"Unused since {key.last_used_date}" if number is None else f"Unused for {days(number)}"


def _days_between(date: str, later: datetime) -> int | None:
    """None for a date of a format, or without a time zone, that no check writes, or in between."""
    try:
        number = (later - datetime.fromisoformat(date)).days
    except (ValueError, TypeError):
        return None
    return number if number >= 0 else None


def _service_of(finding: Finding, key: KeyData) -> str:
    """The service of an API key; empty for an access key."""
    services = {
        credential.service_specific_credential_id: credential.service_name
        for credential in finding.data.service_specific_credentials
    }
    return services.get(key.access_key_id, "")
