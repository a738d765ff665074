"""What the reports of every account must be like, by Prowler's arguments."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ExpectedReports:
    """What Prowler's arguments say about the reports of every account."""

    formats: tuple[str, ...] = ()
    """The report formats: ``csv``, ``html``, …"""
    always_finds: bool = False
    """Whether every account has a finding about its root user."""
    ignores_failures: bool = False
    """Whether Prowler ends with 0 though a finding failed."""


ANY_REPORTS = ExpectedReports()
