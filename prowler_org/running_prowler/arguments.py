"""Check Prowler's arguments with its own parser: which of them fit a scan of many accounts."""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from prowler_access_keys.services.iam.iam_access_keys.catalogue import our_checks

from ..accounts.sign_in import LONGEST_CHAINED_SESSION, SignIn, is_of_a_role
from ..errors import StartError, UsageError
from .expected_reports import ANY_REPORTS, ExpectedReports
from .log import REDACTED, critical_entries, last_line
from .processes import EXCEPTIONS_OPTION, NoAnswerError, ProwlerLauncher

DEFAULT_CHECKS = tuple(sorted(our_checks()))
"""The checks that run if Prowler's arguments choose none: all of this plug-in."""
LOGGING = ("--log-level", "ERROR")
"""Without it, Prowler does not log that it could not import a check."""
LOGGING_WARNINGS = ("--log-level", "WARNING")
"""With Security Hub: only a warning says that findings of a region were not sent."""
CHECK_OF_EVERY_ACCOUNT = "iam_root_user_active_keys"
"""A check with a finding in every account."""
SELECTING = (
    "check", "checks_file", "service", "severity", "compliance", "category", "resource_group",
    "excluded_check", "excluded_checks_file", "excluded_service",
)  # fmt: skip
"""Prowler's options that choose checks, as its parser names them.

They hide nothing: a check that runs writes all of its findings.
"""
_HIDES = "it leaves out findings, also those about what could not be read"
_LISTS = "it lists something, and does not scan: give it to `prowler aws`"
_WATCHED = "nothing says whether they arrived. -B, -D, and -S are watched"
REFUSED = {
    "role": "prowler-org assumes its own --role in each account",
    "mfa": "each account would ask for a code",
    "output_filename": "every account would have the same name",
    "output_directory": "prowler-org has its own --output-directory. Give it before the --",
    "fixer": "it changes accounts and writes no report. Run `prowler aws --fixer` account by "
    "account",
    "only_logs": "with it, Prowler does not say that a check crashed",
    "checks_folder": "it copies the checks into Prowler's installation, and a scan that is stopped "
    "leaves them there. Install the checks as a plug-in, or use `prowler aws`",
    "status": f"{_HIDES}. Choose among the findings of the merged reports",
    "resource_arn": f"{_HIDES}. Give it to `prowler aws`",
    "resource_tag": f"{_HIDES}. Give it to `prowler aws`",
    "push_to_cloud": f"it sends findings, and {_WATCHED}",
    "slack": f"it sends messages, and {_WATCHED}",
    "quick_inventory": _LISTS, "list_checks": _LISTS, "list_checks_json": _LISTS,
    "list_services": _LISTS, "list_compliance": _LISTS, "list_compliance_requirements": _LISTS,
    "list_categories": _LISTS, "list_resource_groups": _LISTS, "list_fixer": _LISTS,
}  # fmt: skip
"""Prowler's options that do not fit a scan of many accounts, and why."""
NUMBERS = ("aws_retries_max_attempts", "aws_connect_timeout", "aws_read_timeout")
MOST = 86_400
"""The most of these: seconds of a day."""
KNOWN = (
    *SELECTING, *REFUSED, *NUMBERS, "help", "provider", "version", "output_formats", "verbose",
    "ignore_exit_code_3", "no_banner", "no_color", "unix_timestamp", "log_level", "log_file",
    "mutelist_file", "config_file", "fixer_config", "scan_secrets_validate",
    "custom_checks_metadata_file", "shodan", "profile", "role_session_name", "session_duration",
    "external_id", "region", "excluded_region", "organizations_role", "security_hub",
    "skip_sh_update", "send_sh_only_fails", "output_bucket", "output_bucket_no_assume",
    "scan_unused_services",
)  # fmt: skip
"""All options of Prowler that were looked at. Any other is refused: it may hide findings."""
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
    expected: ExpectedReports = ANY_REPORTS
    """What the reports of every account must be."""
    files: tuple[tuple[str, str], ...] = ()
    """The local files that the arguments name: the option, and the file's name."""
    hashes: dict[str, str] = field(default_factory=dict)
    """The SHA-256 of these files, by option."""
    exceptions: str = ""
    """The file of exceptions; empty if there is none."""
    secrets: tuple[str, ...] = field(default=(), repr=False)
    """The values among the arguments that are secret."""
    has_secrets: bool = False
    """Whether a value among the arguments, or in a file that they name, is secret."""
    profile: str | None = None
    session_duration: int = 0
    """Seconds for which a role's session is to last."""
    bucket: str = ""
    """Where Prowler puts the accounts' reports. Empty if it does not."""


