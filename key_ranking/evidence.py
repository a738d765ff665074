"""What CloudTrail says of a key, in the words of the checks, from the data of a finding. Pure."""

from __future__ import annotations

from prowler_access_keys.services.iam.iam_access_keys import evidence_wording, key_evidence
from prowler_access_keys.services.iam.iam_access_keys.facts import Unreadable

from .facts import FailedCall, Key, UsedBy


def usage_in_words(key: Key) -> str:
    """What uses a key, in sentences; empty if CloudTrail was not asked."""
    usage = key.usage
    if usage is None:
        return ""
    told = key_evidence.Usage(
        usage.regions,
        usage.events,
        usage.since,
        usage.all_events,
        tuple(map(_used_by, usage.used_by)),
        usage.malformed_events,
        usage.failed_events,
        tuple(key_evidence.Unread(one.region, _failure(one)) for one in usage.unreadable),
    )
    return evidence_wording.word_usage(key.access_key_id, told)


def origin_in_words(key: Key, user_arn: str) -> str:
    """Who created a key of a user, in a sentence; empty if CloudTrail was not asked."""
    origin = key.origin
    if origin is None:
        return ""
    failure = _failure(origin.unreadable) if origin.unreadable else None
    told = key_evidence.Origin(origin.creator, origin.date, origin.source, origin.unknown, failure)
    return evidence_wording.word_origin([key.access_key_id], told, user_arn)


def _used_by(one: UsedBy) -> key_evidence.UsedBy:
    did = (key_evidence.Action(act.service, act.action, act.events) for act in one.actions)
    return key_evidence.UsedBy(one.program, one.source, one.events, tuple(did))


def _failure(failed: FailedCall) -> Unreadable:
    return Unreadable(failed.call, failed.error_code)
