"""Check Prowler's arguments with its own parser: which of them fit a scan of many accounts."""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from prowler_access_keys.services.iam.iam_access_keys.catalogue import our_checks

from .errors import StartError, UsageError
from .prowler_log import critical_messages, last_message
from .prowler_processes import NoAnswerError, ProwlerLauncher

DEFAULT_CHECKS = tuple(sorted(our_checks()))
"""The checks that run if Prowler's arguments choose none: all of this plug-in."""
LOGGING = ("--log-level", "ERROR")
"""Without it, Prowler does not log that it could not import a check."""
LOGGING_WARNINGS = ("--log-level", "WARNING")
"""With Security Hub: only a warning says that findings of a region were not sent."""
SELECTING = (
    "check", "checks_file", "service", "severity", "compliance", "category", "resource_group",
    "excluded_check", "excluded_checks_file", "excluded_service",
)  # fmt: skip
"""Prowler's options that choose checks, as its parser names them."""
FILTERING = ("status", "resource_arn", "resource_tag")
"""Prowler's options that choose findings."""
LISTING = (
    "list_checks", "list_checks_json", "list_services", "list_compliance",
    "list_compliance_requirements", "list_categories", "list_resource_groups", "list_fixer",
)  # fmt: skip
FILES = (
    "checks_file", "config_file", "custom_checks_metadata_file", "excluded_checks_file",
    "fixer_config", "mutelist_file",
)  # fmt: skip
"""Options that name files. Some may also name an object in AWS."""
ADDRESSES = ("s3://", "arn:")
"""How the value of such an option begins if it names something in AWS."""
SECRET = ("shodan", "external_id")
"""Options whose values must not be stored."""
ENCRYPTED = ("tls://", "wss://")
"""How the address of a scheduler begins that is reached through TLS."""
PLACEHOLDER_ROLE = "arn:aws:iam::000000000000:role/prowler-org"


@dataclass(frozen=True)
class ParsedArguments:
    """What Prowler makes of its arguments."""

    problem: str = ""
    """Why they cannot be used. Empty if they can."""
    arguments: tuple[str, ...] = ()
    """The arguments for a scan: these, the log level, and the check to run if they choose none."""
    redacted: tuple[str, ...] = ()
    """The arguments as given, without secret values."""
    formats: tuple[str, ...] = ()
    """The report formats: ``csv``, ``html``, …"""
    files: tuple[tuple[str, str], ...] = ()
    """The local files that the arguments name: the option, and the file's name."""
    always_finds: bool = False
    """Whether every account has a finding: this plug-in's check has one for the root user."""
    has_secrets: bool = False
    """Whether a value among the arguments is secret."""
    session_duration: int = 0
    """Seconds for which a role's session is to last."""
    bucket: str = ""
    """Where Prowler puts the accounts' reports. Empty if it does not."""


def check_prowler_arguments(
    arguments: Sequence[str], scheduler: str | None, launcher: ProwlerLauncher
) -> ParsedArguments:
    """Parse Prowler's arguments in another process.

    Raises StartError if that process crashes, UsageError if the arguments cannot be used.
    """
    try:
        parsed = launcher.ask(parse_prowler_arguments, arguments)
    except NoAnswerError as error:
        raise StartError(f"Prowler did not parse its arguments: {error}.") from error
    if parsed.problem:
        raise UsageError(parsed.problem)
    if parsed.has_secrets and scheduler and not scheduler.startswith(ENCRYPTED):
        raise UsageError(
            "--shodan, --external-id, and shodan_api_key in a --config-file of Prowler have secret "
            "values, and the connection to this scheduler is not encrypted: use a scheduler with "
            "tls://."
        )
    return parsed


def parse_prowler_arguments(arguments: Sequence[str]) -> ParsedArguments:
    """Have Prowler parse its arguments and choose its checks, without a call to AWS.

    Prowler ends the process if it finds a mistake: call this in a process of its own.
    """
    parsed, problem = _parse((*LOGGING, *arguments))
    if parsed is None:
        return ParsedArguments(f"Prowler rejects its arguments: {problem}")
    defaults, _ = _parse(())
    files = _files(parsed, defaults)
    problem = find_conflict(parsed, _default_output_directory()) or _find_unreadable(files)
    if problem:
        return ParsedArguments(problem)
    chosen = any(getattr(parsed, name, None) for name in SELECTING)
    # Prowler uses the last of two log levels: one among the arguments wins.
    logging = LOGGING_WARNINGS if parsed.security_hub else LOGGING
    complete = (*logging, *arguments, *(() if chosen else ("--checks", *DEFAULT_CHECKS)))
    problem = _list_checks(complete)
    if problem:
        return ParsedArguments(f"Prowler rejects its arguments: {problem}")
    return ParsedArguments(
        arguments=complete,
        redacted=redact(arguments, [getattr(parsed, name, None) for name in SECRET]),
        formats=tuple(parsed.output_formats),
        files=files,
        always_finds=not chosen and not any(getattr(parsed, name, None) for name in FILTERING),
        has_secrets=any(getattr(parsed, name, None) for name in SECRET)
        or _has_secret(parsed.config_file),
        session_duration=parsed.session_duration or 0,
        bucket=parsed.output_bucket or parsed.output_bucket_no_assume or "",
    )


