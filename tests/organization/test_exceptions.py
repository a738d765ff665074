"""Exceptions in the scans of an organization: its accounts, its merged reports, and its page."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from embedded_aws.aws import EmbeddedAWS
from embedded_aws.organization import EmbeddedOrganization
from prowler_access_keys.services.iam.iam_access_keys.exceptions.register import (
    NO_EXCEPTIONS,
    Register,
)
from prowler_org.reporting.summary import describe_exceptions

from ..csv_files import csv_rows
from ..exceptions import ELSEWHERE, excepting
from ..scanning import CHECK
from .commands import run

OWN = "iam_users_access_key_exceptions"


def test_what_an_exception_accepts_is_muted_in_its_account_only(
    aws: EmbeddedAWS, tmp_path: Path
) -> None:
    organization = EmbeddedOrganization(aws)
    first, second = (organization.add_account(name) for name in ("first", "second"))
    for account in (first, second):
        organization.add_keys(account, "alice", 2)
    exceptions = tmp_path / "exceptions.yaml"
    exceptions.write_text(excepting("alice", account=first))
    exceptions.write_text(exceptions.read_text() + excepting("x", account=ELSEWHERE)[12:])
    words = ["--accounts", first, second, "--access-key-exceptions", "exceptions.yaml"]
    rest = ["--", "--checks", CHECK, OWN]
    here = {"environment": aws.environment(), "directory": tmp_path / "output"}
    done = run(*words, *rest, **here)  # type: ignore[arg-type]
    assert done.returncode == 3, done.output
    assert f"for accounts that are not in the organization: {ELSEWHERE}" in done.output
    assert "Accepted until a day: 2 keys." in done.output
    rows = csv_rows(done.merged(".csv"), ";")
    muted = {
        row["ACCOUNT_UID"]: row["MUTED"] == "True"
        for row in rows
        if (row["CHECK_ID"], row["RESOURCE_NAME"]) == (CHECK, "alice")
    }
    assert muted == {first: True, second: False}
    suppressed = [
        finding["cloud"]["account"]["uid"]
        for finding in json.loads(done.merged(".ocsf.json").read_text("utf-8"))
        if finding["status"] == "Suppressed"
    ]
    assert suppressed == [first]
    assert "2 accepted: they fail" in done.merged(".html").read_text("utf-8")
    assert {row["STATUS"] for row in rows if row["CHECK_ID"] == OWN} == {"PASS"}
    again = run(*words, "--resume", *rest, **here)  # type: ignore[arg-type]
    assert again.returncode == 3, again.output
    exceptions.write_text(excepting("alice", account=second))
    refused = run(*words, "--resume", *rest, **here)  # type: ignore[arg-type]
    assert "what is in a file that these options name" in refused.output


@pytest.mark.parametrize(
    ("register", "said"),
    [(NO_EXCEPTIONS, []), (Register("x", problem="It is broken."), ["It is broken."])],
)
def test_a_file_that_cannot_be_used_is_said_once(register: Register, said: list[str]) -> None:
    assert describe_exceptions(register, {"1"}) == said
