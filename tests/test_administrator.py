"""Who is an administrator: by AWS's evaluation logic, by each way, and in words."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from moto.iam.aws_managed_policies import aws_managed_policies_data
from prowler_access_keys.services.iam.iam_access_keys.administrator import (
    Administrator,
    denies_everything,
    judge_administrator,
)
from prowler_access_keys.services.iam.iam_access_keys.facts import Unreadable, User, UserPolicies
from prowler_access_keys.services.iam.iam_access_keys.policy_documents import needed_documents

from .policy_evaluator import ACCOUNT, EVERYTHING, Holder, becomes_administrator

OF_AWS = "arn:aws:iam::aws:policy/"
BOUNDARY = f"{ACCOUNT}:policy/boundary"
ATTACHED = f"{ACCOUNT}:policy/attached"


def judged(holder: Holder) -> Administrator:
    """What the product says of a holder: its second inline policy is its first group's."""
    user = User(holder.name, holder.arn)
    groups = tuple(f"{ACCOUNT}:group{group}" for group in holder.groups)
    of = groups[0].rpartition("/")[2] if groups else ""
    inline = tuple(
        (f"i{number}", of if number == 1 else "", document)
        for number, document in enumerate(holder.unmanaged)
    )
    documents = {**holder.managed, BOUNDARY: holder.boundary}
    boundary = "" if holder.boundary is None else BOUNDARY
    policies = UserPolicies(
        tuple((arn, "") for arn in holder.managed), inline, boundary, groups=groups
    )
    return judge_administrator(user, policies, documents)


# Drawn policies


def altered(text: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Texts in which wildcards stand for a part, which may be nothing."""

    def put(drawn: tuple[str, int, int, str]) -> str:
        text, start, length, wildcard = drawn
        start, length = start % (len(text) + 1), length % 12
        return text[:start] + wildcard + text[start + length :]

    one = st.tuples(text, st.integers(0, 60), st.integers(0, 40), st.sampled_from("**?")).map(put)
    return (
        text | one | st.tuples(one, st.integers(0, 60), st.integers(0, 40), st.just("*")).map(put)
    )


IAM_ACTIONS = st.sampled_from(
    [
        *("AttachUserPolicy", "PutUserPolicy", "AttachGroupPolicy", "PutGroupPolicy"),
        *("CreatePolicyVersion", "AddUserToGroup", "CreateUser", "CreateAccessKey"),
        *("CreateLoginProfile", "DeleteUserPermissionsBoundary", "PutUserPermissionsBoundary"),
        *("GetUser", "PassRole", "*", "Create*", "*User*", "*Group*", "?ttach*", "??*"),
    ]
).map("iam:{}".format)
ACTIONS = (altered(IAM_ACTIONS) | IAM_ACTIONS.map(str.upper)) | st.sampled_from(
    ["*", "*", "s3:*", "ec2:Run*", "iam:*"]
)
ARNS = st.sampled_from(
    [
        *(
            f"{ACCOUNT}:user/dev/alice",
            f"{ACCOUNT}:user/bob",
            f"{ACCOUNT}:user/dev/${{aws:username}}",
        ),
        *(f"{ACCOUNT}:user/*", f"{ACCOUNT}:user/dev/*", "arn:aws:iam::*:user/*/${AWS:userName}"),
        *(f"{ACCOUNT}:group/g", f"{ACCOUNT}:group/ops/h", f"{ACCOUNT}:group/*", ATTACHED, BOUNDARY),
        *(f"{ACCOUNT}:policy/*", f"{ACCOUNT}:*", "arn:aws:iam::*:*", "arn:aws:s3:::bucket/*"),
        *(f"{ACCOUNT}:user/dev/${{aws:PrincipalTag/of}}", "arn:aws:iam::${aws:PrincipalAccount}:*"),
    ]
)
RESOURCES = (
    st.sampled_from(["*", "*", "*"]) | ARNS | altered(ARNS.filter(lambda arn: "$" not in arn))
)


def element(name: str, values: st.SearchStrategy[str]) -> st.SearchStrategy[dict[str, Any]]:
    """An element of a statement or, more rarely, its opposite."""
    names = st.sampled_from([name, name, name, f"Not{name}"])
    return st.tuples(names, values | st.lists(values, max_size=4)).map(lambda pair: dict([pair]))


STATEMENTS = st.builds(
    lambda effect, action, resource, condition: {
        "Effect": effect,
        **action,
        **resource,
        **condition,
    },
    st.sampled_from(["Allow"] * 7 + ["Deny"]),
    element("Action", ACTIONS),
    element("Resource", RESOURCES),
    st.sampled_from([{}, {}, {"Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}}]),
)
DOCUMENTS = st.builds(
    lambda version, statements: {**version, "Statement": statements},
    st.sampled_from([{"Version": "2012-10-17"}] * 3 + [{"Version": "2008-10-17"}, {}]),
    STATEMENTS | st.lists(STATEMENTS, max_size=4),
)
HOLDERS = st.builds(
    Holder,
    st.just("alice"),
    st.just("/dev/"),
    st.sampled_from([(), ("/g",), ("/g", "/ops/h")]),
    st.lists(DOCUMENTS, max_size=2).map(tuple),
    st.just({}) | DOCUMENTS.map(lambda document: {ATTACHED: document}),
    st.none() | DOCUMENTS,
    st.just(BOUNDARY),
)


@settings(max_examples=3000, phases=(Phase.explicit, Phase.reuse, Phase.generate))
@given(HOLDERS)
def test_verdicts_are_those_of_awss_evaluation_logic(holder: Holder) -> None:
    truth = becomes_administrator(holder)
    assert bool(judged(holder).through) == truth
    open("/tmp/pol/agreed", "a").write(
        f"{int(truth)} {int(becomes_administrator(Holder(**{**vars(holder), 'boundary': None})))}\n"
    )
