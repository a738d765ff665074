"""Root users, audited in sessions of AssumeRoot on the embedded AWS; and that AWS itself."""

from __future__ import annotations

import json
import os
import re
import signal
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from unittest import mock

import boto3
import psutil
import pytest

from embedded_aws.answers import with_text, without
from embedded_aws.aws import EmbeddedAWS
from embedded_aws.dask_cluster import EmbeddedCluster
from embedded_aws.organization import EmbeddedOrganization
from embedded_aws.root_sessions import (
    CREDENTIALS_MANAGEMENT,
    SESSIONS,
    root_key_ids,
)
from prowler_access_keys.services.iam.iam_access_keys.facts import RootAudit, Unreadable
from prowler_org.accounts import root_audit
from prowler_org.accounts.account_list import Account, AccountList, list_accounts
from prowler_org.accounts.root_audit import RootAudits
from prowler_org.options import Selection
from prowler_org.scanning.account_scan import ScanTask

from ..end_to_end.environments import PATIENCE
from ..permissions import policy, role_that_may
from ..scanning import ROOT
from .commands import OrgRun, run, scans_of, start, start_program, wait_until

ASSUME = "sts:AssumeRoot"
Change = Callable[[EmbeddedAWS, EmbeddedOrganization, str], object]


@contextmanager
def auditing(*accounts: str, role: str | None = None) -> Iterator[RootAudits]:
    session = boto3.Session()
    listed = list_accounts(Selection(), session, None)
    with closing(RootAudits(session, role, listed, accounts)) as audits:
        yield audits


def audit(account: str) -> RootAudit:
    with auditing(account) as audits:
        return audits.of(account)


def behaving(**settings: Any) -> Change:
    def change(aws: EmbeddedAWS, organization: EmbeddedOrganization, account: str) -> None:
        for name, value in settings.items():
            setattr(aws.behavior, name, value)

    return change


def with_features(*features: str) -> Change:
    def change(aws: EmbeddedAWS, organization: EmbeddedOrganization, account: str) -> None:
        aws.root_sessions.features = set(features)

    return change


def leaving(aws: EmbeddedAWS, organization: EmbeddedOrganization, account: str) -> None:
    """The account leaves the organization as soon as there is a session of a root user."""
    members = [account]

    def leave(answer: str, marker: str) -> str:
        if members:  # there are two sessions at once
            organization.remove_account(members.pop())
        return answer

    aws.behavior.rewrite = {ASSUME: leave}


@pytest.mark.parametrize("active", [(), (True,), (False,), (True, True), (True, False)])
def test_an_audit_takes_six_calls_at_most(
    aws: EmbeddedAWS, organization: EmbeddedOrganization, active: tuple[bool, ...]
) -> None:
    account = organization.add_account("account")
    used = datetime(2026, 3, 1, tzinfo=timezone.utc)
    aws.behavior.root_keys_active, aws.behavior.root_key_last_used = active, used
    aws.behavior.root_password, aws.behavior.root_mfa_devices = True, 2
    with auditing(account) as audits:
        assert audits.problem == ""
        aws.calls.clear()
        before = datetime.now(timezone.utc) - timedelta(seconds=1)
        found = audits.of(account)
    assert sum(aws.calls.values()) <= 6
    assert isinstance(found.keys, tuple)
    assert [key.active for key in found.keys] == list(active)
    assert {key.access_key_id for key in found.keys} == {*root_key_ids(account, len(active))}
    assert {key.last_use and getattr(key.last_use, "date", None) for key in found.keys} <= {used}
    assert (found.password, found.mfa_devices) == (True, 2)
    assert found.signing_certificates == (0 if len(active) < 2 else None)
    assert before <= found.date <= datetime.now(timezone.utc)


