"""The command line of prowler-org."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Sequence
from dataclasses import MISSING, dataclass, field, fields
from functools import partial
from pathlib import Path
from typing import Annotated, Any

from pydantic import ConfigDict, StringConstraints

from prowler_access_keys.ranking.over_time.news import FAIL_ON, FailOn
from prowler_access_keys.ranking.versions import Show, describe_versions

from .errors import UsageError
from .processors import usable_processors

DESCRIPTION = """\
Scan all accounts of an AWS organization with Prowler, with one command.

prowler-org lists the organization's accounts, assumes a role in each, runs Prowler there, and
writes Prowler's own reports for each account, one CSV and OCSF report for all of them, and one
page that says which access key to deal with first.
"""
EPILOG = """\
prowler-org passes everything after -- to `prowler aws`. If that does not choose checks, the
thirteen checks of this plug-in run.

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
  3  prowler-org scanned all accounts, and a finding failed, as with prowler;
     --fail-on limits this
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
ACCOUNTS, SCANS = "which accounts", "how to scan"
"""The groups of options in the help."""


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


# The options, one in each field of these classes


def _option(group: str, help: str, **more: Any) -> dict[str, Any]:  # noqa: A002
    """The metadata of a field that an option sets, ``--field-name`` without another ``flag``.

    ``more`` is as in argparse, but what the field's default says is not repeated: see ``_parser``.
    """
    return {"group": group, "option": {"help": help, **more}}


_of_accounts, _of_scans = partial(_option, ACCOUNTS), partial(_option, SCANS)


@dataclass(frozen=True)
class Selection:
    """Which of the organization's accounts to scan. Empty means all. The state file has it."""

    __pydantic_config__ = STRICT

    accounts: tuple[ShortText, ...] = field(default=(), metadata=_of_accounts(
        "scan only these accounts (default: all active accounts)", type=_account_id, metavar="ID"
    ))  # fmt: skip
    units: tuple[Sentence, ...] = field(default=(), metadata=_of_accounts(
        "scan only the accounts in these organizational units and in the units below them; by ID, "
        "name, or path, such as ou-a1b2-11111111, Payments, or Production/Payments",
        flag="--ou", type=_text, metavar="UNIT",
    ))  # fmt: skip
    tags: tuple[Sentence, ...] = field(default=(), metadata=_of_accounts(
        "scan only accounts that have, for each of these keys, a tag with one of its values",
        flag="--account-tag", type=_tag, metavar="KEY=VALUE",
    ))  # fmt: skip
    exclude: tuple[ShortText, ...] = field(default=(), metadata=_of_accounts(
        "do not scan these accounts", type=_account_id, metavar="ID"
    ))  # fmt: skip
    include_management: bool = field(default=False, metadata=_of_accounts(
        "scan the management account too; it needs the role like any other account"
    ))  # fmt: skip


