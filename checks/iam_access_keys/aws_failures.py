"""What botocore raises instead of an answer, and answers about keys, as values."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as BotoConnectionError
from botocore.parsers import ResponseParserError

from .facts import AccessKey, LastUse, Unreadable

FAILURES = (ClientError, BotoCoreError, ResponseParserError)
"""What botocore means to raise instead of an answer."""
TRANSIENT = frozenset(
    {"RequestLimitExceeded", "RequestTimeout", "Throttling", "ThrottlingException"}
)
"""Error codes after which asking again may help, in addition to those of a 5xx answer."""
MALFORMED = (AttributeError, LookupError, NameError, TypeError, ValueError)
"""What botocore's parsing and ours raise if an answer lacks a member or has one of another type."""
KEY_STATES = frozenset({"Active", "Inactive", "Expired"})
"""The states of a credential that botocore's model of IAM knows."""


class CallFailedError(Exception):
    """A call that gave no answer."""

    def __init__(self, unreadable: Unreadable) -> None:
        super().__init__(str(unreadable))
        self.unreadable = unreadable


def failure_of(call: str, error: Exception) -> Unreadable:
    """What an error says of a call, which is named as in a policy."""
    if isinstance(error, ClientError):
        code = error.response["Error"]["Code"]
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        return Unreadable(call, code, status >= 500 or code in TRANSIENT)
    transient = isinstance(error, (BotoConnectionError, HTTPClientError))
    return Unreadable(call, type(error).__name__, transient)


def access_key(metadata: Mapping[str, Any]) -> AccessKey:
    """A key as ``ListAccessKeys`` answers it. Raises CallFailedError, or one of MALFORMED."""
    active = is_active(metadata, "iam:ListAccessKeys")
    return AccessKey(metadata["AccessKeyId"], utc(metadata["CreateDate"]), active)


def is_active(credential: Mapping[str, Any], call: str) -> bool:
    """Whether it is active. A state that AWS may add is not taken for inactive."""
    status = credential["Status"]
    if status not in KEY_STATES:
        raise CallFailedError(Unreadable(call, f"UnknownStatus{status}"))
    return bool(status == "Active")


def last_use(answer: Mapping[str, Any]) -> LastUse | None:
    """The last use of a key as ``GetAccessKeyLastUsed`` answers it; None if none is on record."""
    used = answer["AccessKeyLastUsed"]
    # Only a key without a use on record has no date.
    date = used.get("LastUsedDate") if used["ServiceName"] == "N/A" else used["LastUsedDate"]
    return LastUse(utc(date), used["ServiceName"], used["Region"]) if date else None


def utc(date: datetime) -> datetime:
    """The same moment in UTC: botocore may give it in the time zone of this machine."""
    return date.astimezone(timezone.utc)


def answered_at(answer: dict[str, Any]) -> datetime:
    """What AWS's clock said; without it, what this machine's says."""
    date = answer["ResponseMetadata"].get("HTTPHeaders", {}).get("date")
    return parsedate_to_datetime(date) if date else datetime.now(timezone.utc)
