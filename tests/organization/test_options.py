"""The command line. These tests ask no AWS and start no scan."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

import pytest

from prowler_org.cli import main
from prowler_org.options import _parser, split
from prowler_org.processors import usable_processors

from ..pages import table

ROLE = ("--role", "ProwlerScan")


def test_arguments_after_two_dashes_are_prowlers() -> None:
    own, prowlers = split(["--role", "R", "--", "-M", "csv", "--", "x"])
    assert (own, prowlers) == (["--role", "R"], ("-M", "csv", "--", "x"))


@pytest.mark.parametrize(
    ("files", "processors"),
    [
        ({}, 8),
        ({"cpu.max": "max 100000"}, 8),
        ({"cpu.max": "150000 100000"}, 2),
        ({"cpu.max": "10000 100000"}, 1),
        ({"cpu.max": "9900000 100000"}, 8),
        ({"cpu/cpu.cfs_quota_us": "300000", "cpu/cpu.cfs_period_us": "100000"}, 3),
        ({"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"}, 8),
    ],
)
def test_there_are_as_many_jobs_as_processors_that_the_container_has(
    files: dict[str, str], processors: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda process: set(range(8)))
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(f"{content}\n")
    assert usable_processors(tmp_path) == processors


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((), "the following arguments are required: --role"),
        (("--role", "arn:aws:iam::111111111111:role/R"), "give only the role's name"),
        (("--role", "not a role"), "'not a role' is not a valid IAM role name"),
        ((*ROLE, "--accounts", "12345"), "'12345' is not a valid account ID, which has 12 digits"),
        ((*ROLE, "--account-tag", "production"), "'production' is not a valid tag, such as"),
        ((*ROLE, "--scheduler", "tcp://203.0.113.7:8786"), "add --without-tls if you trust the"),
        (("--role", "role/ProwlerScan"), "'role/ProwlerScan' is not a valid IAM role name"),
        (("--role", "security//ProwlerScan"), "is not a valid IAM role name"),
        (("--role", "/ProwlerScan"), "is not a valid IAM role name"),
        (("--role", "ProwlerScan/"), "is not a valid IAM role name"),
        ((*ROLE, "--jobs", "0"), "'0' is not a whole number from 1 to 1000"),
        ((*ROLE, "--jobs", "1001"), "'1001' is not a whole number from 1 to 1000"),
        ((*ROLE, "--jobs", "9" * 5000), "is not a whole number from 1 to 1000"),
        ((*ROLE, "--timeout", "-1"), "'-1' is not a number of seconds above 0"),
        ((*ROLE, "--timeout", "nan"), "'nan' is not a number of seconds above 0"),
        ((*ROLE, "--timeout", "2147484"), "up to 604800, seven days"),
        ((*ROLE, "--timeout", "inf"), "up to 604800, seven days"),
        ((*ROLE, "--account-tag", "env="), "'env=' is not a valid tag"),
        ((*ROLE, "--external-id", "secret"), "unrecognized arguments: --external-id\n"),
        ((*ROLE, "--external-id=secret", "x"), "unrecognized arguments: --external-id\n"),
        ((*ROLE, "--organizations-role", "R"), "'R' is not a valid role ARN"),
        ((*ROLE, "--frequency", "daily"), "unrecognized arguments"),
        ((*ROLE, "--jobs", "2", "--scheduler", "tcp://h:1"), "dask worker --nthreads"),
        ((*ROLE, "--dry-run", "--resume"), "leave out one of the two options"),
        (
            (*ROLE, "--accounts", "111111111111", "--exclude", "111111111111"),
            "--accounts and --exclude both name 111111111111",
        ),
    ],
)
def test_a_wrong_command_line_is_refused(
    arguments: tuple[str, ...], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        exit_code: object = main(arguments)
    except SystemExit as ended:  # argparse's own way
        exit_code = ended.code
    assert exit_code == 2
    assert sentence in capsys.readouterr().err


def options_with_values() -> list[str]:
    return [
        spelling
        for action in _parser()._actions
        if action.nargs != 0
        for spelling in action.option_strings
    ]


@pytest.mark.parametrize("option", options_with_values())
@pytest.mark.parametrize("value", ["", " ", None])
def test_a_variable_that_is_not_set_is_an_error(
    option: str, value: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    given = (option,) if value is None else (option, value)
    role = () if option == "--role" else ROLE
    with pytest.raises(SystemExit, match="2"):
        main([*role, *given])
    said = capsys.readouterr().err
    assert f"argument {option}: " in said
    assert any(why in said for why in ("is empty", "is not a", "expected ", "invalid choice"))


def test_both_versions_are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--version"])
    ours, prowlers = version("prowler-access-keys"), version("prowler")
    assert capsys.readouterr().out == f"prowler-org {ours}, with Prowler {prowlers}\n"


def test_the_help_has_examples_the_check_and_the_exit_codes(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    text = capsys.readouterr().out
    assert "prowler-org --role ProwlerScan -- --service iam" in text
    assert "the\nthirteen checks of this plug-in run" in text
    for code, *_ in table("| exit code | `prowler-org` |"):
        assert f"\n  {code}  " in text