def check_prowler_arguments(
    arguments: Sequence[str],
    signed_in: SignIn,
    launcher: ProwlerLauncher,
    scheduler: str | None,
    exceptions: Path | None = None,
) -> ParsedArguments:
    """Parse Prowler's arguments in another process, for scans here or on the scheduler's cluster.

    ``exceptions`` is the file of exceptions, if it is not the one that the config file names.

    Raises StartError if that process crashes, UsageError if the arguments cannot be used.
    """
    try:
        parsed = launcher.ask(parse_prowler_arguments, arguments, exceptions)
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
    if parsed.profile != signed_in.profile:
        raise UsageError("Give the profile of Prowler by itself, as in --profile NAME.")
    if scheduler:
        return parsed
    seconds = parsed.session_duration
    if seconds > LONGEST_CHAINED_SESSION and is_of_a_role(signed_in.session):
        raise UsageError(
            f"-T/--session-duration {seconds} of Prowler: with the credentials of a role, another "
            f"role can be assumed for {LONGEST_CHAINED_SESSION} seconds at most."
        )
    # Of two profiles, Prowler uses the last one, and none if that has no name.
    own = ("--profile",) if signed_in.is_handed_over else ()
    return replace(parsed, arguments=(*parsed.arguments, *own))


def parse_prowler_arguments(
    arguments: Sequence[str], exceptions: Path | None = None
) -> ParsedArguments:
    """Have Prowler parse its arguments and choose its checks, without a call to AWS.

    Prowler changes the process: call this in a process of its own.
    """
    values: list[tuple[str, str]] = []
    try:
        return _parse_and_check(arguments, values, exceptions)
    except UsageError as error:
        problem = str(error)
    except (Exception, SystemExit) as error:
        problem = f"Prowler fails with its arguments: {type(error).__name__}: {error}"
    for secret in _secrets(values):
        problem = problem.replace(secret, REDACTED)
    return ParsedArguments(problem)


def _parse_and_check(
    arguments: Sequence[str], values: list[tuple[str, str]], exceptions: Path | None
) -> ParsedArguments:
    """Adds each option that has a value to ``values``. Raises UsageError."""
    parsed, defaults = _parse((*LOGGING, *arguments), values), _parse((), [])
    secrets = _secrets(values)
    files = _files(parsed, defaults)
    bucket = parsed.output_bucket or parsed.output_bucket_no_assume or ""
    problem = find_conflict(parsed, defaults) or _find_unreadable(files)
    if secrets and bucket and "html" in parsed.output_formats:
        problem = problem or (
            "With --external-id or --shodan, leave html out of -M of Prowler: -B and -D would put "
            "reports into the bucket that show the value."
        )
    if problem:
        raise UsageError(problem)
    complete = _complete(arguments, parsed)
    checks = _checks(complete, parsed)
    if not checks:
        raise UsageError("Prowler rejects its arguments: no check is left to run.")
    path = str(exceptions.absolute()) if exceptions else _named_exceptions()
    if path:  # a worker has no file beside the config file that it gets
        files = (*files, (EXCEPTIONS_OPTION, path))
        complete = (*complete, EXCEPTIONS_OPTION, path)
        if problem := _find_unreadable(files[-1:]):
            raise UsageError(problem)
    return ParsedArguments(
        arguments=complete,
        redacted=redact(arguments, secrets),
        expected=ExpectedReports(
            tuple(parsed.output_formats),
            CHECK_OF_EVERY_ACCOUNT in checks,
            parsed.ignore_exit_code_3,
        ),
        files=files,
        hashes={name: sha256(Path(path).read_bytes()).hexdigest() for name, path in files},
        exceptions=path,
        secrets=secrets,
        has_secrets=bool(secrets) or _has_secret(parsed.config_file),
        profile=parsed.profile,
        session_duration=parsed.session_duration or 0,
        bucket=bucket,
    )


def _complete(arguments: Sequence[str], parsed: argparse.Namespace) -> tuple[str, ...]:
    """The arguments for a scan: with a log level, and the default checks if they choose none."""
    chosen = any(getattr(parsed, name, None) for name in SELECTING)
    # Prowler uses the last of two log levels.
    warns = parsed.security_hub and parsed.log_level == "ERROR"
    return (
        *LOGGING, *arguments, *(LOGGING_WARNINGS if warns else ()),
        *(() if chosen else ("--checks", *DEFAULT_CHECKS)),
    )  # fmt: skip


def find_conflict(parsed: argparse.Namespace, defaults: argparse.Namespace) -> str:
    """Why these options do not fit a scan of many accounts. Empty if they do.

    ``defaults`` is what Prowler makes of no options.
    """
    for name, value in vars(parsed).items():
        if name in REFUSED and value != getattr(defaults, name):
            return f"Leave out {_option(name)} of Prowler: {REFUSED[name]}."
        if name not in KNOWN and value != getattr(defaults, name):
            return f"Leave out {_option(name)} of Prowler: prowler-org does not know it."
        if name in NUMBERS and value is not None and not 0 <= value <= MOST:
            return f"{_option(name)} of Prowler must be from 0 to {MOST}."
    if parsed.log_level == "CRITICAL":
        return (
            "Leave out --log-level CRITICAL of Prowler: without errors, its log does not say that "
            "a check crashed, credentials expired, or a delivery failed."
        )
    if parsed.log_level == "DEBUG":
        return (
            "Leave out --log-level DEBUG of Prowler: the log would have the secret keys and the "
            "tokens of each account's role."
        )
    if "csv" not in parsed.output_formats:
        return "Add csv to -M of Prowler: prowler-org makes the organization's reports from it."
    return ""


