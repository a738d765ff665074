"""What of Prowler's own options makes sense for many accounts, judged by Prowler's own parser."""

from __future__ import annotations

import argparse
import contextlib
import io
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from .prowler_log import critical_messages, last_words

CHECK = "iam_user_multiple_active_keys"
"""The check that runs where none was chosen."""
SELECTING = (
    "check", "checks_file", "service", "severity", "compliance", "category", "resource_group",
    "checks_folder", "excluded_check", "excluded_checks_file", "excluded_service",
)  # fmt: skip
"""Prowler's options that choose the checks, as its parser names them."""
LISTING = (
    "list_checks", "list_checks_json", "list_services", "list_compliance",
    "list_compliance_requirements", "list_categories", "list_resource_groups", "list_fixer",
)  # fmt: skip
FILES = (
    "checks_file", "config_file", "custom_checks_metadata_file", "excluded_checks_file",
    "fixer_config", "mutelist_file",
)  # fmt: skip
"""Options that name files; a mutelist may also be an address."""
SECRET = ("shodan", "external_id")
"""Options whose values are not to be stored."""
PLACEHOLDER_ROLE = "arn:aws:iam::000000000000:role/prowler-org"


@dataclass(frozen=True)
class Examination:
    """What Prowler makes of its arguments."""

    problem: str = ""
    """Why they cannot be used; empty if they can."""
    arguments: tuple[str, ...] = ()
    """The arguments, with the check to run if none was chosen."""
    redacted: tuple[str, ...] = ()
    """The arguments as given, without secret values."""
    formats: tuple[str, ...] = ()
    """The report formats: ``csv``, ``html``, …"""
    files: tuple[str, ...] = ()
    """The local files that the arguments name."""


def examine(arguments: Sequence[str], one_at_a_time: bool) -> Examination:
    """Have Prowler read its arguments and choose its checks, without a call to AWS.

    Prowler ends the process where it finds something wrong, so this is to be called in a process
    of its own. ``one_at_a_time`` says that no two scans run in parallel.
    """
    parsed, said = _parse(arguments)
    if parsed is None:
        return Examination(f"Prowler does not take its arguments: {said}")
    problem = judge(parsed, _default_output_directory(), one_at_a_time)
    if problem:
        return Examination(problem)
    chosen = any(getattr(parsed, name, None) for name in SELECTING)
    complete = tuple(arguments) if chosen else (*arguments, "--checks", CHECK)
    said = _list_checks(complete)
    if said:
        return Examination(f"Prowler does not take its arguments: {said}")
    return Examination(
        arguments=complete,
        redacted=redact(arguments, [getattr(parsed, name, None) for name in SECRET]),
        formats=tuple(parsed.output_formats),
        files=_files(arguments, parsed),
    )


def judge(parsed: argparse.Namespace, default_output_directory: str, one_at_a_time: bool) -> str:
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
    if parsed.checks_folder and not one_at_a_time:
        return (
            "With -x/--checks-folder, Prowler copies the checks into its own installation for the "
            "time of a scan, so scans in parallel would take them away from each other: install "
            "the checks as a plug-in, or scan on this machine with --jobs 1."
        )
    if "csv" not in parsed.output_formats:
        return "Add csv to -M of Prowler: the organization's reports are made from it."
    return ""


def _files(arguments: Sequence[str], parsed: argparse.Namespace) -> tuple[str, ...]:
    """The local files among the options' values, but for Prowler's own, which are defaults."""
    given = {argument.rpartition("=")[2] for argument in arguments} | set(arguments)
    named = {getattr(parsed, option) for option in FILES} & given
    return tuple(sorted(name for name in named if Path(name).is_file()))


def redact(arguments: Sequence[str], secrets: Sequence[str | None]) -> tuple[str, ...]:
    """The arguments, with REDACTED in place of each secret."""
    redacted = tuple(arguments)
    for secret in secrets:
        if secret:
            redacted = tuple(argument.replace(secret, "REDACTED") for argument in redacted)
    return redacted


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
