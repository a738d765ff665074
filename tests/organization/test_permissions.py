"""The policies for organization scans: enough for what is called, and nothing in them is idle."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any
from unittest import mock

import boto3
import pytest
from botocore.session import Session
from botocore.validate import ParamValidator
from cfnlint.decode import cfn_yaml
from moto.backends import get_backend
from prowler.providers.aws.lib.organizations.organizations import get_organizations_metadata

from embedded_aws.aws import EmbeddedAWS
from embedded_aws.organization import EmbeddedOrganization
from prowler_org.options import Selection
from prowler_org.organization import read_roster

from ..aws_commands import as_call
from ..pages import REPOSITORY, command
from ..permissions import PERMISSIONS, actions, role_credentials

LIST = "organization-list.json"
TEMPLATE = PERMISSIONS / "organization-scan-role.yaml"


def role() -> dict[str, Any]:
    """The properties of the role that the template makes."""
    template: dict[str, Any] = cfn_yaml.load(str(TEMPLATE))
    properties: dict[str, Any] = template["Resources"]["ScanRole"]["Properties"]
    return properties


def test_the_list_policy_is_enough_for_the_list_and_for_what_prowler_asks_of_an_account(
    organization: EmbeddedOrganization, aws: EmbeddedAWS
) -> None:
    unit = organization.add_unit("payments", organization.add_unit("production"))
    account = organization.add_account("account", unit)
    credentials = role_credentials(aws, actions(LIST))
    aws.calls.clear()
    with aws.enforcing_policies(), mock.patch.dict("os.environ", credentials):
        roster = read_roster(Selection(units=(organization.root,)), None, None)
        described, tags, units = get_organizations_metadata(account, boto3.Session())
    assert [one.id for one in roster.accounts] == [account]
    assert described["Account"]["Name"] == "account"
    assert tags["Tags"] == []
    assert units["ou_path"] == "production/payments"
    called = {call for call in aws.calls if call.startswith("organizations:")}
    assert called == set(actions(LIST)) - {"sts:AssumeRole"}


@pytest.mark.parametrize("partition", ["aws", "aws-us-gov", "aws-cn"])
def test_the_scan_role_may_be_assumed_in_every_partition(partition: str) -> None:
    document = json.loads((PERMISSIONS / LIST).read_text("utf-8"))
    (allowed,) = (s["Resource"] for s in document["Statement"] if s["Action"] == "sts:AssumeRole")
    assert fnmatchcase(f"arn:{partition}:iam::111122223333:role/ProwlerScan", allowed)


def test_the_template_lets_the_role_do_what_the_scan_policy_allows() -> None:
    (policy,) = role()["Policies"]
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert sorted(statement["Action"]) == sorted(actions("scan.json"))


def test_the_template_trusts_as_the_trust_policy_does() -> None:
    (trust,) = json.loads((PERMISSIONS / "organization-scan-role-trust.json").read_text("utf-8"))[
        "Statement"
    ]
    (templated,) = role()["AssumeRolePolicyDocument"]["Statement"]
    assert templated["Principal"] == {"AWS": {"Ref": "ScannerArn"}}
    assert templated["Condition"] == {
        "StringEquals": {"aws:PrincipalOrgID": {"Ref": "OrganizationId"}}
    }
    for statement in (trust, templated):
        statement.pop("Principal")
        statement["Condition"]["StringEquals"].pop("aws:PrincipalOrgID")
    assert templated == trust


def test_cloudformation_takes_the_template() -> None:
    program = Path(sys.executable).with_name("cfn-lint")
    lint = subprocess.run(
        [str(program), str(TEMPLATE)], capture_output=True, text=True, check=False
    )
    assert (lint.returncode, lint.stdout) == (0, "")


# The commands that roll the role out. There is no AWS CLI here: its command lines become calls of
# botocore, by the same model. That shows that the operations and options exist, that their values
# are of the right types, and that moto makes the role in the accounts. It does not show how AWS's
# own StackSets take them.


@pytest.fixture
def roll_out(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str, dict[str, Any]]]:
    monkeypatch.chdir(REPOSITORY)  # where file://metadata/… is
    return [
        as_call(command("activate-organizations-access")),
        as_call(command("create-stack-set")),
        as_call(command("create-stack-instances")),
    ]


def test_aws_knows_the_operations_and_options_that_roll_the_role_out(
    roll_out: list[tuple[str, str, dict[str, Any]]],
) -> None:
    model = Session().get_service_model("cloudformation")
    shapes = {
        name.lower(): model.operation_model(name).input_shape for name in model.operation_names
    }
    for _, method, parameters in roll_out:
        report = ParamValidator().validate(parameters, shapes[method.replace("_", "")])
        assert not report.has_errors(), report.generate_report()


def test_the_template_takes_the_parameters_that_it_is_given(
    roll_out: list[tuple[str, str, dict[str, Any]]],
) -> None:
    known = cfn_yaml.load(str(TEMPLATE))["Parameters"]
    for given in roll_out[1][2]["Parameters"]:
        pattern = known[given["ParameterKey"]]["AllowedPattern"]
        assert re.fullmatch(pattern, given["ParameterValue"])
    assert known["ReadEverything"]["AllowedValues"] == ["true", "false"]


@pytest.fixture
def cloudformation(aws: EmbeddedAWS) -> Iterator[Any]:
    """A client of the embedded AWS, which does not forget stack sets by itself."""
    yield aws.client("cloudformation")
    get_backend("cloudformation").reset()


def test_the_commands_make_the_role_in_the_accounts(
    roll_out: list[tuple[str, str, dict[str, Any]]],
    organization: EmbeddedOrganization,
    aws: EmbeddedAWS,
    cloudformation: Any,
) -> None:
    account = organization.add_account("account")
    _, (_, _, stack_set), (_, _, instances) = roll_out
    instances["DeploymentTargets"]["OrganizationalUnitIds"] = [organization.root]
    cloudformation.create_stack_set(**stack_set)
    cloudformation.create_stack_instances(**instances)
    assert "ProwlerScan" in [role.name for role in aws.iam(account).roles.values()]
