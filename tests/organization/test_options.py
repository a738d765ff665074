"""What may be asked of prowler-org, and what not. No AWS is asked and no scan started."""

from __future__ import annotations

import pytest

from prowler_org.cli import main
from prowler_org.options import parse, split

from ..pages import command, table
from .commands import arguments_of

ROLE = ("--role", "ProwlerScan")


def test_what_comes_after_two_dashes_is_prowlers() -> None:
    assert split(["--role", "R", "--", "-M", "csv", "--", "x"]) == (
        ["--role", "R"],
        ("-M", "csv", "--", "x"),
    )


def test_a_role_may_have_a_path() -> None:
    assert parse(["--role", "security/ProwlerScan"]).role == "security/ProwlerScan"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((), "the following arguments are required: --role"),
        (("--role", "arn:aws:iam::111111111111:role/R"), "give the role's name only"),
        (("--role", "not a role"), "is no name of an IAM role"),
        ((*ROLE, "--accounts", "12345"), "'12345' is no account ID: it has 12 digits"),
        ((*ROLE, "--ou", "Production"), "is no ID of an organizational unit"),
        ((*ROLE, "--jobs", "0"), "'0' is no whole number from 1 up"),
        ((*ROLE, "--timeout", "-1"), "'-1' is no number of seconds above 0"),
        ((*ROLE, "--timeout", "nan"), "'nan' is no number of seconds above 0"),
        ((*ROLE, "--organizations-role", "R"), "'R' is no ARN of a role"),
        ((*ROLE, "--frequency", "daily"), "unrecognized arguments"),
        ((*ROLE, "--jobs", "2", "--scheduler", "tcp://h:1"), "dask worker --nthreads"),
        ((*ROLE, "--dry-run", "--resume"), "there is nothing to resume"),
        (
            (*ROLE, "--accounts", "111111111111", "--exclude", "111111111111"),
            "--accounts and --exclude both name 111111111111",
        ),
    ],
)
def test_a_wrong_command_line_is_refused_with_a_sentence(
    arguments: tuple[str, ...], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        exit_code: object = main(arguments)
    except SystemExit as ended:  # argparse's own way
        exit_code = ended.code
    assert exit_code == 2
    assert sentence in capsys.readouterr().err


def test_the_help_teaches_exit_codes_and_examples(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(arguments_of(command("prowler-org --help")))
    text = capsys.readouterr().out
    assert "prowler-org --role ProwlerScan -- --service iam" in text
    assert "4  an account could not be scanned" in text
    for code, _ in table("| exit code |"):
        assert f"\n  {code}  " in text