REFUSALS: dict[str, tuple[Change, str, str]] = {
    "denied": (behaving(denied=frozenset({ASSUME})), ASSUME, "AccessDenied"),
    "off": (with_features(), ASSUME, "RootAccessOff"),
    "off for keys": (with_features(SESSIONS), ASSUME, "AccessDenied"),
    "service control policy": (
        behaving(denied_calls=frozenset({("iam:ListAccessKeys", "")})),
        "iam:ListAccessKeys",
        "AccessDenied",
    ),
    "throttled": (behaving(throttle_next={ASSUME: 9}), ASSUME, "ThrottlingException"),
    "no credentials": (
        behaving(rewrite={ASSUME: without("Credentials")}), ASSUME, "MalformedAnswer",
    ),
    "no list": (
        behaving(rewrite={"iam:ListAccessKeys": without("AccessKeyMetadata")}),
        "iam:ListAccessKeys",
        "MalformedAnswer",
    ),
    "more keys": (
        behaving(rewrite={"iam:ListAccessKeys": with_text("IsTruncated", "true")}),
        "iam:ListAccessKeys",
        "MalformedAnswer",
    ),
    "unknown state": (
        behaving(rewrite={"iam:ListAccessKeys": with_text("Status", "Odd")}),
        "iam:ListAccessKeys",
        "UnknownStatusOdd",
    ),
    "opt-in Region": (
        behaving(disabled_regions=frozenset({"us-east-1"})), ASSUME, "RegionDisabledException",
    ),
    "another partition": (behaving(unknown=frozenset({ASSUME})), ASSUME, "InvalidAction"),
    "a member that left": (
        lambda aws, organization, account: organization.remove_account(account),
        ASSUME,
        "AccessDenied",
    ),
    "a member that leaves": (leaving, "iam:ListAccessKeys", "AccessDenied"),
    "expired": (behaving(credentials_expired=True), ASSUME, "ExpiredToken"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSALS)
def test_what_stands_in_the_way_of_a_session_is_named(
    aws: EmbeddedAWS, organization: EmbeddedOrganization, name: str
) -> None:
    account = organization.add_account("account")
    aws.behavior.root_keys_active = (True,)
    listed = list_accounts(Selection(), boto3.Session(), None)
    change, call, code = REFUSALS[name]
    change(aws, organization, account)
    with (
        mock.patch("botocore.endpoint.time.sleep"),
        closing(RootAudits(boto3.Session(), None, listed, [account])) as audits,
    ):
        found = audits.of(account)
    assert isinstance(found.keys, Unreadable)
    assert (found.keys.call, found.keys.error_code) == (call, code)
    assert (found.password, found.mfa_devices, found.signing_certificates) == (None, None, None)
    if name == "off":
        assert aws.calls[ASSUME] == 0


def test_the_management_account_is_not_asked_about(
    aws: EmbeddedAWS, organization: EmbeddedOrganization
) -> None:
    organization.add_account("account")
    found = audit(organization.management_account)
    assert found.keys == Unreadable(ASSUME, "ManagementAccount")
    assert aws.calls[ASSUME] == 0


@pytest.mark.parametrize("call", ["GetAccessKeyLastUsed", "GetLoginProfile", "ListMFADevices"])
def test_keys_count_although_something_else_could_not_be_read(
    aws: EmbeddedAWS, organization: EmbeddedOrganization, call: str
) -> None:
    account = organization.add_account("account")
    aws.behavior.root_keys_active, aws.behavior.root_password = (True,), True
    aws.behavior.denied = frozenset({f"iam:{call}"})
    found = audit(account)
    assert isinstance(found.keys, tuple)
    unread = (found.keys[0].last_use, found.password, found.mfa_devices)
    denied = Unreadable("iam:GetAccessKeyLastUsed", "AccessDenied")
    assert (
        unread
        == {
            "GetAccessKeyLastUsed": (denied, True, 0),
            "GetLoginProfile": (None, None, 0),
            "ListMFADevices": (None, True, None),
        }[call]
    )


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (with_features(CREDENTIALS_MANAGEMENT, SESSIONS), []),
        (
            with_features(CREDENTIALS_MANAGEMENT),
            ["it lacks RootSessions", "enable-organizations-root-sessions"],
        ),
        (
            with_features(),
            ["enable-aws-service-access", "root-credentials-management", "root-sessions"],
        ),
        (
            behaving(denied=frozenset({"iam:ListOrganizationsFeatures"})),
            ["iam:ListOrganizationsFeatures failed with AccessDenied"],
        ),
    ],
)
def test_what_is_off_is_said_with_how_to_turn_it_on(
    aws: EmbeddedAWS, organization: EmbeddedOrganization, change: Change, words: list[str]
) -> None:
    account = organization.add_account("account")
    change(aws, organization, account)
    with auditing(account) as audits:
        assert bool(audits.problem) == bool(words)
        assert all(word in audits.problem for word in words)