def find_conflict(parsed: argparse.Namespace, default_output_directory: str) -> str:
    """Why these options do not fit a scan of many accounts. Empty if they do.

    ``default_output_directory`` is the one that Prowler uses if none is given.
    """
    if parsed.role != PLACEHOLDER_ROLE:
        return "Leave out -R/--role of Prowler: prowler-org assumes its own --role in each account."
    if parsed.mfa:
        return "Leave out --mfa of Prowler: each account would ask for a code."
    if parsed.output_filename:
        return "Leave out -F/--output-filename of Prowler: every account would have the same name."
    if parsed.output_directory != default_output_directory:
        return (
            "Leave out -o/--output-directory of Prowler: prowler-org has its own "
            "--output-directory. Give it before the --."
        )
    if parsed.fixer:
        return (
            "Leave out --fixer of Prowler: it changes accounts and writes no report. "
            "Run `prowler aws --fixer` account by account."
        )
    if any(getattr(parsed, name, None) for name in LISTING) or parsed.quick_inventory:
        return "Options of Prowler that list something do not scan: give them to `prowler aws`."
    if parsed.log_level == "CRITICAL":
        return (
            "Leave out --log-level CRITICAL of Prowler: without errors, its log does not say that "
            "a check crashed, credentials expired, or a delivery failed."
        )
    if parsed.only_logs:
        return (
            "Leave out --only-logs of Prowler: with it, Prowler does not say that a check crashed."
        )
    if parsed.checks_folder:
        return (
            "Leave out -x/--checks-folder of Prowler: it copies the checks into Prowler's "
            "installation, and a scan that is stopped leaves them there. Install the checks as a "
            "plug-in, or use `prowler aws`."
        )
    if "csv" not in parsed.output_formats:
        return "Add csv to -M of Prowler: prowler-org makes the organization's reports from it."
    return ""


def _files(
    parsed: argparse.Namespace, defaults: argparse.Namespace | None
) -> tuple[tuple[str, str], ...]:
    """The options that name a file of this machine, with the file, without Prowler's defaults."""
    return tuple(
        (f"--{option.replace('_', '-')}", value)
        for option in FILES
        if (value := getattr(parsed, option, None))
        and value != getattr(defaults, option, None)
        and not value.startswith(ADDRESSES)
    )


def _find_unreadable(files: Sequence[tuple[str, str]]) -> str:
    """Prowler only logs that it cannot read a file, and goes on without it."""
    for option, name in files:
        if not os.access(name, os.R_OK) or not Path(name).is_file():
            return f"Cannot read {name}, which {option} of Prowler names."
    return ""


def _has_secret(config_file: str) -> bool:
    from prowler.config.config import load_and_validate_config_file

    return bool(load_and_validate_config_file("aws", config_file).get("shodan_api_key"))


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
    """What Prowler's parser returns, or why it returns nothing."""
    from prowler.lib.cli.parser import ProwlerArgumentParser

    sys.argv = ["prowler", "aws", "--role", PLACEHOLDER_ROLE, *arguments]
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
        try:
            return ProwlerArgumentParser().parse(), ""
        except SystemExit as ended:
            if not ended.code:
                return None, "--help and --version do not scan."
            return None, last_message(printed.getvalue()).rpartition(" error: ")[2]


def _default_output_directory() -> str:
    from prowler.config.config import default_output_directory

    return str(default_output_directory)


def _list_checks(arguments: Sequence[str]) -> str:
    """What Prowler says if it finds no checks to run. Empty if it finds some."""
    from prowler.__main__ import prowler

    sys.argv = ["prowler", "aws", "--role", PLACEHOLDER_ROLE, *arguments, "--list-checks-json"]
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
        try:
            prowler()
        except SystemExit as ended:
            if ended.code:
                return " ".join(critical_messages(printed.getvalue())) or "it found no checks."
    return ""
