"""The command line of prowler-org."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import ConfigDict, StringConstraints

from prowler_access_keys.ranking.versions import Show, describe_versions

from .errors import UsageError
from .scanning.processors import usable_processors

DESCRIPTION = """\
Scan all accounts of an AWS organization with Prowler, with one command.

prowler-org lists the organization's accounts, assumes a role in each, runs Prowler there, and
writes Prowler's own reports for each account, one CSV and OCSF report for all of them, and one
page that says which access key to deal with first.
"""
EPILOG = """\
prowler-org passes everything after -- to `prowler aws`. If that does not choose checks, the
twelve checks of this plug-in run.

examples:
  prowler-org --role ProwlerScan --dry-run
        show which accounts this would scan
  prowler-org --role ProwlerScan
        scan them
  prowler-org --role ProwlerScan --ou ou-a1b2-11111111 --exclude 111122223333
        scan an organizational unit and the units below it, except for one account
  prowler-org --role ProwlerScan -- --service iam -M csv html json-ocsf
        run other checks, with other options of Prowler
  prowler-org --role ProwlerScan --resume
        scan the accounts that an earlier run with the same options did not scan

exit codes:
  0  prowler-org scanned all accounts, and no finding failed
  3  prowler-org scanned all accounts, and a finding failed, as with prowler
  4  prowler-org could not scan an account, could read nothing about its users, or could not deliver
     reports to S3 or Security Hub; the summary and the HTML report say why. With --strict, also if
     something could not be read, a check crashed, or an account was left out that --exclude does
     not name
  1  prowler-org did not start, for example without permission to list the accounts, or could not
     write the reports
  2  the command line is wrong
  130  the run was interrupted; --resume goes on with it
"""
ROLE_NAME = re.compile(r"(?!role/)[\w+=,.@-]+(?:/[\w+=,.@-]+)*", re.ASCII)
MOST_JOBS = 1000
LONGEST_TIMEOUT = 7 * 24 * 3600
"""Seconds. The system cannot wait for more than 24 days at a time."""
STRICT = ConfigDict(strict=True, extra="forbid", revalidate_instances="always")
"""How what the state file holds is written and read: these fields, no text for a number."""
ShortText = Annotated[str, StringConstraints(max_length=600)]
Sentence = Annotated[str, StringConstraints(max_length=3000)]


@dataclass(frozen=True)
class Selection:
    """Which of the organization's accounts to scan. Empty means all."""

    __pydantic_config__ = STRICT

    accounts: tuple[ShortText, ...] = ()
    units: tuple[Sentence, ...] = ()
    """IDs, names, or paths of organizational units. Includes the units below them."""
    exclude: tuple[ShortText, ...] = ()
    include_management: bool = False
    tags: tuple[Sentence, ...] = ()
    """Tags of accounts, each as ``key=value``: for each key, an account has one of the values."""


@dataclass(frozen=True)
class Options:
    """A valid command line."""

    role: str
    """The role's name, with its path if it has one. The same in every account."""
    selection: Selection
    organizations_role: str | None
    """ARN of the role to list the accounts with. None: use the credentials as they are."""
    output_directory: Path
    jobs: int
    timeout: float
    """Seconds for one attempt to scan one account."""
    scheduler: str | None
    without_tls: bool
    """Whether the way to the scheduler need not be encrypted."""
    output_bucket: str | None
    """The bucket for the organization's own reports. None: that of Prowler's -B or -D, if given."""
    resume: bool
    previous: Path | None
    """The data of the run to compare with. None: that of the run before in the directory."""
    strict: bool
    dry_run: bool
    quiet: bool
    prowler_arguments: tuple[str, ...]
    """The arguments after ``--``."""


def parse(arguments: Sequence[str]) -> Options:
    """Parse the command line, without the program's name.

    Raises UsageError for options that do not go together. For other mistakes, argparse ends the
    program with exit code 2.
    """
    own, prowler_arguments = split(arguments)
    parsed, unknown = _parser().parse_known_args(own)
    if unknown:  # their values may be secret
        names = (word.partition("=")[0] for word in unknown if word.startswith("-"))
        raise UsageError(f"unrecognized arguments: {' '.join(names) or 'values without an option'}")
    given = vars(parsed)
    if given["scheduler"] and given["jobs"]:
        raise UsageError(
            "--jobs is for scans on this machine. With --scheduler, set the number of scans that a "
            "worker runs at a time: dask worker --nthreads."
        )
    if both := sorted(set(given["exclude"]) & set(given["accounts"])):
        raise UsageError(
            f"--accounts and --exclude both name {', '.join(both)}: remove it from one of them."
        )
    if given["dry_run"] and given["resume"]:
        raise UsageError(
            "--dry-run does not scan, so it cannot resume a run: leave out one of the two options."
        )
    of_lists = ("accounts", "units", "exclude", "tags")
    chosen = {name: tuple(sorted(set(given.pop(name)))) for name in of_lists}
    selection = Selection(**chosen, include_management=given.pop("include_management"))
    given["jobs"] = given["jobs"] or usable_processors()
    return Options(**given, selection=selection, prowler_arguments=prowler_arguments)


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
        help="name of the IAM role to assume in each account",
    )  # fmt: skip
    parser.add_argument(
        "--version", action=Show, text=describe_versions, help="print both versions, and exit"
    )
    _add_selection(parser.add_argument_group("which accounts"))
    _add_running(parser.add_argument_group("how to scan"))
    return parser


