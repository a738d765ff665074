"""Signing in happens once, here, whatever a profile of the AWS configuration asks for."""

from __future__ import annotations

import os
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from moto.sts.models import sts_backends

from embedded_aws.aws import EmbeddedAWS
from embedded_aws.organization import EmbeddedOrganization
from prowler_org.accounts.sign_in import (
    SignInError,
    asks_for_code,
    environment_with,
    find_profile,
    sign_in,
)
from prowler_org.cli import main
from prowler_org.errors import StartError, UsageError
from prowler_org.running_prowler import processes
from prowler_org.running_prowler.arguments import ParsedArguments

from .commands import run

TOOL_KEY = "AKIAOFTHETOOL0000000"
SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"  # noqa: S105 - AWS's example
PROFILES = """\
[profile tool]
region = eu-west-1
credential_process = {python} {tool}
[profile audit]
role_arn = arn:aws:iam::123456789012:role/Audit
mfa_serial = arn:aws:iam::123456789012:mfa/alice
source_profile = tool
"""
TOOL = """\
import json, pathlib
runs = pathlib.Path(__file__).with_name("runs")
runs.write_text(str(int(runs.read_text()) + 1) if runs.exists() else "1")
print(json.dumps({{"Version": 1, "AccessKeyId": "{key}", "SecretAccessKey": "{secret}"}}))
"""


@pytest.fixture
def environment(aws: EmbeddedAWS, tmp_path: Path) -> dict[str, str]:
    """An environment without credentials, and with a configuration of two profiles."""
    (tmp_path / "tool.py").write_text(TOOL.format(key=TOOL_KEY, secret=SECRET))
    config = PROFILES.format(python=sys.executable, tool=tmp_path / "tool.py")
    (tmp_path / "config").write_text(config)
    environment = aws.environment(AWS_CONFIG_FILE=str(tmp_path / "config"))
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        del environment[name]
    return environment


@pytest.fixture
def signing_in(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)


def test_the_mfa_code_is_asked_for_once_and_no_credentials_are_left_behind(
    environment: dict[str, str],
    aws: EmbeddedAWS,
    organization: EmbeddedOrganization,
    tmp_path: Path,
) -> None:
    accounts = [organization.add_account(name) for name in ("first", "second")]
    done = run(
        "--", "-p", "audit",
        environment=environment, directory=tmp_path / "output", given="123456\n",
    )  # fmt: skip
    assert done.returncode == 0, done.output
    assert done.output.count("Enter MFA code") == 1
    assert (tmp_path / "runs").read_text() == "1"
    # The role of the profile once, with the key of the program; those of the accounts with the
    # temporary credentials that this gave.
    assert [aws.assumed[account] for account in ("123456789012", *accounts)] == [1, 1, 1]
    (temporary,) = aws.assumed_by - {TOOL_KEY}
    assert temporary.startswith("ASIA")
    secrets = {SECRET, temporary}
    for role in sts_backends["123456789012"]["aws"].assumed_roles:
        secrets |= {role.secret_access_key, role.session_token}
    assert len(secrets) >= 4
    files = [path for path in (tmp_path / "output").rglob("*") if path.is_file()]
    everything = done.output.encode() + b"".join(path.read_bytes() for path in files)
    assert not [secret for secret in secrets if secret.encode() in everything]


@pytest.mark.usefixtures("signing_in")
def test_scans_use_the_other_settings_of_the_profile() -> None:
    variables = sign_in("tool").for_scans()
    assert variables == {
        "AWS_ACCESS_KEY_ID": TOOL_KEY, "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_PROFILE": "tool",
    }  # fmt: skip


@pytest.mark.usefixtures("signing_in")
def test_a_program_that_fails_says_so(tmp_path: Path) -> None:
    signed_in = sign_in("tool")
    assert signed_in.is_handed_over
    assert not asks_for_code("tool")
    assert asks_for_code("audit")
    (tmp_path / "tool.py").write_text("raise SystemExit('The token is locked.')")
    with pytest.raises(StartError, match="The token is locked"):
        sign_in("tool")


