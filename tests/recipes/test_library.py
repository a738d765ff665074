"""``library_scan.py`` scans two accounts, one after the other, in one process."""

from __future__ import annotations

import runpy
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from unittest import mock

import pytest
from prowler.lib.check.compliance import update_checks_metadata_with_compliance
from prowler.lib.check.compliance_models import Compliance
from prowler.lib.check.models import CheckMetadata
from prowler.lib.outputs.finding import Finding
from prowler.lib.scan import scan as module
from prowler.lib.scan.scan import Scan
from prowler.providers.aws.aws_provider import AwsProvider

from embedded_aws.aws import EmbeddedAWS
from embedded_aws.organization import EmbeddedOrganization

from ..pages import RECIPES
from ..scanning import ACCOUNT, CHECK, FAMILY, NEIGHBOR, ROOT, environment_of

SCRIPT = runpy.run_path(str(RECIPES / "library_scan.py"))
FIRST = {ROOT: "PASS", "alice": "FAIL"}
SECOND = {ROOT: "PASS", "alice": "PASS", "bob": "FAIL"}


@dataclass(frozen=True)
class Accounts:
    """The roles to scan two accounts with."""

    first: str
    second: str


@pytest.fixture(scope="module", autouse=True)
def _loaded_once(per_provider: Any) -> Iterator[None]:
    """Loading all checks and frameworks anew takes nearly all of a scan's time."""
    metadata = update_checks_metadata_with_compliance(per_provider, CheckMetadata.get_bulk("aws"))
    linked = mock.patch.object(module, update_checks_metadata_with_compliance.__name__)
    with mock.patch.object(Compliance, "get_bulk", return_value=per_provider), linked as link:
        link.return_value = metadata
        yield


@pytest.fixture(scope="module")
def accounts() -> Iterator[Accounts]:
    with EmbeddedAWS() as aws, environment_of(aws):
        organization = EmbeddedOrganization(aws)
        first, second = organization.add_account("first"), organization.add_account("second")
        for account, user, keys in ((first, "alice", 2), (second, "alice", 1), (second, "bob", 2)):
            organization.add_keys(account, user, keys)
        yield Accounts(*(f"arn:aws:iam::{account}:role/ProwlerScan" for account in (first, second)))


@pytest.fixture(scope="module")
def findings(accounts: Accounts) -> list[list[Finding]]:
    """The findings of the first account, then those of the second."""
    return [SCRIPT["scan"](role) for role in (accounts.first, accounts.second)]


def statuses(findings: list[Finding], check: str = CHECK) -> dict[str, str]:
    of_check = [finding for finding in findings if finding.metadata.CheckID == check]
    return {finding.resource_name: finding.status.value for finding in of_check}


def test_each_account_has_the_findings_of_its_own_users(findings: list[list[Finding]]) -> None:
    assert [statuses(found) for found in findings] == [FIRST, SECOND]


def test_each_finding_names_its_account(accounts: Accounts, findings: list[list[Finding]]) -> None:
    for role, found in zip((accounts.first, accounts.second), findings, strict=True):
        assert {finding.account_uid for finding in found} == {role.split(":")[4]} != {ACCOUNT}


def test_all_checks_of_the_plug_in_run(findings: list[list[Finding]]) -> None:
    assert {finding.metadata.CheckID for finding in findings[0]} == set(FAMILY)


def test_a_finding_has_its_metadata_its_framework_and_its_data(
    findings: list[list[Finding]],
) -> None:
    (bob,) = (
        finding
        for finding in findings[1]
        if (finding.resource_name, finding.metadata.CheckID) == ("bob", CHECK)
    )
    assert bob.metadata.Severity.value == "medium"
    assert bob.compliance["Access-Key-Hygiene-1.0"] == ["1.1"]
    assert bob.resource_metadata["active_access_keys"] == 2
    assert bob.status_extended.startswith("User bob has 2 active access keys")


def test_a_second_scan_gives_the_same_ids(
    accounts: Accounts, findings: list[list[Finding]]
) -> None:
    again: list[Finding] = SCRIPT["scan"](accounts.first)
    assert [finding.uid for finding in again] == [finding.uid for finding in findings[0]]
    assert len({finding.uid for finding in again}) == len(again)


def test_failures_are_printed_and_decide_the_exit_code(
    accounts: Accounts, capsys: pytest.CaptureFixture[str]
) -> None:
    assert SCRIPT["main"]([accounts.second]) == 3
    assert f"{CHECK}: User bob has 2 active access keys" in capsys.readouterr().out


def test_a_check_that_cannot_be_loaded_is_not_a_check_without_findings(
    accounts: Accounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: str) -> None:
        raise ImportError

    monkeypatch.setattr("prowler.lib.scan.scan._resolve_check_module", fail)
    with pytest.raises(RuntimeError, match=f"did not run: .*{CHECK}"):
        SCRIPT["scan"](accounts.first)


def test_prowlers_own_check_repeats_the_findings_of_the_first_account(accounts: Accounts) -> None:
    # Take the warning off the page once Prowler reads each account.
    found = {}
    for role in (accounts.first, accounts.second):
        scan = Scan(AwsProvider(role_arn=role), checks=[NEIGHBOR, CHECK])
        found[role] = [finding for _, batch in scan.scan() for finding in batch]
    assert statuses(found[accounts.second]) == SECOND
    assert "bob" not in statuses(found[accounts.second], NEIGHBOR)
