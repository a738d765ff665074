"""What Prowler's log and output say. Prowler has no exit codes or reports for this.

The end-to-end tests and tests/test_prowler_internals.py hold these texts.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

LOG_FILE = "prowler.log"
"""The file in an account's folder with what Prowler printed."""
NO_FINDINGS = "There are no findings in "
"""What Prowler prints if an account has no findings. It writes no CSV then."""
LONGEST_END = 20_000
"""Bytes at the end of a log that are searched for why Prowler ended."""
LONGEST_LINE = 100_000
"""Characters that are read at a time: a line may have any length."""

_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_CRITICAL = re.compile(r'CRITICAL(?:: |", "module": "[^"]*", "message": ")(.*?)(?:"})?$')
"""A critical message, as Prowler prints it by default and with ``--only-logs``."""
_FAILED_CALL = re.compile(r"An error occurred \((\w+)\) when calling the (\w+) operation")
_THROTTLED = re.compile(r"Throttl|TooManyRequests|RequestLimitExceeded|SlowDown")
_NO_NETWORK = re.compile(
    r"Could not connect to the endpoint|[Cc]onnect timeout on endpoint|EndpointConnectionError"
    r"|ConnectTimeoutError|ProxyConnectionError|Failed to connect to proxy|NameResolutionError"
    r"|SSLError|SSL validation failed|CERTIFICATE_VERIFY_FAILED"
)
_TRANSIENT = re.compile(
    rf"{_THROTTLED.pattern}|{_NO_NETWORK.pattern}|ServiceUnavailable|ServiceFailure"
    r"|InternalFailure|InternalError|RequestTimeout|[Tt]imeout on endpoint"
    r"|Connection was closed|Read timed out|EOF occurred"
    r"|CredentialRetrievalError|MetadataRetrievalError"
)
_EXPIRED = re.compile(
    r"\b(?:ExpiredToken(?:Exception)?|RequestExpired|UnauthorizedSSOTokenError"
    r"|RefreshWithMFAUnsupportedError)\b"
)
_NO_CREDENTIALS = re.compile(
    rf"{_EXPIRED.pattern}|InvalidClientTokenId|UnrecognizedClientException|SignatureDoesNotMatch"
    r"|Unable to locate credentials|NoCredentials|PartialCredentials|CredentialRetrievalError"
    r"|MetadataRetrievalError|ProfileNotFound|config profile \(.*\) could not be found"
    r"|SSOTokenLoadError|TokenRetrievalError|InvalidConfigError"
)
_CRASHED = re.compile(
    r"(?:Something went wrong in |\[Module: check\]\t ERROR: (?:Check ')?)(\w+)"
    r"(?:, please use --log-level ERROR|' was not found for the | --? \w+\[\d+\]: )"
)
"""What Prowler prints about a check that raised, and logs about one that it could not import."""
_ERROR = re.compile(r"\t (?:ERROR|CRITICAL): ")
_UNDELIVERED = re.compile(
    r"\[Module: (?:(s3)\]\t (?:ERROR|CRITICAL): |(security_hub)\]\t (?:"
    r"WARNING: (?=Skipping findings in region)|(?:ERROR|CRITICAL): (?!.*(?:DescribeHub"
    r"|ListEnabledProductsForImport) operation)))(.*)"
)
"""What was not sent. That Security Hub is off in a region counts only if there are findings."""
_SERVICES = {"s3": "S3", "security_hub": "Security Hub"}


LONGEST_REASON = 300
"""The most characters of a message of Prowler's that are told."""


@dataclass(frozen=True)
class FailedCall:
    """A call to AWS that failed: ``AssumeRole``, ``AccessDenied``."""

    operation: str
    code: str


def critical_messages(printed: str) -> list[str]:
    """The messages that Prowler's log calls critical, in their order."""
    return [found[1] for line in _lines(printed) if (found := _CRITICAL.search(line))]


def last_message(printed: str) -> str:
    """The last critical message, or else the last line. Empty if Prowler printed nothing."""
    return (critical_messages(printed) or _lines(printed) or [""])[-1]


def failed_call(message: str) -> FailedCall | None:
    """The call to AWS that a message says has failed."""
    found = _FAILED_CALL.search(message)
    return FailedCall(found[2], found[1]) if found else None


def is_transient(message: str) -> bool:
    """Whether a message names an error that another attempt may not meet."""
    return bool(_TRANSIENT.search(message))


def is_throttled(message: str) -> bool:
    """Whether a message says that AWS asks for fewer calls."""
    return bool(_THROTTLED.search(message))


def lacks_credentials_or_network(message: str) -> bool:
    """Whether a message names an error of the machine's, which other accounts would meet too."""
    return bool(_NO_CREDENTIALS.search(message) or _NO_NETWORK.search(message))


@dataclass(frozen=True)
class Logged:
    """What a log tells of a scan that has come to its end."""

    crashed: tuple[str, ...] = ()
    """The checks that crashed, by name. Prowler goes on without their findings."""
    expired: bool = False
    """Whether the credentials expired. Prowler goes on, and finds less or nothing."""
    undelivered: tuple[str, ...] = ()
    """What could not be sent to S3 or Security Hub, in sentences."""


def read_log(log: Path) -> Logged:
    """What a log tells. Raises OSError."""
    crashed: set[str] = set()
    undelivered: dict[str, str] = {}
    expired = False
    with log.open(encoding="utf-8", errors="replace") as file:
        while line := file.readline(LONGEST_LINE):
            if found := _CRASHED.search(line):
                crashed.add(found[1])
            if found := _UNDELIVERED.search(line):
                module = found[1] or found[2]
                undelivered.setdefault(module, _undelivered(module, found[3]))
            expired = expired or bool(_ERROR.search(line) and _EXPIRED.search(line))
    return Logged(tuple(sorted(crashed)), expired, tuple(undelivered.values()))


def _undelivered(module: str, message: str) -> str:
    call = failed_call(message)
    why = f"{call.operation} failed with {call.code}" if call else message.strip().rstrip(".")
    return f"Not delivered to {_SERVICES[module]}: {why[:LONGEST_REASON]}."


def end_of(log: Path) -> str:
    """The end of a log, which says why Prowler ended. Raises OSError."""
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - LONGEST_END))
        return file.read().decode("utf-8", "replace")


def _lines(printed: str) -> list[str]:
    return [_COLOUR.sub("", line).strip() for line in printed.splitlines() if line.strip()]