def _option(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _files(parsed: argparse.Namespace, defaults: argparse.Namespace) -> tuple[tuple[str, str], ...]:
    """The options that name a file of this machine, with the file, without Prowler's defaults."""
    return tuple(
        (_option(option), value)
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


def _named_exceptions() -> str:
    """The file of exceptions that the config file names, among what Prowler has parsed last."""
    from prowler_access_keys.services.iam.iam_access_keys.command_line import settings_of

    named = settings_of(SimpleNamespace(audit_config={}))[0].access_key_exceptions
    return str(Path(named).absolute()) if named else ""


def _secrets(values: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    """All secret values, those too that a later one outranks; the longest first."""
    return tuple(sorted({value for name, value in values if name in SECRET}, key=len)[::-1])


def redact(arguments: Sequence[str], secrets: Sequence[str]) -> tuple[str, ...]:
    """The arguments, with REDACTED in place of each secret value."""
    return tuple(_redact_argument(argument, secrets) for argument in arguments)


def _redact_argument(argument: str, secrets: Sequence[str]) -> str:
    for secret in secrets:
        option = argument.removesuffix(secret)
        # The value by itself, --option=value, or joined with short options.
        if option != argument and (not option or option.startswith("-")):
            return f"{option}{REDACTED}"
    return argument


def _parse(arguments: Sequence[str], values: list[tuple[str, str]]) -> argparse.Namespace:
    """What Prowler's parser returns. Adds each value to ``values``. Raises UsageError."""
    from prowler.lib.cli.parser import ProwlerArgumentParser

    sys.argv = ["prowler", "aws", "--role", PLACEHOLDER_ROLE, *arguments]
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
        try:
            parser = ProwlerArgumentParser()
            for action in parser.subparsers.choices["aws"]._actions:
                if action.nargs != 0:
                    action.type = _note_values(action, values)
                    # Without a value, Prowler takes some options as if they were not there.
                    action.const = "" if action.nargs == "?" else action.const
            parsed: argparse.Namespace = parser.parse()
        except SystemExit as ended:
            if not ended.code:
                raise UsageError("--help and --version do not scan.") from ended
            message = last_line(printed.getvalue()).rpartition(" error: ")[2]
            raise UsageError(
                f"Prowler rejects its arguments: {_without_values(message)}"
            ) from ended
    return parsed


def _note_values(action: argparse.Action, values: list[tuple[str, str]]) -> Callable[[str], Any]:
    """The type of an option, which notes each value, and refuses an empty one."""
    convert: Callable[[str], Any] = action.type or str  # type: ignore[assignment]

    def note(value: str) -> Any:
        values.append((action.dest, value))
        if not value.strip():
            raise argparse.ArgumentTypeError("its value is empty")
        return convert(value)

    note.__name__ = getattr(convert, "__name__", "value")
    return note


def _without_values(message: str) -> str:
    """What Prowler's parser says, without what follows an option that it does not know."""
    message = re.sub(r"(--[\w-]+=)\S+", rf"\1{REDACTED}", message)
    before, unknown, words = message.partition("unrecognized arguments:")
    names = [word for word in words.split() if word.startswith("--")]
    return f"{before}{unknown} {' '.join(names) or REDACTED}" if unknown else message


def _checks(arguments: Sequence[str], parsed: argparse.Namespace) -> set[str]:
    """The checks that Prowler would run. Raises UsageError if it finds no checks."""
    from prowler.__main__ import prowler
    from prowler.lib.check import check

    sys.argv = ["prowler", "aws", "--role", PLACEHOLDER_ROLE, *arguments, "--list-checks-json"]
    printed, log = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(log):
        try:
            prowler()
        except SystemExit as ended:
            if ended.code:
                message = " ".join(entry.message for entry in critical_entries(log.getvalue()))
                raise UsageError(
                    f"Prowler rejects its arguments: {message or 'it found no checks.'}"
                ) from ended
        checks: set[str] = set(json.loads(printed.getvalue())["aws"])
        check.exclude_checks_to_run(checks, parsed.excluded_check or [])
        if parsed.excluded_checks_file:
            excluded = check.parse_checks_from_file(parsed.excluded_checks_file, "aws")
            check.exclude_checks_to_run(checks, excluded or [])
        check.exclude_services_to_run(checks, parsed.excluded_service or [], "aws")
    return checks
