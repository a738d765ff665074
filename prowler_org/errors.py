"""Errors that end prowler-org before it scans an account, and the exit code of an interrupt."""

from __future__ import annotations

INTERRUPTED = 130


class StartError(Exception):
    """prowler-org cannot do what you asked for. The text says why, and what to do instead."""


class UsageError(StartError):
    """The command line is wrong."""
