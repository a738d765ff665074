"""Errors that end prowler-org, and the exit code of an interrupt."""

from __future__ import annotations

INTERRUPTED = 130


class RunError(Exception):
    """prowler-org cannot do what you asked for. The text says why, and what to do instead."""


class StartError(RunError):
    """It cannot even begin to scan."""


class UsageError(StartError):
    """The command line is wrong."""
