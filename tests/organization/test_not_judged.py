"""Accounts in which the role may read nothing, and what a scan with secrets leaves behind."""

from __future__ import annotations

import json
from pathlib import Path

from moto.sts.models import sts_backends

from embedded_aws.aws import EmbeddedAWS
from embedded_aws.organization import EmbeddedOrganization

from .commands import run

SCAN = Path(__file__).parents[2] / "metadata" / "permissions" / "scan.json"
EXTERNAL_IDS = ("first-ext/id", "second:ext-id")


def test_accounts_that_the_role_may_not_read_are_not_judged_and_resumed(
    organization: EmbeddedOrganization, aws: EmbeddedAWS, tmp_path: Path
) -> None:
    accounts = [organization.add_account(name) for name in ("first", "second")]
    organization.add_keys(accounts[0], "alice", 2)
    statements = json.loads(SCAN.read_text("utf-8"))["Statement"]
    aws.behavior.denied = frozenset(
        action for statement in statements for action in statement["Action"]
    )
    done = run(environment=aws.environment(), directory=tmp_path / "output")
    assert done.returncode == 4, done.output
    assert "2 of 2 accounts scanned, 0 of them failing, 2 not judged." in done.output
    page = done.merged(".html").read_text("utf-8")
    for account in accounts:
        assert done.results[account].unjudged
        assert f"{account} " in done.output
        assert account in page
    assert page.count("has a verdict on any of the account") >= 2
    aws.behavior.denied = frozenset()
    quiet = run("--quiet", environment=aws.environment(), directory=tmp_path / "quiet")
    assert (quiet.returncode, quiet.output) == (3, "")
    resumed = run("--resume", environment=aws.environment(), directory=tmp_path / "output")
    assert resumed.returncode == 3, resumed.output
    assert not any(result.unjudged for result in resumed.results.values())


def test_neither_debug_nor_an_external_id_leaves_a_secret_in_any_file(
    organization: EmbeddedOrganization, aws: EmbeddedAWS, tmp_path: Path
) -> None:
    account = organization.add_account("account")
    first, second = EXTERNAL_IDS
    done = run(
        "--", "-I", first, f"--external-id={second}",
        environment=aws.environment(LOG_LEVEL="DEBUG"), directory=tmp_path / "output",
    )  # fmt: skip
    assert done.returncode == 0, done.output
    secrets = {*EXTERNAL_IDS}
    for role in sts_backends[account]["aws"].assumed_roles:
        secrets |= {role.access_key_id, role.secret_access_key, role.session_token}
    assert len(secrets) >= 5
    files = {path for path in (tmp_path / "output").rglob("*") if path.is_file()}
    log = tmp_path / "output" / "accounts" / account / "prowler.log"
    assert log in files
    assert log.stat().st_mode & 0o777 == 0o600
    everything = done.output.encode() + b"".join(path.read_bytes() for path in files)
    assert not [secret for secret in secrets if secret.encode() in everything]
