"""Access keys for tests that need no AWS."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone

from prowler_access_keys.services.iam.iam_access_keys.facts import (
    AccessKey,
    Keys,
    LastUse,
    Unreadable,
    older_first,
)
from prowler_access_keys.services.iam.iam_access_keys.findings.advice import SENTENCES, Action

CAN_GO = SENTENCES[Action.DEACTIVATE].partition("}")[2]
"""What a finding says of a key that a fixer may deactivate."""
MINUTE = 1 / 24 / 60
"""In days."""
NOW = datetime(2026, 11, 24, 12, tzinfo=timezone.utc)
DENIED = Unreadable("iam:GetAccessKeyLastUsed", "AccessDenied")


def key(name: str, age: float, unused: float | Unreadable | None = None) -> AccessKey:
    """A key ``age`` days old, last used ``unused`` days ago, or never if that is None."""
    last_use: LastUse | Unreadable | None
    if unused is None or isinstance(unused, Unreadable):
        last_use = unused
    else:
        last_use = LastUse(NOW - timedelta(days=unused), "s3", "eu-west-1")
    return AccessKey(name, NOW - timedelta(days=age), last_use=last_use)


def inactive(age: float, unused: float | Unreadable | None = None) -> AccessKey:
    """The same of an inactive key."""
    return replace(key("AKIAOFF", age, unused), active=False)


def active(*keys: AccessKey) -> Keys:
    """These keys, as a user's active ones."""
    return older_first(keys)