@dataclass(frozen=True)
class Options:
    """A valid command line."""

    role: str = field(metadata=_option(
        "", "name of the IAM role to assume in each account", type=_role_name, metavar="NAME"
    ))  # fmt: skip
    selection: Selection = Selection()
    organizations_role: str | None = field(default=None, metadata=_of_accounts(
        "role to list the accounts with, in the management account or in the account of a "
        "delegated administrator (default: list them without a role)",
        type=_role_arn, metavar="ARN",
    ))  # fmt: skip
    audit_root: bool = field(default=False, metadata=_of_scans(
        "read the root user's keys of each account in a session of AssumeRoot, and not from the "
        "credential report; needs centralized root access, and credentials or an "
        "--organizations-role of the management account or of IAM's delegated administrator"
    ))  # fmt: skip
    dry_run: bool = field(default=False, metadata=_of_accounts(
        "show which accounts this would scan, and exit"
    ))  # fmt: skip
    jobs: int = field(default_factory=usable_processors, metadata=_of_scans(
        "accounts to scan at a time (default: the number of processors that it may use)",
        type=_jobs, metavar="N",
    ))  # fmt: skip
    scheduler: str | None = field(default=None, metadata=_of_scans(
        "scan on the Dask cluster with this scheduler, such as tcp://host:8786 or "
        "tls://host:8786; needs the extra `dask`",
        type=_text, metavar="ADDRESS",
    ))  # fmt: skip
    without_tls: bool = field(default=False, metadata=_of_scans(
        "use a scheduler without TLS that is on another machine: only in a network that you trust, "
        "as what a scheduler sends can run code here"
    ))  # fmt: skip
    timeout: float = field(default=3600.0, metadata=_of_scans(
        "stop an attempt to scan an account after this time (default: 3600)",
        type=_seconds, metavar="SECONDS",
    ))  # fmt: skip
    output_directory: Path = field(default_factory=Path("output").absolute, metadata=_of_scans(
        "write the reports there (default: output)", type=_path, metavar="DIRECTORY"
    ))  # fmt: skip
    output_bucket: str | None = field(default=None, metadata=_of_scans(
        "put the organization's own reports into this bucket too, with the credentials of this "
        "machine (default: the bucket of -B or -D of Prowler)",
        type=_text, metavar="BUCKET",
    ))  # fmt: skip
    access_key_exceptions: Path | None = field(default=None, metadata=_of_scans(
        "the file of exceptions, instead of the one that the setting access_key_exceptions in "
        "--config-file of Prowler names",
        type=_path, metavar="FILE",
    ))  # fmt: skip
    resume: bool = field(default=False, metadata=_of_scans(
        "resume the last run in the output directory: scan the accounts that are missing"
    ))  # fmt: skip
    previous: Path | None = field(default=None, metadata=_of_scans(
        "the .json file in the folder keys of an earlier run, to compare with (default: that of "
        "the run before in the output directory)",
        type=_path, metavar="FILE",
    ))  # fmt: skip
    strict: bool = field(default=False, metadata=_of_scans(
        "exit with 4 too if something was not looked at: see the exit codes"
    ))  # fmt: skip
    fail_on: FailOn = field(default="any", metadata=_of_scans(
        "when to exit with 3. new: for an incident, or a key that did not fail in the last run "
        "that looked at its account. incident: for incidents only. Both consider this plug-in's "
        "checks only (default: any)", choices=FAIL_ON,
    ))  # fmt: skip
    quiet: bool = field(default=False, metadata=_of_scans("print errors only"))
    prowler_arguments: tuple[str, ...] = ()
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
    if {"scheduler", "jobs"} <= given.keys():
        raise UsageError(
            "--jobs is for scans on this machine. With --scheduler, set the number of scans that a "
            "worker runs at a time: dask worker --nthreads."
        )
    if {"dry_run", "resume"} <= given.keys():
        raise UsageError(
            "--dry-run does not scan, so it cannot resume a run: leave out one of the two options."
        )
    chosen = {part.name: given.pop(part.name) for part in fields(Selection) if part.name in given}
    lists = {name: tuple(sorted({*ids})) for name, ids in chosen.items() if isinstance(ids, list)}
    selection = Selection(**chosen | lists)
    if both := sorted({*selection.accounts} & {*selection.exclude}):
        raise UsageError(
            f"--accounts and --exclude both name {', '.join(both)}: remove it from one of them."
        )
    return Options(**given, selection=selection, prowler_arguments=prowler_arguments)


def split(arguments: Sequence[str]) -> tuple[list[str], tuple[str, ...]]:
    """The arguments of prowler-org, and those of ``prowler aws``, which come after ``--``."""
    if "--" not in arguments:
        return list(arguments), ()
    dashes = list(arguments).index("--")
    return list(arguments[:dashes]), tuple(arguments[dashes + 1 :])


def _parser() -> argparse.ArgumentParser:
    """The parser of all options. What is not given is not in what it returns."""
    parser = argparse.ArgumentParser(
        prog="prowler-org",
        usage="prowler-org --role NAME [options] [-- options of prowler aws]",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        argument_default=argparse.SUPPRESS,
        allow_abbrev=False,
    )
    groups: dict[str, argparse._ActionsContainer] = {"": parser}
    groups |= {title: parser.add_argument_group(title) for title in (ACCOUNTS, SCANS)}
    for declared in (*fields(Selection), *fields(Options)):
        if declared.metadata:
            more: dict[str, Any] = {"dest": declared.name, **declared.metadata["option"]}
            flag = more.pop("flag", f"--{declared.name.replace('_', '-')}")
            if declared.default is False:
                more["action"] = "store_true"
            elif declared.default == ():
                more["nargs"] = "+"
            elif declared.default is declared.default_factory is MISSING:
                more["required"] = True
            groups[declared.metadata["group"]].add_argument(flag, **more)
    parser.add_argument(
        "--version", action=Show, text=describe_versions, help="print both versions, and exit"
    )
    return parser
