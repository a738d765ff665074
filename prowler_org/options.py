"""The command line of prowler-org: what may be asked for, and what not together."""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from .refusal import WrongUsage

DESCRIPTION = """\
Scan all accounts of an AWS organization with Prowler, with one command.

prowler-org lists the organization's accounts, assumes a role in each, runs Prowler there, and
writes Prowler's own reports for each account and one CSV, OCSF and HTML report for all of them.
"""
EPILOG = """\
Everything after -- goes to `prowler aws` as it is. Without a choice of checks there, the check
iam_user_multiple_active_keys runs.

examples:
  prowler-org --role ProwlerScan --dry-run
        name the accounts that would be scanned
  prowler-org --role ProwlerScan
        scan them
  prowler-org --role ProwlerScan --ou ou-a1b2-11111111 --exclude 111122223333
        scan one organizational unit with all below it, but for one account
  prowler-org --role ProwlerScan -- --service iam -M csv html json-ocsf
        any check, any option of Prowler
  prowler-org --role ProwlerScan --resume
        scan what an earlier run with the same options could not

exit codes:
  0  all accounts were scanned, nothing failed
  3  all accounts were scanned, and something failed, as with prowler
  4  an account could not be scanned; the summary and the HTML report say why
  1  it did not start (not allowed to list the accounts, for instance), or no report was written
  2  the command line is wrong
  130  it was interrupted; --resume goes on
"""
ROLE_NAME = re.compile(r"[\w+=,.@/-]{1,512}", re.ASCII)


@dataclass(frozen=True)
class Selection:
    """Which of the organization's accounts to scan; empty means all."""

    accounts: tuple[str, ...] = ()
    units: tuple[str, ...] = ()
    """IDs of organizational units, or of the root; with everything below them."""
    exclude: tuple[str, ...] = ()
    include_management: bool = False


@dataclass(frozen=True)
class Options:
    """A command line that makes sense."""

    role: str
    """The role's name, with its path if it has one; the same in every account."""
    selection: Selection
    organizations_role: str | None
    """ARN of the role to list the organization's accounts with; None: the own credentials."""
    output_directory: Path
    jobs: int
    timeout: float
    """Seconds for one attempt to scan one account."""
    scheduler: str | None
    resume: bool
    dry_run: bool
    quiet: bool
    prowler_arguments: tuple[str, ...]
    """What is given after ``--``."""


def parse(arguments: Sequence[str]) -> Options:
    """Read the command line, without the program's name.

    Raises WrongUsage for what makes no sense together; argparse ends the program (exit code 2) for
    what it does not know.
    """
    own, prowler_arguments = split(arguments)
    given = _parser().parse_args(own)
    if given.scheduler and given.jobs:
        raise WrongUsage(
            "--jobs is for scans on this machine. With --scheduler, the workers' threads say how "
            "many accounts are scanned at a time: dask worker --nthreads."
        )
    if given.exclude and set(given.exclude) & set(given.accounts):
        both = ", ".join(sorted(set(given.exclude) & set(given.accounts)))
        raise WrongUsage(f"--accounts and --exclude both name {both}: leave it out of one of them.")
    if given.dry_run and given.resume:
        raise WrongUsage(
            "--dry-run scans nothing, so there is nothing to resume: give one of them."
        )
    return Options(
        role=given.role,
        selection=Selection(
            tuple(sorted(set(given.accounts))),
            tuple(sorted(set(given.ou))),
            tuple(sorted(set(given.exclude))),
            given.include_management,
        ),
        organizations_role=given.organizations_role,
        output_directory=given.output_directory.absolute(),
        jobs=given.jobs or os.cpu_count() or 1,
        timeout=given.timeout,
        scheduler=given.scheduler,
        resume=given.resume,
        dry_run=given.dry_run,
        quiet=given.quiet,
        prowler_arguments=prowler_arguments,
    )


