"""Errors that end prowler-org before it scans an account."""

from __future__ import annotations


class StartError(Exception):
    """prowler-org cannot do what you asked for. The text says why, and what to do instead."""


class UsageError(StartError):
    """The command line is wrong."""
