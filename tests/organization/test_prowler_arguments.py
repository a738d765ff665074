"""Which of Prowler's options fit a scan of many accounts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from prowler_org.errors import UsageError
from prowler_org.prowler_arguments import (
    DEFAULT_CHECKS,
    LOGGING,
    ParsedArguments,
    check_prowler_arguments,
)
from prowler_org.prowler_processes import ProwlerLauncher

from ..permissions import PERMISSIONS

Parse = Callable[..., ParsedArguments]


@pytest.fixture(scope="module")
def launcher() -> ProwlerLauncher:
    """Forks from a process that has loaded Prowler, as prowler-org does."""
    launcher = ProwlerLauncher()
    assert launcher.problem is None
    return launcher


@pytest.fixture
def parse(launcher: ProwlerLauncher) -> Parse:
    return lambda *arguments: check_prowler_arguments(arguments, None, launcher)


def test_without_a_choice_of_checks_all_of_ours_run(parse: Parse) -> None:
    parsed = parse("-M", "csv")
    assert parsed.arguments == (*LOGGING, "-M", "csv", "--checks", *DEFAULT_CHECKS)
    assert parsed.redacted == ("-M", "csv")
    assert parsed.always_finds


@pytest.mark.parametrize(
    "choice",
    [
        ("-s", "iam"),
        ("--checks", "iam_no_root_access_key"),
        ("-e", DEFAULT_CHECKS[0]),
        ("--severity", "low"),
    ],
)
def test_a_choice_of_checks_is_kept(parse: Parse, choice: tuple[str, ...]) -> None:
    parsed = parse(*choice)
    assert parsed.arguments == (*LOGGING, *choice)
    assert parsed.formats == ("csv", "json-ocsf", "html")
    assert not parsed.always_finds


def test_severities_of_the_users_own_are_taken(parse: Parse) -> None:
    severities = (
        "--custom-checks-metadata-file",
        str(PERMISSIONS.parent / "examples/severity.yaml"),
    )
    assert parse(*severities).arguments == (*LOGGING, *severities, "--checks", *DEFAULT_CHECKS)


def test_with_a_choice_of_findings_an_account_may_have_none(parse: Parse) -> None:
    arn = "arn:aws:iam::111111111111:user/a"
    for choice in ("--status=FAIL", "--resource-tag=team=a", f"--resource-arn={arn}"):
        assert not parse(choice).always_finds


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("-R", "arn:aws:iam::1:role/x"), "Leave out -R/--role"),
        (("--mfa",), "Leave out --mfa"),
        (("-F", "name"), "Leave out -F/--output-filename"),
        (("--output-filename=name",), "Leave out -F/--output-filename"),
        (("-o", "elsewhere"), "has its own --output-directory"),
        (("--fixer",), "Leave out --fixer"),
        (("--only-logs",), "Leave out --only-logs"),
        (("--log-level", "CRITICAL"), "Leave out --log-level CRITICAL"),
        (("--list-checks",), "do not scan"),
        (("--quick-inventory",), "do not scan"),
        (("-x", "checks"), "Leave out -x/--checks-folder"),
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
    assert parsed.arguments[2:7] == given
    with pytest.raises(UsageError, match="use a scheduler with tls://"):
        check_prowler_arguments(given, "tcp://h:1", launcher)
    assert check_prowler_arguments(given, "tls://h:1", launcher) == parsed


def test_a_secret_in_a_config_file_is_sent_only_encrypted(
    launcher: ProwlerLauncher, tmp_path: Path
) -> None:
    config = tmp_path / "config.yaml"
    config.write_text("aws:\n  shodan_api_key: s3cret\n")
    given = ("--config-file", str(config))
    with pytest.raises(UsageError, match="use a scheduler with tls://"):
        check_prowler_arguments(given, "tcp://h:1", launcher)
    config.write_text("aws:\n  shodan_api_key: null\n")
    assert not check_prowler_arguments(given, "tcp://h:1", launcher).has_secrets


@pytest.mark.parametrize("spelling", [("-w", "{}"), ("-w{}",), ("--mutelist-file={}",)])
def test_a_file_of_this_machine_is_known_in_any_spelling(
    parse: Parse, tmp_path: Path, spelling: tuple[str, ...]
) -> None:
    mutelist = tmp_path / "mute.yaml"
    mutelist.write_text("Mutelist: {}")
    given = (part.format(mutelist) for part in spelling)
    assert parse(*given).files == (("--mutelist-file", str(mutelist)),)
    in_aws = (part.format("s3://bucket/mute.yaml") for part in spelling)
    assert parse(*in_aws).files == ()
