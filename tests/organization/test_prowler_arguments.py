"""Which of Prowler's options fit a scan of many accounts."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from itertools import product
from pathlib import Path
from unittest import mock

import pytest
from prowler.lib.cli.parser import ProwlerArgumentParser

from prowler_org.accounts.sign_in import SignIn
from prowler_org.errors import UsageError
from prowler_org.running_prowler.arguments import (
    CHECK_OF_EVERY_ACCOUNT,
    DEFAULT_CHECKS,
    LOGGING,
    REFUSED,
    ParsedArguments,
    _parse,
    _secrets,
    check_prowler_arguments,
    find_conflict,
    redact,
)
from prowler_org.running_prowler.expected_reports import ExpectedReports
from prowler_org.running_prowler.processes import ProwlerLauncher, _without_exceptions
from prowler_org.scanning.backends.dask_worker import SentFile, with_files

from ..permissions import PERMISSIONS

Parse = Callable[..., ParsedArguments]
SIGNED_IN = SignIn(session=None)


@pytest.fixture(scope="module")
def launcher() -> ProwlerLauncher:
    """Forks from a process that has loaded Prowler, as prowler-org does."""
    launcher = ProwlerLauncher()
    assert launcher.problem is None
    return launcher


@pytest.fixture
def parse(launcher: ProwlerLauncher) -> Parse:
    return lambda *arguments: check_prowler_arguments(arguments, SIGNED_IN, launcher, None)


def test_without_a_choice_of_checks_all_of_ours_run(parse: Parse) -> None:
    parsed = parse("-M", "csv")
    assert parsed.arguments == (*LOGGING, "-M", "csv", "--checks", *DEFAULT_CHECKS)
    assert parsed.redacted == ("-M", "csv")
    assert parsed.expected == ExpectedReports(("csv",), always_finds=True)


@pytest.mark.parametrize(
    ("choice", "always_finds"),
    [
        (("-s", "iam"), True),
        (("--checks", "iam_no_root_access_key"), False),
        (("-e", DEFAULT_CHECKS[0]), False),
        (("--severity", "low"), False),
        (("--severity", "critical"), True),
        (("-c", CHECK_OF_EVERY_ACCOUNT, "iam_no_root_access_key"), True),
        (("--compliance", "access_key_hygiene_1.0_aws", "-z"), True),
    ],
)
def test_selected_checks_are_passed_on(
    parse: Parse, choice: tuple[str, ...], always_finds: bool
) -> None:
    parsed = parse(*choice)
    assert parsed.arguments == (*LOGGING, *choice)
    formats = ("csv", "json-ocsf", "html")
    assert parsed.expected.formats[:3] == formats
    assert parsed.expected.always_finds is always_finds
    assert parsed.expected.ignores_failures is ("-z" in choice)


VALUES = {
    "list_compliance_requirements": "access_key_hygiene_1.0_aws", "status": "FAIL",
    "resource_arn": "arn:aws:iam::111111111111:user/a", "resource_tag": "team=a",
}  # fmt: skip
"""Values that Prowler takes, for those of the options that are refused which take one."""


def test_an_option_that_could_hide_unread_facts_is_refused(launcher: ProwlerLauncher) -> None:
    for option, problem in launcher.ask(conflicts):
        assert problem.startswith(f"Leave out {option} of Prowler: ")


def conflicts() -> list[tuple[str, str]]:
    """Each option that is refused, and why, in a process that has loaded Prowler."""
    defaults, found = _parse((), []), []
    for name in set(REFUSED) - {"role"}:
        option = f"--{name.replace('_', '-')}"
        takes_value = name in (*VALUES, "output_filename", "output_directory", "checks_folder")
        given = (option, VALUES.get(name, "x")) if takes_value else (option,)
        found.append((option, find_conflict(_parse(given, []), defaults)))
    return found


def test_a_variable_that_is_not_set_is_an_error(launcher: ProwlerLauncher) -> None:
    lines: list[tuple[str, ...]] = []
    for action in ProwlerArgumentParser().subparsers.choices["aws"]._actions:
        for option in action.option_strings if action.nargs != 0 else ():
            lines += [(option, ""), (option, "  "), (option, "-b"), (option,)]
            lines += [(option, "", "x") if action.nargs == "+" else (option, "", option, "INFO")]
            lines += [(f"{option}=",)] if option.startswith("--") else [(f"-b{option[1:]}",)]
    assert len(lines) > 300
    for line, problem in zip(lines, launcher.ask(problems_of, lines), strict=True):
        said = "its value is empty|expected (at least )?one argument"
        assert re.search(said, problem), (line, problem)


def problems_of(command_lines: Sequence[tuple[str, ...]]) -> list[str]:
    """Why Prowler's parser refuses these, in a process that has loaded Prowler."""
    return [problem_of(arguments) for arguments in command_lines]


