"""How prowler-org says no before it starts anything."""

from __future__ import annotations


class Refused(Exception):  # noqa: N818 - it is an answer, not a fault of the program
    """Something that was asked for cannot be done. The text says why and what to do instead."""


class WrongUsage(Refused):
    """The command line makes no sense."""
