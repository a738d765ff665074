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

_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_CRITICAL = re.compile(r'CRITICAL(?:: |", "module": "[^"]*", "message": ")(.*?)(?:"})?$')
"""A critical message, as Prowler prints it by default and with ``--only-logs``."""
_FAILED_CALL = re.compile(r"An error occurred \((\w+)\) when calling the (\w+) operation")
_TRANSIENT = re.compile(
    r"Throttl|TooManyRequests|RequestLimitExceeded|SlowDown|ServiceUnavailable|ServiceFailure"
    r"|InternalFailure|InternalError|RequestTimeout|Could not connect|[Tt]imeout on endpoint"
    r"|Connection was closed|Read timed out|SSLError|EOF occurred"
    r"|CredentialRetrievalError|MetadataRetrievalError"
)
_CRASHED = re.compile(
    r"(?:Something went wrong in |\[Module: check\]\t ERROR: (?:Check ')?)(\w+)"
    r"(?:, please use --log-level ERROR|' was not found for the | --? \w+\[\d+\]: )"
)
"""What Prowler prints about a check that raised, and logs about one that it could not import."""


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


def crashed_checks(log: Path) -> tuple[str, ...]:
    """The checks that crashed, by name. Prowler goes on without their findings. Raises OSError."""
    with log.open(encoding="utf-8", errors="replace") as lines:
        found = (_CRASHED.search(line) for line in lines)
        return tuple(sorted({match[1] for match in found if match}))


def end_of(log: Path) -> str:
    """The end of a log, which says why Prowler ended. Raises OSError."""
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - LONGEST_END))
        return file.read().decode("utf-8", "replace")


def _lines(printed: str) -> list[str]:
    return [_COLOUR.sub("", line).strip() for line in printed.splitlines() if line.strip()]