def test_each_of_many_accounts_is_audited_once(
    aws: EmbeddedAWS, organization: EmbeddedOrganization
) -> None:
    accounts = [organization.add_account(f"account{number}") for number in range(40)]
    aws.behavior.root_keys_active = (True,)
    with auditing(*accounts) as audits:
        found = [audits.of(account) for account in accounts]
    assert [audited.account for audited in found] == accounts
    assert all(isinstance(audited.keys, tuple) for audited in found)
    assert aws.calls[ASSUME] == 40


def test_the_role_of_the_organization_is_assumed_again_before_its_session_ends(
    aws: EmbeddedAWS, organization: EmbeddedOrganization, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = organization.add_account("account")
    role = role_that_may(aws, policy(["sts:AssumeRoot"]))
    with auditing(account, role=role) as audits:
        monkeypatch.setattr(root_audit, "SECONDS_OF_ROLE", -1.0)
        before = aws.calls["sts:AssumeRole"]
        assert isinstance(audits.of(account).keys, tuple)
        assert aws.calls["sts:AssumeRole"] == before + 1


@pytest.mark.parametrize("setting", ["legacy", "regional"])
@pytest.mark.parametrize("region", ["us-east-1", "eu-west-1", "cn-north-1"])
def test_sessions_come_from_the_regional_endpoint(
    monkeypatch: pytest.MonkeyPatch, region: str, setting: str
) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.setenv("AWS_STS_REGIONAL_ENDPOINTS", setting)
    monkeypatch.setattr(RootAudits, "_features", lambda _: ["RootSessions"])
    listed = AccountList("o-1", "aws", (), ())
    suffix = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
    with closing(RootAudits(boto3.Session(region_name=region), None, listed, ())) as audits:
        assert audits._sts.meta.endpoint_url == f"https://sts.{region}.{suffix}"


# A whole run


def test_a_run_finds_root_keys_and_leaves_no_credentials_behind(
    aws: EmbeddedAWS, organization: EmbeddedOrganization, tmp_path: Path
) -> None:
    accounts = [organization.add_account(f"account{number}") for number in range(2)]
    management = organization.management_account
    aws.behavior.root_keys_active = (True, True)
    aws.behavior.root_key_last_used = datetime.now(timezone.utc) - timedelta(days=3)
    done = run(
        "--audit-root", "--accounts", *accounts, management,
        environment=aws.environment(), directory=tmp_path / "output",
    )  # fmt: skip
    assert done.returncode == 3, done.output
    said = sentences_about_root(done)
    for account in accounts:
        for key in root_key_ids(account, 2):
            assert key in said[account]
            assert f"{key}</code> of" in done.merged(".html").read_text("utf-8")
    assert "AWS gives none for the management account" in said[management]
    assert aws.calls["sts:AssumeRoot"] == 2
    assert found_in(aws.root_sessions.secrets, tmp_path) == []
    assert not any(secret in done.output for secret in aws.root_sessions.secrets)


def test_a_scan_on_this_machine_gets_facts_and_no_credentials(
    aws: EmbeddedAWS,
    organization: EmbeddedOrganization,
    tmp_path: Path,
    starts_quickly: dict[str, str],
) -> None:
    account, directory = organization.add_account("account"), tmp_path / "output"
    aws.behavior.root_keys_active = (True,)
    aws.behavior.seconds_to_assume = {account: 600.0}
    environment = aws.environment(**starts_quickly)
    process = start_program("--audit-root", environment=environment, directory=directory)
    try:
        wait_until(lambda: aws.assumed[account], "a scan")
        (scan,) = scans_of(directory, account)
        known = {*root_key_ids(account, 1)}
        assert in_memory(scan, known) == known
        assert in_memory(scan, aws.root_sessions.secrets) == set()
        assert aws.root_sessions.secrets
        shown = str([running.info for running in psutil.process_iter(["cmdline", "environ"])])
        assert str(directory) in shown
        assert not any(secret in shown for secret in aws.root_sessions.secrets)
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=PATIENCE)


