"""Which of Prowler's options can be given for many accounts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from prowler_org.processes import Launcher
from prowler_org.prowler_arguments import Examination, examine

CHECK = "iam_user_multiple_active_keys"
LOGGING = ("--log-level", "ERROR")

Examine = Callable[..., Examination]


@pytest.fixture(scope="module")
def examined() -> Examine:
    """Has Prowler's arguments examined, in a forked process as prowler-org does."""
    launcher = Launcher()
    assert launcher.problem is None

    def ask(*arguments: str) -> Examination:
        return launcher.ask(examine, arguments)

    return ask


def test_without_a_choice_of_checks_ours_runs(examined: Examine) -> None:
    assert examined("-M", "csv").arguments == (*LOGGING, "-M", "csv", "--checks", CHECK)


@pytest.mark.parametrize(
    "choice",
    [("-s", "iam"), ("--checks", "iam_no_root_access_key"), ("-e", CHECK), ("--severity", "low")],
)
def test_a_choice_of_checks_stays_as_it_is(examined: Examine, choice: tuple[str, ...]) -> None:
    examination = examined(*choice)
    assert (examination.problem, examination.arguments) == ("", (*LOGGING, *choice))
    assert examination.formats == ("csv", "json-ocsf", "html")


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
        (("--list-checks",), "do not scan"),
        (("--quick-inventory",), "do not scan"),
        (("-x", "checks"), "Leave out -x/--checks-folder"),
        (("-M", "html"), "Add csv to -M"),
        (("-M", "pdf"), "invalid choice: 'pdf'"),
        (("--frequency", "daily"), "unrecognized arguments"),
        (("-c", "no_such_check"), "Invalid check(s) specified: no_such_check"),
        (("--help",), "--help and --version do not scan"),
    ],
)
def test_what_cannot_work_for_many_accounts_is_refused_with_a_sentence(
    examined: Examine, arguments: tuple[str, ...], sentence: str
) -> None:
    assert sentence in examined(*arguments).problem


@pytest.mark.parametrize(
    ("arguments", "always"),
    [
        (("-M", "csv"), True),
        (("-e", "iam_no_root_access_key"), False),
        (("--status", "FAIL"), False),
        (("--resource-tag", "team=a"), False),
        (("--resource-arn", "arn:aws:iam::111111111111:user/a"), False),
    ],
)
def test_our_check_alone_finds_something_in_every_account_unless_findings_are_chosen(
    examined: Examine, arguments: tuple[str, ...], always: bool
) -> None:
    assert examined(*arguments).always_finds is always


def test_secret_values_are_not_part_of_what_is_stored(examined: Examine) -> None:
    given = ("--shodan=s3cret", "-I", "ext-id", "-M", "csv")
    examination = examined(*given)
    assert examination.redacted == ("--shodan=REDACTED", "-I", "REDACTED", "-M", "csv")
    assert examination.arguments[2:7] == given


def test_the_logs_level_is_not_part_of_what_is_stored(examined: Examine) -> None:
    examination = examined("-M", "csv")
    assert examination.redacted == ("-M", "csv")


@pytest.mark.parametrize("spelling", [("-w", "{}"), ("-w{}",), ("--mutelist-file={}",)])
def test_a_file_that_prowler_is_given_is_known_however_it_is_spelt(
    examined: Examine, tmp_path: Path, spelling: tuple[str, ...]
) -> None:
    mutelist = tmp_path / "mute.yaml"
    mutelist.write_text("Mutelist: {}")
    given = (part.format(mutelist) for part in spelling)
    assert examined(*given).files == (("--mutelist-file", str(mutelist)),)


def test_a_file_that_is_not_there_is_refused(examined: Examine) -> None:
    problem = examined("--config-file", "/nowhere.yaml").problem
    assert problem == (
        "--config-file of Prowler names /nowhere.yaml, which is no file that can be read."
    )


def test_a_mutelist_in_aws_is_no_file(examined: Examine) -> None:
    examination = examined("-w", "s3://bucket/mute.yaml")
    assert (examination.problem, examination.files) == ("", ())
