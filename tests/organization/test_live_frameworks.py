"""A live framework in real scans: CSV and OCSF of the accounts, and the organization's CSV."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from embedded_aws.aws import EmbeddedAWS
from embedded_aws.organization import EmbeddedOrganization
from prowler_access_keys.compliance.live_frameworks import SIBLINGS
from prowler_access_keys.ranking.cli import main

from ..csv_files import csv_rows
from ..end_to_end.environments import PATIENCE
from .commands import OrgRun, start_program

OTHER_SERVICES = (
    "accessanalyzer", "account", "cloudtrail", "cloudwatch", "config", "ec2", "efs", "kms", "rds",
    "s3", "securityhub", "vpc",
)  # fmt: skip
LIVE = "cis_6.0_live_aws"
ROOT = "<root_account>"
CHECKS = {
    "2.3": "iam_root_user_active_keys",
    "2.11": "iam_user_unused_active_keys",
    "2.12": "iam_user_multiple_active_keys",
    "2.13": "iam_user_unrotated_active_keys",
}
"""By requirement of CIS 6.0, the check of ours that measures it."""


@pytest.fixture(scope="module")
def run(
    tmp_path_factory: pytest.TempPathFactory, starts_quickly: dict[str, str]
) -> Iterator[OrgRun]:
    folder = tmp_path_factory.mktemp("live")
    with EmbeddedAWS() as aws, pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(folder))
        with pytest.raises(SystemExit, match="0"):
            main(["--live-frameworks", "cis_6.0_aws"])
        organization = EmbeddedOrganization(aws)
        for name, keys in (("first", 2), ("second", 1)):
            organization.add_keys(organization.add_account(name), "alice", keys)
        variables = {"XDG_CACHE_HOME": str(folder), **starts_quickly}
        process = start_program(
            "--jobs", "1", "--", "--compliance", LIVE, "cis_6.0_aws", "access_key_hygiene_1.0_aws",
            "--region", "us-east-1", "-M", "csv", "--excluded-service", *OTHER_SERVICES,
            environment=aws.environment(**variables), directory=folder / "output",
        )  # fmt: skip
        output, _ = process.communicate(timeout=PATIENCE)
        yield OrgRun(process.returncode, output, folder / "output")


def reports(run: OrgRun, ending: str) -> list[Path]:
    """The reports of the two accounts whose names end like this."""
    found = sorted(run.directory.glob(f"accounts/*/compliance/*_{ending}"))
    assert [result.status for result in run.results.values()] == ["scanned"] * 2, run.output
    assert len(found) == 2
    return found


def test_our_checks_measure_the_requirements_about_access_keys(run: OrgRun) -> None:
    for table, ocsf in zip(
        reports(run, f"{LIVE}.csv"), reports(run, f"{LIVE}.ocsf.json"), strict=True
    ):
        found = {(row["REQUIREMENTS_ID"], row["CHECKID"]) for row in csv_rows(table, ";")}
        assert found >= set(CHECKS.items())
        assert not {check for _, check in found}.intersection(SIBLINGS)
        events: list[dict[str, Any]] = json.loads(ocsf.read_text("utf-8"))
        assert found == {
            (event["compliance"]["requirements"][0], event["metadata"]["event_code"])
            for event in events
        }


def test_all_else_is_as_in_prowlers_own_framework(run: OrgRun) -> None:
    for live, own in zip(reports(run, f"{LIVE}.csv"), reports(run, "cis_6.0_aws.csv"), strict=True):
        assert csv_rows(live, ";")[0].keys() == csv_rows(own, ";")[0].keys()
        others = [
            sorted(
                json.dumps(row)
                for row in csv_rows(path, ";")
                if row.pop("DESCRIPTION") and row["CHECKID"] not in {*SIBLINGS, *SIBLINGS.values()}
            )
            for path in (live, own)
        ]
        assert others[0]
        assert others[0] == others[1]


def test_a_requirement_about_iam_users_has_no_row_about_the_root_user(run: OrgRun) -> None:
    for ending, with_root in ((LIVE, {"2.3"}), ("access_key_hygiene_1.0_aws", {"1.1", "1.4"})):
        for table in reports(run, f"{ending}.csv"):
            about_root = {
                row["REQUIREMENTS_ID"]
                for row in csv_rows(table, ";")
                if row["RESOURCENAME"] == ROOT and row["CHECKID"] in CHECKS.values()
            }
            assert about_root == with_root


def test_the_organization_has_one_csv_with_all_accounts(run: OrgRun) -> None:
    (merged,) = run.directory.glob(f"compliance/*_{LIVE}.csv")
    failing = [
        row
        for row in csv_rows(merged, ";")
        if (row["CHECKID"], row["STATUS"]) == ("iam_user_multiple_active_keys", "FAIL")
    ]
    assert len({row["ACCOUNTID"] for row in csv_rows(merged, ";")} - {""}) == 2
    assert [row["RESOURCENAME"] for row in failing] == ["alice"]