def split(arguments: Sequence[str]) -> tuple[list[str], tuple[str, ...]]:
    """The arguments of prowler-org, and those of ``prowler aws``, which come after ``--``."""
    if "--" not in arguments:
        return list(arguments), ()
    dashes = list(arguments).index("--")
    return list(arguments[:dashes]), tuple(arguments[dashes + 1 :])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="prowler-org",
        usage="prowler-org --role NAME [options] [-- options of prowler aws]",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument(
        "--role", required=True, type=_role_name, metavar="NAME",
        help="name of the IAM role to assume in each account, the same in all of them",
    )  # fmt: skip
    _add_selection(parser.add_argument_group("which accounts"))
    _add_running(parser.add_argument_group("how to scan"))
    return parser


def _add_selection(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--accounts", nargs="+", type=_account_id, default=[], metavar="ID",
        help="only these accounts (default: all active accounts)",
    )  # fmt: skip
    group.add_argument(
        "--ou", nargs="+", type=_unit_id, default=[], metavar="ID",
        help="only accounts in these organizational units and all units below them",
    )  # fmt: skip
    group.add_argument(
        "--exclude", nargs="+", type=_account_id, default=[], metavar="ID",
        help="not these accounts",
    )  # fmt: skip
    group.add_argument(
        "--include-management", action="store_true",
        help="the management account too: it needs the role like any other",
    )  # fmt: skip
    group.add_argument(
        "--organizations-role", type=_role_arn, metavar="ARN",
        help="role to list the accounts with, in the management account or a delegated "
        "administrator's (default: the credentials at hand)",
    )  # fmt: skip
    group.add_argument(
        "--dry-run", action="store_true", help="name the accounts that would be scanned, and end"
    )


def _add_running(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--jobs", type=_positive_whole, metavar="N",
        help="accounts to scan at a time (default: the number of processors)",
    )  # fmt: skip
    group.add_argument(
        "--scheduler", metavar="ADDRESS",
        help="scan on the Dask cluster with this scheduler, such as tcp://host:8786 or "
        "tls://host:8786; needs prowler-access-keys[dask]",
    )  # fmt: skip
    group.add_argument(
        "--timeout", type=_positive, default=3600.0, metavar="SECONDS",
        help="longest time for one attempt to scan an account (default: 3600)",
    )  # fmt: skip
    group.add_argument(
        "--output-directory", type=Path, default=Path("output"), metavar="DIRECTORY",
        help="where the reports go (default: output)",
    )  # fmt: skip
    group.add_argument(
        "--resume", action="store_true",
        help="go on with the run whose state is in the output directory: scan what is missing",
    )  # fmt: skip
    group.add_argument("--quiet", action="store_true", help="print errors only")


def _role_name(text: str) -> str:
    if text.startswith("arn:"):
        raise argparse.ArgumentTypeError(
            "an ARN names a role in one account: give the role's name only, such as ProwlerScan"
        )
    if not ROLE_NAME.fullmatch(text) or text.startswith("/") or text.endswith("/"):
        raise argparse.ArgumentTypeError(f"{text!r} is no name of an IAM role")
    return text


def _matching(pattern: str, what: str) -> Callable[[str], str]:
    """Takes what matches the pattern, and says of anything else that it is no ``what``."""

    def check(text: str) -> str:
        if not re.fullmatch(pattern, text, re.ASCII):
            raise argparse.ArgumentTypeError(f"{text!r} is no {what}")
        return text

    return check


_account_id = _matching(r"\d{12}", "account ID: it has 12 digits")
_unit_id = _matching(
    r"ou-[a-z0-9]{4,32}-[a-z0-9]{8,32}|r-[a-z0-9]{4,32}",
    "ID of an organizational unit, such as ou-a1b2-11111111",
)
_role_arn = _matching(
    r"arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]+",
    "ARN of a role, such as arn:aws:iam::111122223333:role/ProwlerList",
)


def _positive_whole(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 1 up")
    return int(text)


def _positive(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds above 0")
    return number
