"""A finding's status, sentence and facts, and the findings about the account itself. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from ..cloudtrail.evidence import NO_EVIDENCE, Evidence, Usage
from ..cloudtrail.questions import Questions
from ..facts import (
    AccessKey,
    Keys,
    LastUse,
    ListingGap,
    Quarantine,
    ServiceSpecificCredential,
    Tag,
    UnmatchedARN,
    Unreadable,
    User,
    if_read,
)
from ..finding_data import (
    NO_DATA,
    AdviceData,
    CredentialData,
    FindingData,
    KeyData,
    ReportedKeyData,
)
from ..reading.credential_report import ReportRow
from .advice import Advice, incident, word_incident
from .evidence_wording import ROOT_KEY, word_evidence, word_usage
from .tags import description_of, owner_of
from .wording import comma_and, what_to_do

Status = Literal["PASS", "FAIL", "MANUAL"]


@dataclass(frozen=True)
class Verdict:
    """What a finding says."""

    status: Status
    sentence: str
    active_keys: int | None = None
    """How many active access keys there are, if that is known."""
    keys: Keys = ()
    """The access keys that the finding is about."""
    advice: Advice | None = None
    """What to do about them, of a user that fails."""
    ask: Questions | None = None
    """What to ask CloudTrail about them, if the settings say so."""
    evidence: Evidence = NO_EVIDENCE
    """What CloudTrail says of them."""
    unreadable: Unreadable | None = None
    """What could not be read, if the verdict is for that reason what it is."""
    quarantine: Quarantine = ()
    """AWS's quarantine policies on the user, or why they are not known. The advice has its own."""
    more: FindingData = NO_DATA
    """Further facts as data: those that ``describe`` does not take from the rest."""
    severity: str = ""
    """The severity, if it is lower than that of the check's metadata, by which ``--severity``
    selects checks: never higher, or a scan that selects by it would miss the finding."""
    excused: bool = False
    """Whether a setting makes this a PASS; no standard knows that."""


def unreadable(user: User, failure: Unreadable, what: str, quarantine: Quarantine = ()) -> Verdict:
    """MANUAL for a user about which something could not be read; ``what`` names it."""
    if failure.gone and failure.call != "iam:GetAccessKeyLastUsed":  # then only the key is gone
        return Verdict(
            "MANUAL",
            f"User {user.name} was listed, and then not found: it was deleted or renamed while "
            "the scan was reading. Scan again.",
            unreadable=failure,
        )
    sentence = f"The {what} of user {user.name} could not be read: {failure}. {what_to_do(failure)}"
    sentence = f"{word_incident(user.name, quarantine)} {sentence}".lstrip()
    return Verdict("MANUAL", sentence, advice=incident(quarantine), unreadable=failure)


def unreadable_root(failure: Unreadable, advice: str) -> Verdict:
    """MANUAL for the root user, whose keys could not be read; ``advice`` is what helps."""
    return Verdict(
        "MANUAL",
        f"The access keys of the root user could not be read: {failure}. {advice}",
        unreadable=failure,
    )


def decoy(user: User) -> Verdict:
    """PASS of a check that leaves decoys out, for a user whose keys are decoys."""
    return Verdict(
        "PASS",
        f"User {user.name} is a decoy, by your setting decoy_users: this check excuses it, and "
        "iam_user_decoy_access_keys_used looks at its keys.",
        excused=True,
    )


def with_evidence(verdict: Verdict, evidence: Evidence, user: User) -> Verdict:
    """The same verdict, with what CloudTrail says: as sentences at its end, and as data."""
    is_incident = verdict.ask is not None and verdict.ask.is_incident
    said = word_evidence(evidence, user, claimed=is_incident)
    origins = {key.access_key_id: origin for key, origin in evidence.origins.items()}
    credentials = tuple(
        replace(credential, origin=origins.get(credential.service_specific_credential_id))
        for credential in verdict.more.service_specific_credentials
    )
    more = replace(
        verdict.more, service_specific_credentials=credentials, api_key_usage=evidence.of_api_keys
    )
    if more.policies_with_user_name:
        policies = comma_and(f'"{name}"' for name in more.policies_with_user_name)
        said.append(
            f"Before a move to a role, change {policies}: its sessions have no ${{aws:username}}."
        )
    sentence = " ".join(filter(None, (verdict.sentence, *said)))
    return replace(verdict, sentence=sentence, evidence=evidence, more=more)


