"""Whatever users an account has, fixers do what the findings say."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prowler.providers.aws.aws_provider import AwsProvider

from embedded_aws.aws import EmbeddedAWS
from prowler_access_keys.services.iam.iam_access_keys.fixing.fixer import deactivating_fixer

from .accounts import DENIES_ALL, DrawnUser, accounts
from .keys import CAN_GO
from .scanning import by_name, provider_of, scan_with


@pytest.fixture(scope="module")
def provider() -> Iterator[tuple[EmbeddedAWS, AwsProvider]]:
    with EmbeddedAWS() as aws, provider_of(aws) as connected:
        yield aws, connected


def put_into(aws: EmbeddedAWS, users: list[DrawnUser]) -> None:
    aws.clear()
    for user in users:
        user.put_into(aws)


@given(users=accounts, check=st.sampled_from(["multiple", "unused"]))
@settings(max_examples=40)
def test_a_fixer_deactivates_only_keys_that_a_finding_names(
    provider: tuple[EmbeddedAWS, AwsProvider],
    tmp_path_factory: pytest.TempPathFactory,
    users: list[DrawnUser],
    check: str,
) -> None:
    aws, connected = provider
    log = tmp_path_factory.getbasetemp() / "log"
    connected._audit_config = {**connected.audit_config, "access_key_fixer_log": str(log)}
    put_into(aws, users)
    check_id = f"iam_user_{check}_active_keys"
    found = by_name(scan_with(connected, (check_id,)))
    fixer = deactivating_fixer(check_id)
    for user in users:
        finding = found[user.name]
        announced = re.search(rf"(AKIA\w+) [\w ]+,?(?: so it| and){CAN_GO}", finding.sentence)
        keys = dict(zip(aws.iam().users[user.name].access_keys, user.keys, strict=True))
        before = {key for key in keys if key.status == "Active"}
        if finding.status == "FAIL":
            assert fixer(finding.arn) == bool(announced)
        gone = [key for key in before if key.status != "Active"]
        assert [key.access_key_id for key in gone] == ([announced[1]] if announced else [])
        for key in gone:
            assert not user.quarantine
            assert all(policy != DENIES_ALL for policy, _, _ in user.grants)
            unused = keys[key].unused
            assert (keys[key].age if unused is None else unused) >= 45
            others = before - {key}
            assert not others or any(keys[other].age >= 45 for other in others), "a young one stays"
            if others or check == "multiple":
                worked = [other for other in others if keys[other].unused is not None]
                assert unused is None or worked, "the only one of several keys that ever worked"
