"""What Prowler says on its way out, from what it printed."""

from __future__ import annotations

import re

_CRITICAL = re.compile(r'CRITICAL(?:: |", "module": "[^"]*", "message": ")(.*?)(?:"})?$')
"""A critical message, as Prowler prints it by default and with ``--only-logs``."""
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def critical_messages(printed: str) -> list[str]:
    """The messages that Prowler's log calls critical, in their order."""
    return [found[1] for line in _lines(printed) if (found := _CRITICAL.search(line))]


def last_words(printed: str) -> str:
    """The last critical message; without one, the last line; empty if nothing was printed."""
    return (critical_messages(printed) or _lines(printed) or [""])[-1]


def _lines(printed: str) -> list[str]:
    return [_COLOUR.sub("", line).strip() for line in printed.splitlines() if line.strip()]
