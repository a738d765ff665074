"""What findings say, with their date if it is not about now. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from ..findings.reports import Finding, moment_of

FRESH = timedelta(days=7)
"""How old a finding may be for what it says to be true now."""


def as_of(finding: Finding, words: str, now: datetime) -> str:
    """A sentence, with the date of its finding if it is not about now."""
    seen = moment_of(finding.time)
    return f"As of {seen:%Y-%m-%d}: {words}" if now - seen > FRESH else words