def with_root_usage(verdict: Verdict, usage: Mapping[str, Usage]) -> Verdict:
    """The same verdict on the root user, with what CloudTrail says of its keys by ID."""
    said = (word_usage(key or ROOT_KEY, used, claimed=True) for key, used in usage.items())
    keys = tuple(KeyData(key, usage=used) for key, used in usage.items() if key)
    more = replace(verdict.more, access_keys=keys)
    return replace(verdict, sentence=" ".join((verdict.sentence, *said)), more=more)


def with_unread_tags(verdict: Verdict, user: User) -> Verdict:
    """The same verdict, with a sentence about the tags if they could not be read."""
    if not isinstance(user.tags, Unreadable) or verdict.unreadable == user.tags:
        return verdict
    sentence = f"{verdict.sentence} The user's tags could not be read: {user.tags}."
    return replace(verdict, sentence=sentence)


# About the account


def unlisted_users(gap: ListingGap, account: str) -> Verdict:
    """MANUAL for the account: a user that was not listed was not checked."""
    if gap.failure is not None:
        problem = f"Not all IAM users of account {account} could be listed: {gap.failure}."
    elif gap.unlisted:
        problem = (
            f"AWS named users of account {account} that it had not listed before: "
            f"{', '.join(gap.unlisted)}. They were created or renamed while the scan was reading."
        )
    elif isinstance(gap.expected, Unreadable):
        problem = (
            f"It could not be verified that all IAM users of account {account} were listed: "
            f"{gap.expected}."
        )
    else:
        problem = (
            f"Not all IAM users of account {account} were listed: "
            f"iam:GetAccountSummary counts {gap.expected}."
        )
    return Verdict(
        "MANUAL", f"{problem} {gap.listed} were listed and checked; any others were not."
    )


def unmatched_arn(arn: UnmatchedARN, account: str) -> Verdict:
    """MANUAL for an ARN that the scan is limited to and that names no user of the account."""
    if not arn.is_user:
        problem = (
            f"{arn.arn} is not the ARN of an IAM user or of the root user, so no check of this "
            "run looked at it."
        )
    elif arn.foreign:
        problem = (
            f"{arn.arn} is in another account or partition than {account}, which this run scanned."
        )
    elif arn.actual:
        problem = f"No IAM user has the ARN {arn.arn}. The user of that name has {arn.actual}."
    else:
        problem = f"Account {account} has no IAM user with the ARN {arn.arn}."
    return Verdict("MANUAL", f"{problem} Nothing was checked for it: correct --resource-arn.")


def nothing_to_look_at(account: str) -> Verdict:
    """MANUAL for the account if the scan is limited to resources of other services."""
    return Verdict(
        "MANUAL",
        f"Nothing in account {account} was checked: the scan is limited to resources that this "
        "check does not look at.",
    )


def no_users(account: str) -> Verdict:
    """PASS for an account without IAM users: there is nobody that could fail."""
    return Verdict(
        "PASS",
        f"Account {account} has no IAM users: 0 were listed, and iam:GetAccountSummary counts 0.",
    )


def unusable_settings(account: str, problems: Iterable[str]) -> Verdict:
    """MANUAL for the account if a check may not have the settings that the user meant."""
    return Verdict("MANUAL", f"Account {account} was not checked: {' '.join(problems)}")


def crash(account: str, error: str) -> Verdict:
    """MANUAL for the account if the check itself broke; ``error`` is the exception's name."""
    return Verdict(
        "MANUAL",
        f"Account {account} was not checked: the check crashed with {error}. Run Prowler with "
        "--log-level ERROR, and report what it logs.",
    )