@pytest.mark.usefixtures("signing_in")
@pytest.mark.parametrize("program", ["print('no JSON')", "raise SystemExit(1)"])
def test_credentials_that_cannot_be_renewed_end_the_scan_with_a_reason(
    program: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    soon = datetime.now(timezone.utc) + timedelta(minutes=1)
    expiring = TOOL.format(key=TOOL_KEY, secret=SECRET).replace(
        '"Version": 1', f'"Version": 1, "SessionToken": "t", "Expiration": "{soon.isoformat()}"'
    )
    (tmp_path / "tool.py").write_text(expiring)
    signed_in = sign_in("tool")
    monkeypatch.setattr("botocore.credentials._local_now", lambda: soon + timedelta(hours=1))
    (tmp_path / "tool.py").write_text(program)
    with pytest.raises(SignInError, match="prowler-org could not sign in again"):
        signed_in.for_scans()
    with pytest.raises(StartError, match="prowler-org could not sign in"):
        sign_in("tool")


def test_no_setting_of_another_sign_in_is_passed_on() -> None:
    shell = {"AWS_SECURITY_TOKEN": "stale", "AWS_CREDENTIAL_EXPIRATION": "2020", "AWS_REGION": "r"}
    assert environment_with(shell, {}) == shell
    assert environment_with(shell, {"AWS_PROFILE": "tool"}) == {
        "AWS_REGION": "r", "AWS_PROFILE": "tool",
    }  # fmt: skip


def test_without_a_terminal_no_mfa_code_can_be_asked_for(
    environment: dict[str, str], tmp_path: Path
) -> None:
    done = run(
        "--", "-p", "audit", environment=environment, directory=tmp_path / "output", given=""
    )
    assert done.returncode == 1
    assert "asks for an MFA code, and there is no terminal to ask on" in done.output


def test_workers_cannot_be_given_a_code(environment: dict[str, str], tmp_path: Path) -> None:
    options = ("--scheduler", "tcp://127.0.0.1:9", "--", "-p", "audit")
    done = run(*options, environment=environment, directory=tmp_path / "output")
    assert done.returncode == 2
    assert "The profile audit asks for an MFA code" in done.output


def test_a_longer_session_than_a_role_can_have_is_refused(
    organization: EmbeddedOrganization, aws: EmbeddedAWS, tmp_path: Path
) -> None:
    organization.add_account("account")
    role = aws.client("sts").assume_role(
        RoleArn="arn:aws:iam::123456789012:role/R", RoleSessionName="session"
    )["Credentials"]
    environment = aws.environment(
        role["AccessKeyId"],
        AWS_SECRET_ACCESS_KEY=role["SecretAccessKey"],
        AWS_SESSION_TOKEN=role["SessionToken"],
    )
    done = run("--", "-T", "7200", environment=environment, directory=tmp_path / "output")
    assert done.returncode == 2
    assert "another role can be assumed for 3600 seconds at most" in done.output


def test_keys_in_the_environment_are_left_to_the_scans(
    aws: EmbeddedAWS, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in aws.environment().items():
        monkeypatch.setenv(name, value)
    assert sign_in(None).for_scans() == {}


@pytest.mark.parametrize(
    "spelling",
    [
        ("--profile", "audit"), ("--profile=audit",), ("-p", "audit"), ("-paudit",), ("-p=audit",),
        ("--prof", "audit"), ("-bpaudit",), ("-zbp", "audit"), ("-p", "other", "-bpaudit"),
    ],
)  # fmt: skip
def test_prowlers_profile_lists_the_accounts_too(spelling: tuple[str, ...]) -> None:
    assert find_profile(("-M", "csv", *spelling, "-w", "list.yaml")) == "audit"


@pytest.mark.parametrize("spelling", [("-p", ""), ("--profile=",), ("-bp",), ("-p", "-z")])
def test_a_profile_without_a_name_is_not_the_default_one(spelling: tuple[str, ...]) -> None:
    with pytest.raises(UsageError, match="Give -p/--profile of Prowler a value"):
        find_profile(spelling)


def test_a_profile_that_only_prowler_understands_is_refused(
    organization: EmbeddedOrganization,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    organization.add_account("account")
    cannot_fork = ("this system cannot fork", ())
    monkeypatch.setattr(processes, "load_beforehand", lambda: cannot_fork)
    parsed = ParsedArguments(profile="audit")
    monkeypatch.setattr(processes.ProwlerLauncher, "ask", lambda *_: parsed)
    assert main(["--role", "R", "--output-directory", str(tmp_path / "output")]) == 2
    assert "Give the profile of Prowler by itself" in capsys.readouterr().err
