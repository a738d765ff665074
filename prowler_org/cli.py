"""The command prowler-org, from its arguments to its exit code."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from .options import Options, parse
from .organization import Roster, read_roster
from .refusal import Refused

NOT_STARTED = 1
WRONG_USAGE = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run prowler-org with these arguments (default: those of the process).

    Returns the exit code: see ``EPILOG`` in options.py.
    """
    try:
        options = parse(sys.argv[1:] if arguments is None else arguments)
    except Refused as refused:
        return _say_no(refused, WRONG_USAGE)
    try:
        return _run(options)
    except Refused as refused:
        return _say_no(refused, NOT_STARTED)


def _run(options: Options) -> int:
    roster = read_roster(
        options.selection, _profile(options.prowler_arguments), options.organizations_role
    )
    if options.dry_run:
        print(_describe(roster))
        return 0
    return 0


def _profile(prowler_arguments: Sequence[str]) -> str | None:
    """The profile that Prowler is told to use: the accounts are listed with it too."""
    peek = argparse.ArgumentParser(add_help=False)
    peek.add_argument("--profile", "-p", nargs="?")
    profile: str | None = peek.parse_known_args(list(prowler_arguments))[0].profile
    return profile


def _describe(roster: Roster) -> str:
    number = len(roster.accounts)
    plural = "" if number == 1 else "s"
    lines = [f"{number} account{plural} of {roster.organization} would be scanned:"]
    lines += [f"  {account.id}  {account.name}" for account in roster.accounts]
    if roster.skipped:
        lines.append(f"{len(roster.skipped)} would not:")
        lines += [f"  {one.account.id}  {one.account.name}: {one.reason}" for one in roster.skipped]
    return "\n".join(lines)


def _say_no(refused: Refused, exit_code: int) -> int:
    print(f"prowler-org: {refused}", file=sys.stderr)
    return exit_code