def interruption(account: str) -> Verdict:
    """MANUAL for the account if the user pressed Ctrl-C."""
    return Verdict(
        "MANUAL",
        f"Account {account} was not checked: the scan was interrupted. Scan again.",
    )


# As data


def describe(
    name: str,
    arn: str,
    verdict: Verdict,
    now: datetime,
    tags: tuple[Tag, ...] = (),
    owner_tags: tuple[str, ...] = (),
) -> FindingData:
    """The data of a finding, with what the user's tags say of it and of its keys; ``now`` is UTC.

    The first of ``owner_tags`` that names somebody names the owner.
    """
    quarantine = verdict.advice.quarantine if verdict.advice else verdict.quarantine
    owner = owner_of(tags, owner_tags)
    return replace(
        verdict.more,
        name=name,
        arn=arn,
        active_access_keys=verdict.active_keys,
        unreadable=verdict.unreadable,
        access_keys=verdict.more.access_keys
        + tuple(_key(key, verdict.evidence, tags, now) for key in verdict.keys),
        quarantine_policies=if_read(quarantine),
        quarantine_unreadable=quarantine if isinstance(quarantine, Unreadable) else None,
        advice=_advice(verdict.advice) if verdict.advice else None,
        owner=owner["Value"].strip() if owner else "",
    )


def with_proof(
    data: FindingData, keys: Keys | None, report: tuple[ReportRow, datetime] | None, now: datetime
) -> FindingData:
    """The data of a PASS with the keys that were listed or else the row of a report; ``now`` UTC.

    A key without a last use may not have been asked about: the verdict did not need it.
    """
    if keys is not None:
        return replace(data, access_keys=tuple(_key(key, NO_EVIDENCE, (), now) for key in keys))
    if report is None:
        return data
    row, report_date = report
    slots = tuple(
        ReportedKeyData(slot.active, iso(slot.changed), iso(slot.last_used))
        for slot in row.slots
        if slot.active or slot.changed
    )
    return replace(data, reported_access_keys=slots, credential_report_date=report_date.isoformat())


def iso(moment: datetime | None) -> str:
    """A time as data; empty without one."""
    return moment.isoformat() if moment else ""


def details(data: FindingData) -> str:
    """What to do in a few words, for the column ``RESOURCE_DETAILS`` of Prowler's CSV.

    The column can be filtered by: ``deactivate; retire AKIA…``.
    """
    if not data.advice:
        return ""
    retire = f"; retire {data.advice.retire}" if data.advice.retire else ""
    return f"{data.advice.action}{retire}"


def describe_credentials(
    credentials: Iterable[ServiceSpecificCredential], now: datetime
) -> tuple[CredentialData, ...]:
    """Service-specific credentials as data; ``now`` is UTC."""
    return tuple(
        CredentialData(
            credential.credential_id,
            credential.service,
            credential.create_date.isoformat(),
            max(0, (now - credential.create_date).days),
            iso(credential.expires),
        )
        for credential in credentials
    )


def _advice(advice: Advice) -> AdviceData:
    return AdviceData(
        advice.action.value,
        advice.retire.access_key_id if advice.retire else "",
        advice.keep.access_key_id if advice.keep else "",
        tuple(key.access_key_id for key in advice.creator_of),
        advice.reason,
    )


def _key(key: AccessKey, evidence: Evidence, tags: tuple[Tag, ...], now: datetime) -> KeyData:
    use = key.last_use if isinstance(key.last_use, LastUse) else None
    return KeyData(
        key.access_key_id,
        key.create_date.isoformat(),
        key.age_days(now),
        key.active,
        last_used_date=use.date.isoformat() if use else "",
        last_used_service=use.service if use else "",
        last_used_region=use.region if use else "",
        last_use_unreadable=key.last_use if isinstance(key.last_use, Unreadable) else None,
        usage=evidence.usage.get(key),
        origin=evidence.origins.get(key),
        deactivation=evidence.deactivations.get(key),
        destinations=evidence.destinations.get(key, ()),
        description=description_of(tags, key.access_key_id),
    )
