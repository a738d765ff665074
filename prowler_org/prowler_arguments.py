"""What of Prowler's own options makes sense for many accounts, judged by Prowler's own parser."""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from .prowler_log import critical_messages, last_words

CHECK = "iam_user_multiple_active_keys"
"""The check that runs where none was chosen."""
LOGGING = ("--log-level", "ERROR")
"""Without it, Prowler does not say that a check broke while it was imported."""
SELECTING = (
    "check", "checks_file", "service", "severity", "compliance", "category", "resource_group",
    "excluded_check", "excluded_checks_file", "excluded_service",
)  # fmt: skip
"""Prowler's options that choose the checks, as its parser names them."""
FILTERING = ("status", "resource_arn", "resource_tag")
"""Prowler's options that choose among what is found."""
LISTING = (
    "list_checks", "list_checks_json", "list_services", "list_compliance",
    "list_compliance_requirements", "list_categories", "list_resource_groups", "list_fixer",
)  # fmt: skip
FILES = (
    "checks_file", "config_file", "custom_checks_metadata_file", "excluded_checks_file",
    "fixer_config", "mutelist_file",
)  # fmt: skip
"""Options that name files; some may also name an object in AWS."""
ADDRESSES = ("s3://", "arn:")
"""How the value of such an option begins if it names something in AWS."""
SECRET = ("shodan", "external_id")
"""Options whose values are not to be stored."""
PLACEHOLDER_ROLE = "arn:aws:iam::000000000000:role/prowler-org"


@dataclass(frozen=True)
class Examination:
    """What Prowler makes of its arguments."""

    problem: str = ""
    """Why they cannot be used; empty if they can."""
    arguments: tuple[str, ...] = ()
    """What Prowler is given: the log level, those, and the check to run if none was chosen."""
    redacted: tuple[str, ...] = ()
    """The arguments as given, without secret values."""
    formats: tuple[str, ...] = ()
    """The report formats: ``csv``, ``html``, …"""
    files: tuple[tuple[str, str], ...] = ()
    """The local files that the arguments name: the option, and the file's name."""
    always_finds: bool = False
    """Whether something is found in every account: our check has a finding about the root user."""
    has_secrets: bool = False
    """Whether a value among the arguments is secret."""


def examine(arguments: Sequence[str]) -> Examination:
    """Have Prowler read its arguments and choose its checks, without a call to AWS.

    Prowler ends the process where it finds something wrong, so this is to be called in a process
    of its own.
    """
    parsed, said = _parse(arguments)
    if parsed is None:
        return Examination(f"Prowler does not take its arguments: {said}")
    defaults, _ = _parse(())
    files = _files(parsed, defaults)
    problem = judge(parsed, _default_output_directory()) or _unreadable(files)
    if problem:
        return Examination(problem)
    chosen = any(getattr(parsed, name, None) for name in SELECTING)
    # Of two log levels Prowler takes the last: one among the arguments holds.
    complete = (*LOGGING, *arguments, *(() if chosen else ("--checks", CHECK)))
    said = _list_checks(complete)
    if said:
        return Examination(f"Prowler does not take its arguments: {said}")
    return Examination(
        arguments=complete,
        redacted=redact(arguments, [getattr(parsed, name, None) for name in SECRET]),
        formats=tuple(parsed.output_formats),
        files=files,
        always_finds=not chosen and not any(getattr(parsed, name, None) for name in FILTERING),
        has_secrets=any(getattr(parsed, name, None) for name in SECRET),
    )


def judge(parsed: argparse.Namespace, default_output_directory: str) -> str:
    """Why these options cannot be used for many accounts; empty if they can.

    ``default_output_directory`` is what Prowler takes where no other is given.
    """
    if parsed.role != PLACEHOLDER_ROLE:
        return "Leave out -R/--role of Prowler: prowler-org assumes its own --role in each account."
    if parsed.mfa:
        return "Leave out --mfa of Prowler: nobody can type a code for each account."
    if parsed.output_filename:
        return "Leave out -F/--output-filename of Prowler: every account would have the same name."
    if parsed.output_directory != default_output_directory:
        return (
            "Leave out -o/--output-directory of Prowler: prowler-org has its own "
            "--output-directory, to be given before the --."
        )
    if parsed.fixer:
        return (
            "Leave out --fixer of Prowler: it changes accounts and writes no report. "
            "Run `prowler aws --fixer` account by account."
        )
    if any(getattr(parsed, name, None) for name in LISTING) or parsed.quick_inventory:
        return "Options of Prowler that list something do not scan: give them to `prowler aws`."
    if parsed.only_logs:
        return "Leave out --only-logs of Prowler: with it, nothing says that a check crashed."
    if parsed.checks_folder:
        return (
            "Leave out -x/--checks-folder of Prowler: it copies the checks into Prowler's "
            "installation, where a scan that is stopped leaves them. Install the checks as a "
            "plug-in, or use `prowler aws`."
        )
    if "csv" not in parsed.output_formats:
        return "Add csv to -M of Prowler: the organization's reports are made from it."
    return ""


def _files(
    parsed: argparse.Namespace, defaults: argparse.Namespace | None
) -> tuple[tuple[str, str], ...]:
    """The options that name a file of this machine, with the file; Prowler's defaults do not."""
    return tuple(
        (f"--{option.replace('_', '-')}", value)
        for option in FILES
        if (value := getattr(parsed, option, None))
        and value != getattr(defaults, option, None)
        and not value.startswith(ADDRESSES)
    )


def _unreadable(files: Sequence[tuple[str, str]]) -> str:
    """Prowler logs a file that it cannot read and goes on without; that is refused here."""
    for option, name in files:
        if not os.access(name, os.R_OK) or not Path(name).is_file():
            return f"{option} of Prowler names {name}, which is no file that can be read."
    return ""


def redact(arguments: Sequence[str], secrets: Sequence[str | None]) -> tuple[str, ...]:
    """The arguments, with REDACTED in place of each secret value."""
    return tuple(
        _redacted(argument, [secret for secret in secrets if secret]) for argument in arguments
    )


def _redacted(argument: str, secrets: Sequence[str]) -> str:
    for secret in secrets:
        option = argument.removesuffix(secret)
        # The value by itself, --option=value, or -Ovalue.
        if option != argument and (not option or option.endswith("=") or len(option) == 2):
            return f"{option}REDACTED"
    return argument


def _parse(arguments: Sequence[str]) -> tuple[argparse.Namespace | None, str]:
    from prowler.lib.cli.parser import ProwlerArgumentParser

    sys.argv = ["prowler", "aws", "--role", PLACEHOLDER_ROLE, *arguments]
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
        try:
            return ProwlerArgumentParser().parse(), ""
        except SystemExit as ended:
            if not ended.code:
                return None, "--help and --version do not scan."
            return None, last_words(printed.getvalue()).rpartition(" error: ")[2]


def _default_output_directory() -> str:
    from prowler.config.config import default_output_directory

    return str(default_output_directory)


def _list_checks(arguments: Sequence[str]) -> str:
    """What Prowler says if it finds no checks to run; empty if it finds some."""
    from prowler.__main__ import prowler

    sys.argv = ["prowler", "aws", "--role", PLACEHOLDER_ROLE, *arguments, "--list-checks"]
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
        try:
            prowler()
        except SystemExit as ended:
            if ended.code:
                return " ".join(critical_messages(printed.getvalue())) or "it found no checks."
    return ""
