"""The policies for organization scans allow what prowler-org calls, and nothing more."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, nullcontext
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any
from unittest import mock

import boto3
import pytest
from botocore.exceptions import ClientError
from cfnlint.decode import cfn_yaml
from moto.backends import get_backend
from prowler.providers.aws.lib.organizations.organizations import get_organizations_metadata

from embedded_aws.aws import EmbeddedAWS
from embedded_aws.organization import EmbeddedOrganization
from embedded_aws.root_sessions import AUDIT, AUDIT_ACTIONS, TASKS
from prowler_org.accounts.account_list import list_accounts
from prowler_org.accounts.root_audit import RootAudits
from prowler_org.options import Selection

from ..pages import REPOSITORY, command, program
from ..permissions import PERMISSIONS, actions, role_credentials, role_that_may, session_of

LIST = "organization-list.json"
CLOUDTRAIL = "scan-cloudtrail.json"
AUDIT_ROOT = "organization-root.json"
TRUST = "organization-scan-role-trust.json"
TEMPLATE = PERMISSIONS / "organization-scan-role.yaml"


def role() -> dict[str, Any]:
    """The properties of the role that the template makes."""
    template: dict[str, Any] = cfn_yaml.load(str(TEMPLATE))
    properties: dict[str, Any] = template["Resources"]["ScanRole"]["Properties"]
    return properties


def test_the_list_policy_allows_what_the_list_and_prowler_call(
    organization: EmbeddedOrganization, aws: EmbeddedAWS
) -> None:
    unit = organization.add_unit("payments", organization.add_unit("production"))
    account = organization.add_account("account", unit, tags={"env": "prod"})
    credentials = role_credentials(aws, actions(LIST))
    aws.calls.clear()
    with aws.enforcing_policies(), mock.patch.dict("os.environ", credentials):
        selection = Selection(units=("production",), tags=("env=prod",))
        listed = list_accounts(selection, boto3.Session(), None)
        described, tags, units = get_organizations_metadata(account, boto3.Session())
    assert [found.id for found in listed.accounts] == [account]
    assert described["Account"]["Name"] == "account"
    assert tags["Tags"] == [{"Key": "env", "Value": "prod"}]
    assert units["ou_path"] == "production/payments"
    called = {call for call in aws.calls if call.startswith("organizations:")}
    assert called == set(actions(LIST)) - {"sts:AssumeRole"}


@pytest.mark.parametrize("partition", ["aws", "aws-us-gov", "aws-cn"])
def test_the_list_policy_allows_the_scan_role_in_every_partition(partition: str) -> None:
    document = json.loads((PERMISSIONS / LIST).read_text("utf-8"))
    (allowed,) = (s["Resource"] for s in document["Statement"] if s["Action"] == "sts:AssumeRole")
    assert fnmatchcase(f"arn:{partition}:iam::111122223333:role/ProwlerScan", allowed)


def test_the_template_has_the_scan_policy_and_the_trust_policy() -> None:
    (policy,) = role()["Policies"]
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert sorted(statement["Action"]) == sorted(actions("scan.json"))
    (trust,) = json.loads((PERMISSIONS / TRUST).read_text("utf-8"))["Statement"]
    trust["Principal"] = {"AWS": {"Ref": "ScannerArn"}}
    trust["Condition"]["StringEquals"]["aws:PrincipalOrgID"] = {"Ref": "OrganizationId"}
    assert role()["AssumeRolePolicyDocument"]["Statement"] == [trust]


@pytest.mark.parametrize(
    ("resource", "parameter", "default", "condition", "role_name", "file"),
    [
        (
            "LookUpEventsPolicy", "LookUpEvents", "false",
            {"Fn::Equals": [{"Ref": "LookUpEvents"}, "true"]}, "ScanRole", CLOUDTRAIL,
        ),
        (
            "AuditRootPolicy", "RootAuditorRole", "",
            {"Fn::Not": [{"Fn::Equals": [{"Ref": "RootAuditorRole"}, ""]}]}, "RootAuditorRole",
            AUDIT_ROOT,
        ),
    ],
)  # fmt: skip
def test_the_template_has_a_further_policy_if_a_parameter_says_so(
    resource: str, parameter: str, default: str, condition: Any, role_name: str, file: str
) -> None:
    template: dict[str, Any] = cfn_yaml.load(str(TEMPLATE))
    policy = template["Resources"][resource]
    assert template["Conditions"][policy["Condition"]] == condition
    assert template["Parameters"][parameter]["Default"] == default
    assert policy["Properties"]["RoleName"] == {"Ref": role_name}
    document = json.loads((PERMISSIONS / file).read_text("utf-8"))
    assert policy["Properties"]["PolicyDocument"] == document


def test_the_root_policy_allows_audits_of_root_users_and_no_other_task(
    organization: EmbeddedOrganization, aws: EmbeddedAWS
) -> None:
    account = organization.add_account("account")
    aws.behavior.root_keys_active = (True,)
    role = role_that_may(aws, (PERMISSIONS / AUDIT_ROOT).read_text("utf-8"))
    listed = list_accounts(Selection(), boto3.Session(), None)
    with mock.patch.dict("os.environ", session_of(aws, role)):
        aws.calls.clear()
        with closing(RootAudits(boto3.Session(), None, listed, [account])) as audits:
            assert isinstance(audits.of(account).keys, tuple)
        called = {call for call in aws.calls if aws.calls[call]}
        assert set(actions(AUDIT_ROOT)) == called - AUDIT_ACTIONS
        sts = boto3.client("sts")
        for task in TASKS:
            arn = f"arn:aws:iam::aws:policy/root-task/{task}"
            with (
                pytest.raises(ClientError, match="AccessDenied") if task != AUDIT else nullcontext()
            ):
                sts.assume_root(TargetPrincipal=account, TaskPolicyArn={"arn": arn})


def test_the_template_is_valid() -> None:
    program = Path(sys.executable).with_name("cfn-lint")
    lint = subprocess.run(
        [str(program), str(TEMPLATE)], capture_output=True, text=True, check=False
    )
    assert (lint.returncode, lint.stdout) == (0, "")


# The commands that roll the role out. This shows that the AWS CLI takes them and that moto makes
# the role in the accounts. It does not show what AWS's own StackSets make of them.


def test_the_template_accepts_the_parameters_on_the_page() -> None:
    known = cfn_yaml.load(str(TEMPLATE))["Parameters"]
    pair = re.compile("ParameterKey=(.+),ParameterValue=(.+)")
    given = filter(None, map(pair.fullmatch, command("create-stack-set")))
    values = {match[1]: match[2] for match in given}
    assert values.keys() == {"ScannerArn", "OrganizationId"}
    for name, value in values.items():
        assert re.fullmatch(known[name]["AllowedPattern"], value)
    assert known["ReadEverything"]["AllowedValues"] == ["true", "false"]


@pytest.fixture
def cloudformation() -> Iterator[None]:
    """The embedded AWS keeps stack sets from test to test: begin the next one without."""
    yield
    get_backend("cloudformation").reset()


@pytest.mark.usefixtures("cloudformation")
def test_the_commands_make_the_role_in_the_accounts(
    organization: EmbeddedOrganization, aws: EmbeddedAWS
) -> None:
    account = organization.add_account("account")
    for part in ("create-stack-set", "create-stack-instances"):
        words = [word.replace("r-a1b2", organization.root) for word in command(part)[1:]]
        folder = REPOSITORY / "metadata"
        subprocess.run([program("aws"), *words], cwd=folder, env=aws.environment(), check=True)
    assert "ProwlerScan" in [role.name for role in aws.iam(account).roles.values()]