def problem_of(arguments: tuple[str, ...]) -> str:
    try:
        return f"{arguments} was parsed: {_parse(arguments, [])}"
    except UsageError as error:
        return str(error)


def test_custom_severities_are_passed_on(parse: Parse) -> None:
    severities = (
        "--custom-checks-metadata-file",
        str(PERMISSIONS.parent / "examples/severity.yaml"),
    )
    assert parse(*severities).arguments == (*LOGGING, *severities, "--checks", *DEFAULT_CHECKS)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("-R", "arn:aws:iam::1:role/x"), "Leave out --role"),
        (("-Fname",), "Leave out --output-filename"),
        (("-bo", "elsewhere"), "has its own --output-directory"),
        (("-x", "checks"), "Leave out --checks-folder"),
        (("--log-level", "CRITICAL"), "Leave out --log-level CRITICAL"),
        (("--log-level=DEBUG",), "Leave out --log-level DEBUG"),
        (("--status", "FAIL", "MANUAL", "PASS"), "about what could not be read"),
        (("-e", *DEFAULT_CHECKS, "-c", *DEFAULT_CHECKS), "no check is left to run"),
        (("-s", "iam", "--excluded-service", "iam"), "no check is left to run"),
        (("--aws-read-timeout", "99999999999"), "--aws-read-timeout of Prowler must be from 0 to"),
        (("--aws-retries-max-attempts", "-1"), "must be from 0 to 86400"),
        (("-I", "ext-id", "-B", "bucket"), "leave html out of -M of Prowler"),
        (("-M", "html"), "Add csv to -M"),
        (("-M", "pdf"), "invalid choice: 'pdf'"),
        (("--frequency", "daily"), "unrecognized arguments"),
        (("-c", "no_such_check"), "Invalid check(s) specified: no_such_check"),
        (("--help",), "--help and --version do not scan"),
        (("--config-file", "/no.yaml"), "Cannot read /no.yaml, which --config-file of Prowler"),
    ],
)
def test_an_option_that_does_not_fit_is_refused(
    parse: Parse, arguments: tuple[str, ...], sentence: str
) -> None:
    with pytest.raises(UsageError) as refused:
        parse(*arguments)
    assert sentence in str(refused.value)


def test_secret_values_are_not_stored_and_sent_only_encrypted(
    parse: Parse, launcher: ProwlerLauncher
) -> None:
    given = ("--shodan=s3cret", "-I", "ext-id", "-M", "csv")
    parsed = parse(*given)
    assert parsed.redacted == ("--shodan=REDACTED", "-I", "REDACTED", "-M", "csv")
    assert set(parsed.secrets) == {"s3cret", "ext-id"}
    assert parsed.arguments[2:7] == given
    with pytest.raises(UsageError, match="use a scheduler with tls://"):
        check_prowler_arguments(given, SIGNED_IN, launcher, "tcp://h:1")
    assert check_prowler_arguments(given, SIGNED_IN, launcher, "tls://h:1") == parsed


FIRST, SECOND, KEY = "one-ext-id", "other:ext/id", "s3cret-of-shodan"
SPELLINGS = (
    ("-I", "{}"), ("-I{}",), ("-I={}",), ("-bI", "{}"), ("-bI{}",), ("-zbI{}",),
    ("--external-id", "{}"), ("--external-id={}",), ("--ext={}",), ("--externa", "{}"),
)  # fmt: skip
SECRETS = (FIRST, SECOND, KEY)
OF_SHODAN = (("-N", "{}"), ("-bN{}",), ("--shodan={}",), ("--sho", "{}"))