def _add_selection(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--accounts", nargs="+", type=_account_id, default=[], metavar="ID",
        help="scan only these accounts (default: all active accounts)",
    )  # fmt: skip
    group.add_argument(
        "--ou", nargs="+", type=_text, default=[], dest="units", metavar="UNIT",
        help="scan only the accounts in these organizational units and in the units below them; by "
        "ID, name, or path, such as ou-a1b2-11111111, Payments, or Production/Payments",
    )  # fmt: skip
    group.add_argument(
        "--account-tag", nargs="+", type=_tag, default=[], dest="tags", metavar="KEY=VALUE",
        help="scan only accounts that have, for each of these keys, a tag with one of its values",
    )  # fmt: skip
    group.add_argument(
        "--exclude", nargs="+", type=_account_id, default=[], metavar="ID",
        help="do not scan these accounts",
    )  # fmt: skip
    group.add_argument(
        "--include-management", action="store_true",
        help="scan the management account too; it needs the role like any other account",
    )  # fmt: skip
    group.add_argument(
        "--organizations-role", type=_role_arn, metavar="ARN",
        help="role to list the accounts with, in the management account or in the account of a "
        "delegated administrator (default: list them without a role)",
    )  # fmt: skip
    group.add_argument(
        "--dry-run", action="store_true", help="show which accounts this would scan, and exit"
    )


def _add_running(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--jobs", type=_jobs, metavar="N",
        help="accounts to scan at a time (default: the number of processors that it may use)",
    )  # fmt: skip
    group.add_argument(
        "--scheduler", type=_text, metavar="ADDRESS",
        help="scan on the Dask cluster with this scheduler, such as tcp://host:8786 or "
        "tls://host:8786; needs prowler-access-keys[dask]",
    )  # fmt: skip
    group.add_argument(
        "--without-tls", action="store_true",
        help="use a scheduler without TLS that is on another machine: only in a network that you "
        "trust, as what a scheduler sends can run code here",
    )  # fmt: skip
    group.add_argument(
        "--timeout", type=_seconds, default=3600.0, metavar="SECONDS",
        help="stop an attempt to scan an account after this time (default: 3600)",
    )  # fmt: skip
    group.add_argument(
        "--output-directory", type=_path, default="output", metavar="DIRECTORY",
        help="write the reports there (default: output)",
    )  # fmt: skip
    group.add_argument(
        "--output-bucket", type=_text, metavar="BUCKET",
        help="put the organization's own reports into this bucket too, with the credentials of "
        "this machine (default: the bucket of -B or -D of Prowler)",
    )  # fmt: skip
    group.add_argument(
        "--resume", action="store_true",
        help="resume the last run in the output directory: scan the accounts that are missing",
    )  # fmt: skip
    group.add_argument(
        "--previous", type=_path, metavar="FILE",
        help="the .json file in the folder keys of an earlier run, to compare with (default: that "
        "of the run before in the output directory)",
    )  # fmt: skip
    group.add_argument(
        "--strict", action="store_true",
        help="exit with 4 too if something was not looked at: see the exit codes",
    )  # fmt: skip
    group.add_argument("--quiet", action="store_true", help="print errors only")


def _role_name(text: str) -> str:
    if text.startswith("arn:"):
        raise argparse.ArgumentTypeError(
            "an ARN names a role in one account: give only the role's name, such as ProwlerScan"
        )
    if len(text) > 512 or not ROLE_NAME.fullmatch(text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a valid IAM role name")
    return text


def _matching(pattern: str, what: str) -> Callable[[str], str]:
    """A type for argparse: text that matches the pattern. ``what`` names it in the error."""

    def check(text: str) -> str:
        if not re.fullmatch(pattern, text, re.ASCII):
            raise argparse.ArgumentTypeError(f"{text!r} is not a valid {what}")
        return text

    return check


_account_id = _matching(r"\d{12}", "account ID, which has 12 digits")
_tag = _matching(r"(?s)[^=]+=.+", "tag, such as environment=production")
_role_arn = _matching(
    r"arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]+",
    "role ARN, such as arn:aws:iam::111122223333:role/ProwlerList",
)


def _text(text: str) -> str:
    """An empty value is most often a variable of a script that is not set."""
    if not text.strip():
        raise argparse.ArgumentTypeError("its value is empty")
    return text


def _path(text: str) -> Path:
    return Path(_text(text)).absolute()


def _jobs(text: str) -> int:
    if not text.isdecimal() or len(text) > 9 or not 1 <= int(text) <= MOST_JOBS:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 to {MOST_JOBS}")
    return int(text)


def _seconds(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number <= LONGEST_TIMEOUT:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a number of seconds above 0, up to {LONGEST_TIMEOUT}, seven days"
        )
    return number
