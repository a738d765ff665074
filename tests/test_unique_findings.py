"""No two findings of a run share an ID in any of Prowler's reports, or one hides the other."""

from __future__ import annotations

import json
from typing import Any

import pytest
from prowler.lib.outputs.asff.asff import ASFF
from prowler.lib.outputs.csv.csv import CSV
from prowler.lib.outputs.finding import Finding
from prowler.lib.outputs.ocsf.ocsf import OCSF

from embedded_aws.aws import EmbeddedAWS
from prowler_access_keys.services.iam.iam_access_keys import run_state

from .scanning import ACCOUNT, ACCOUNT_NAME, CHECK, FAMILY, begin_run, findings_of, provider_of

USER = f"arn:aws:iam::{ACCOUNT}:user/"
LIMITS = {
    "none": (),
    "another service's": ("arn:aws:s3:::bucket",),
    "not of a user": (f"arn:aws:iam::{ACCOUNT}:role/x", f"arn:aws:iam::{ACCOUNT}:account"),
    "nobody's": (f"{USER}nobody", f"{USER}{ACCOUNT}", f"arn:aws:iam::{ACCOUNT}:root"),
    "of another account": ("arn:aws:iam::999999999999:root", f"{USER}a/{ACCOUNT}"),
}
"""What ``--resource-arn`` may name."""
DENIED = ("iam:GetAccountSummary", "iam:ListUsers", "iam:ListAccessKeys", "iam:GetCredentialReport")


def found(aws: EmbeddedAWS, limit: str = "none") -> list[Finding]:
    """The findings of all checks in one run, where a user is named as the account is."""
    for name in ("alice", ACCOUNT):
        user = aws.add_user(name)
        aws.add_key(user), aws.add_key(user)
    with provider_of(aws, resource_arn=list(LIMITS[limit])) as provider:
        provider._audit_config = {"unreadable_access_keys_fail": True}  # ASFF has no MANUAL
        begin_run(provider, *FAMILY)
        return [finding for check in FAMILY for finding in findings_of(provider, check)]


def ids(findings: list[Finding]) -> dict[str, list[Any]]:
    """By report, what it knows the findings by."""
    ocsf = [json.loads(member.model_dump_json()) for member in OCSF(findings).data]
    return {
        "ASFF": [member.Id for member in ASFF(findings).data],
        "CSV": [member["FINDING_UID"] for member in CSV(findings).data],
        "OCSF": [member["finding_info"]["uid"] for member in ocsf],
        "resources": [
            (member["metadata"]["event_code"], member["resources"][0]["uid"]) for member in ocsf
        ],
    }


@pytest.mark.parametrize("limit", LIMITS)
@pytest.mark.parametrize("denied", ["", *DENIED])
def test_each_finding_has_an_id_of_its_own(aws: EmbeddedAWS, denied: str, limit: str) -> None:
    aws.behavior.denied = frozenset({denied})
    findings = found(aws, limit)
    assert findings
    for report, known in ids(findings).items():
        assert len(set(known)) == len(known) == len(findings), report


def test_a_crash_has_the_accounts_own_name(
    aws: EmbeddedAWS, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_state, "of", lambda provider: 1 / 0)
    names = {(finding.resource_name, finding.resource_uid) for finding in found(aws)}
    assert names == {(ACCOUNT_NAME, f"arn:aws:iam::{ACCOUNT}:account")}


def test_the_accounts_arn_is_of_its_partition(aws: EmbeddedAWS) -> None:
    aws.behavior.denied = frozenset({"iam:ListUsers", "iam:GetAccountAuthorizationDetails"})
    with provider_of(aws) as provider:
        provider.identity.partition = "aws-us-gov"
        begin_run(provider, CHECK)
        assert f"arn:aws-us-gov:iam::{ACCOUNT}:account" in {
            finding.resource_uid for finding in findings_of(provider, CHECK)
        }
