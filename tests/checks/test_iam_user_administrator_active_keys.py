"""The check of administrators; ``test_administrator.py`` has what policies allow."""

from __future__ import annotations

from typing import Any

import pytest

from prowler_access_keys.services.iam.iam_access_keys.facts import UserPolicies
from prowler_access_keys.services.iam.iam_access_keys.finding_data import FindingData
from prowler_access_keys.services.iam.iam_access_keys.findings.finding import Verdict
from prowler_access_keys.services.iam.iam_access_keys.reading.user_facts import UnreadableError

from ..accounts import ADMINISTRATION, DOCUMENTS
from ..known_facts import DENIED_DETAILS, ONE, Known, judge, with_keys

CUSTOMER = "arn:aws:iam::123456789012:policy/"
OF_AWS = "arn:aws:iam::aws:policy/"


def of(*attached: str, boundary: str | None = "", inline: Any = None, group: str = "") -> Known:
    own = (("inline", group, inline),) if inline is not None else ()
    policies = UserPolicies(tuple((arn, group) for arn in attached), own, boundary)
    return with_keys(ONE, applying=policies)


def administrator(facts: Known) -> Verdict:
    return judge("iam_user_administrator_active_keys", facts)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_policies_that_make_an_administrator(name: str) -> None:
    inline, managed = administrator(of(inline=DOCUMENTS[name])), administrator(of(CUSTOMER + name))
    expected = "FAIL" if name in ADMINISTRATION else "PASS"
    assert inline.status == expected
    # A user that may write new versions of all managed policies may do so with its own.
    assert managed.status == ("FAIL" if name == "new versions" else expected)


def test_an_administrators_finding_names_its_policies_in_words_and_as_data() -> None:
    verdict = administrator(
        of(OF_AWS + "AdministratorAccess", group="g", inline=DOCUMENTS["reading"])
    )
    policy = 'the policy "AdministratorAccess" of the group "g"'
    assert f". The user is an administrator through {policy}. Key: " in verdict.sentence
    assert verdict.more == FindingData(administrator=(policy,))
    assert administrator(of()).sentence == (
        "User alice has 1 active access key, and its policies do not allow everything, everything "
        "in IAM, or granting all permissions to itself or a new user. Not evaluated: roles, other "
        "users' credentials, particular groups that it may join, earlier versions of its policies, "
        "and grants that a condition limits to certain policies or permissions boundaries."
    )


@pytest.mark.parametrize(
    "facts",
    [
        of(CUSTOMER + "unread"),
        of(inline="%7B not a document"),
        with_keys(ONE, applying=UserPolicies(inline_unread=DENIED_DETAILS)),
    ],
)
def test_policies_that_could_not_be_read_are_manual_unless_another_proves_it(facts: Known) -> None:
    with pytest.raises(UnreadableError):
        administrator(facts)
