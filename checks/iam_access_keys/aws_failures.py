"""What botocore raises instead of an answer, as a value."""

from __future__ import annotations

from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as BotoConnectionError
from botocore.parsers import ResponseParserError

from .facts import Unreadable

FAILURES = (ClientError, BotoCoreError, ResponseParserError)
"""What botocore means to raise instead of an answer."""
TRANSIENT = frozenset(
    {"RequestLimitExceeded", "RequestTimeout", "Throttling", "ThrottlingException"}
)
"""Error codes after which asking again may help, in addition to those of a 5xx answer."""
MALFORMED = (AttributeError, LookupError, NameError, TypeError, ValueError)
"""What botocore's parsing and ours raise if an answer lacks a member or has one of another type."""


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