def test_the_value_of_a_secret_option_is_never_printed(launcher: ProwlerLauncher) -> None:
    lines = []
    for number, spellings in enumerate(product(SPELLINGS, SPELLINGS)):
        parts = zip((*spellings, OF_SHODAN[number % len(OF_SHODAN)]), SECRETS, strict=True)
        lines.append(tuple(part.format(value) for those, value in parts for part in those))
    for line, told in zip(lines, launcher.ask(redactions_of, lines), strict=True):
        assert str(told).count("REDACTED") == 3, line
        assert not [secret for secret in SECRETS if secret in str(told)], line
    wrong = [
        ("--unknown", FIRST),
        (f"--unknown={FIRST}",),
        (FIRST,),
        ("-M", "no"),
        (f"--ex={FIRST}",),
    ]
    for problem in launcher.ask(problems_of, [("-I", SECOND, *more) for more in wrong]):
        assert problem.startswith("Prowler rejects its arguments: ")
        assert not [secret for secret in SECRETS if secret in problem]


def redactions_of(command_lines: Sequence[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """What is stored of these, in a process that has loaded Prowler."""
    redactions = []
    for arguments in command_lines:
        given: list[tuple[str, str]] = []
        _parse(arguments, given)
        redactions.append(redact(arguments, _secrets(given)))
    return redactions


def test_a_secret_in_a_config_file_is_sent_only_encrypted(
    launcher: ProwlerLauncher, tmp_path: Path
) -> None:
    config = tmp_path / "config.yaml"
    config.write_text("aws:\n  shodan_api_key: s3cret\n")
    given = ("--config-file", str(config))
    with pytest.raises(UsageError, match="use a scheduler with tls://"):
        check_prowler_arguments(given, SIGNED_IN, launcher, "tcp://h:1")
    config.write_text("aws:\n  shodan_api_key: null\n")
    assert not check_prowler_arguments(given, SIGNED_IN, launcher, "tcp://h:1").has_secrets


@pytest.mark.parametrize("spelling", [("-w", "{}"), ("-w{}",), ("--mutelist-file={}",)])
def test_a_local_file_is_recognized_in_any_spelling(
    parse: Parse, tmp_path: Path, spelling: tuple[str, ...]
) -> None:
    mutelist = tmp_path / "mute.yaml"
    mutelist.write_text("Mutelist: {}")
    given = [part.format(mutelist) for part in spelling]
    parsed = parse(*given)
    assert parsed.files == (("--mutelist-file", str(mutelist)),)
    mutelist.write_text("Mutelist: {Accounts: {}}")
    other = parse(*given)
    assert parsed.hashes.keys() == other.hashes.keys() == {"--mutelist-file"}
    assert parsed.hashes != other.hashes
    in_aws = (part.format("s3://bucket/mute.yaml") for part in spelling)
    assert parse(*in_aws).files == ()


def test_the_exceptions_that_the_config_file_names_go_to_every_scan(
    parse: Parse, tmp_path: Path
) -> None:
    config, exceptions = tmp_path / "config.yaml", tmp_path / "exceptions.yaml"
    config.write_text("aws: {access_key_exceptions: exceptions.yaml}")
    exceptions.write_text("exceptions: []")
    parsed = parse("--config-file", str(config))
    assert parsed.files[-1] == ("--access-key-exceptions", str(exceptions))
    assert parsed.hashes.keys() == {"--config-file", "--access-key-exceptions"}
    assert parsed.arguments[-2:] == parsed.files[-1]
    on_worker = with_files(
        parsed.arguments, [SentFile(parsed.files[-1][0], "e.yaml", b"")], tmp_path / "x"
    )
    with mock.patch.dict("os.environ", {}):
        left = _without_exceptions(on_worker)
        assert os.environ["PROWLER_ACCESS_KEY_EXCEPTIONS"] == on_worker[-1] != str(exceptions)
    assert left == list(parsed.arguments[:-2])
    exceptions.unlink()
    with pytest.raises(UsageError, match="which --access-key-exceptions of Prowler names"):
        parse("--config-file", str(config))


def test_the_examples_of_this_plug_in_are_accepted(parse: Parse) -> None:
    examples = Path(__file__).parents[2] / "metadata" / "examples"
    given = (
        "--custom-checks-metadata-file", str(examples / "severity.yaml"),
        "-C", str(examples / "checks.json"), "--config-file", str(examples / "config.yaml"),
        "-w", str(examples / "mutelist.yaml"),
    )  # fmt: skip
    assert len(parse(*given).files) == 4