def test_a_run_says_once_how_to_turn_on_what_is_off(
    aws: EmbeddedAWS, organization: EmbeddedOrganization, tmp_path: Path
) -> None:
    account = organization.add_account("account")
    aws.behavior.root_keys_active = (True,)
    aws.root_sessions.features = set()
    done = run("--audit-root", environment=aws.environment(), directory=tmp_path / "output")
    command = "aws iam enable-organizations-root-sessions"
    assert done.output.count(command) == 1
    assert done.merged(".html").read_text("utf-8").count(command) == 1
    assert (
        "the organization's centralized root access is off" in sentences_about_root(done)[account]
    )


def test_a_worker_gets_facts_and_no_credentials(
    aws: EmbeddedAWS,
    organization: EmbeddedOrganization,
    tmp_path: Path,
    starts_quickly: dict[str, str],
) -> None:
    account = organization.add_account("account")
    aws.behavior.root_keys_active = (True,)
    with EmbeddedCluster(tmp_path) as dask:
        dask.add_worker(aws.environment("AKIAOFTHEWORKERS", **starts_quickly))
        (worker,) = dask.client.run(os.getpid).values()
        process = start(
            "--audit-root", "--scheduler", dask.address,
            environment=aws.environment(), directory=tmp_path / "output",
        )  # fmt: skip
        output, _ = process.communicate()
        assert process.returncode == 3, output
        known = {"AKIAOFTHEWORKERS", *root_key_ids(account, 1)}
        assert in_memory(worker, known) == known
        assert in_memory(worker, aws.root_sessions.secrets) == set()
    done = OrgRun(process.returncode, output, tmp_path / "output")
    assert root_key_ids(account, 1)[0] in sentences_about_root(done)[account]
    assert found_in(aws.root_sessions.secrets, tmp_path) == []


def test_neither_a_task_nor_a_failure_shows_credentials(
    aws: EmbeddedAWS, organization: EmbeddedOrganization, caplog: pytest.LogCaptureFixture
) -> None:
    account = organization.add_account("account")
    aws.behavior.rewrite = {"iam:ListAccessKeys": without("AccessKeyMetadata")}
    caplog.set_level("INFO")
    with auditing(account) as audits:
        found = audits.of(account)
        shown = [repr(ScanTask(Account(account, "account"), (), 1, root=found)), caplog.text]
        shown += [repr(vars(audits)), json.dumps(str(found))]
    assert aws.root_sessions.secrets
    assert not any(secret in text for secret in aws.root_sessions.secrets for text in shown)


def sentences_about_root(done: OrgRun) -> dict[str, str]:
    """By account, what the findings about its root user say."""
    said: dict[str, str] = {}
    for finding in json.loads(done.merged(".ocsf.json").read_text("utf-8")):
        if finding["resources"][0]["name"] == ROOT:
            account = finding["cloud"]["account"]["uid"]
            said[account] = said.get(account, "") + finding["status_detail"]
    return said


def found_in(secrets: set[str], folder: Path) -> list[tuple[str, str]]:
    """The secrets in the files of a folder, and in their names."""
    assert secrets
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert len(files) > 5
    return [
        (secret, str(path))
        for path in files
        for secret in secrets
        if secret.encode() in path.read_bytes() or secret in str(path)
    ]


def in_memory(process: int, words: set[str]) -> set[str]:
    """The words that are in the memory of a process."""
    found = set()
    with (
        Path(f"/proc/{process}/maps").open() as maps,
        Path(f"/proc/{process}/mem").open("rb", 0) as memory,
    ):
        for line in maps:
            area = re.match(r"([0-9a-f]+)-([0-9a-f]+) r", line)
            if not area or "[v" in line:
                continue
            begin, end = (int(number, 16) for number in area.groups())
            try:
                memory.seek(begin)
                content = memory.read(end - begin)
            except (OSError, OverflowError, ValueError):
                continue
            found |= {word for word in words if word.encode() in content}
    return found
