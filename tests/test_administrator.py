"""Who is an administrator: by AWS's evaluation logic, by each way, and in words."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st
from moto.iam.aws_managed_policies import aws_managed_policies_data
from prowler.providers.aws.services.iam.lib.privilege_escalation import (
    privilege_escalation_policies_combination,
)

from prowler_access_keys.services.iam.iam_access_keys.facts import Unreadable, User, UserPolicies
from prowler_access_keys.services.iam.iam_access_keys.findings.administrator import (
    Administrator,
    denies_everything,
    judge_administrator,
)
from prowler_access_keys.services.iam.iam_access_keys.reading.policy_documents import (
    needed_documents,
)
from scripts.aws_managed_policies import FILE, NOT_GRANTED, policies

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

    once = st.tuples(text, st.integers(0, 60), st.integers(0, 40), st.sampled_from("**?")).map(put)
    return (
        text | once | st.tuples(once, st.integers(0, 60), st.integers(0, 40), st.just("*")).map(put)
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


HARMLESS = f"{ACCOUNT}:policy/harmless"
CONDITIONS: tuple[Any, ...] = (
    {"Bool": {"aws:MultiFactorAuthPresent": "true"}},
    {"ArnEquals": {"iam:PermissionsBoundary": HARMLESS}},
    {"ArnEquals": {"iam:PolicyARN": HARMLESS}},
    {"ArnNotEquals": {"iam:PolicyARN": HARMLESS}},
    {"ArnEquals": {"iam:PolicyARN": "arn:aws:iam::aws:policy/AdministratorAccess"}},
    {"ArnLike": {"iam:PermissionsBoundary": f"{ACCOUNT}:policy/*"}},
)
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
    st.sampled_from([{}, {}, *({"Condition": condition} for condition in CONDITIONS)]),
)
SELDOM = st.sampled_from(
    [
        {
            "Effect": "Allow",
            "Action": ["iam:CreateUser", "iam:PutUserPolicy", "iam:CreateAccess*"],
            "NotResource": f"{ACCOUNT}:user/dev/alice",
        },
        {
            "Effect": "Allow",
            "NotAction": ["iam:*User*", "iam:*Group*", "iam:CreatePolicyVersion"],
            "Resource": "*",
        },
    ]
)
"""Statements that are hardly ever drawn, and decide alone."""
DOCUMENTS = st.builds(
    lambda version, statements: {**version, "Statement": statements},
    st.sampled_from([{"Version": "2012-10-17"}] * 3 + [{"Version": "2008-10-17"}, {}]),
    STATEMENTS | st.lists(STATEMENTS, max_size=4) | SELDOM,
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


def allow(*actions: str, on: str = "*", **more: Any) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Action": [*actions], "Resource": on, **more}
    return {"Version": "2012-10-17", "Statement": [statement]}


def frees_itself(*boundary: str, own: Sequence[str] = ("iam:PutUserPolicy",)) -> Holder:
    """A user whose permissions boundary allows it to get rid of that: seldom drawn."""
    return Holder("alice", "/dev/", (), (allow(*own),), {}, allow(*own, *boundary), BOUNDARY)


@settings(max_examples=800, phases=(Phase.explicit, Phase.reuse, Phase.generate))
@given(HOLDERS)
@example(frees_itself("iam:DeleteUserPermissionsBoundary"))
@example(frees_itself("iam:CreatePolicyVersion"))
@example(frees_itself(own=("iam:CreatePolicyVersion", "iam:PutUserPolicy")))
def test_verdicts_are_those_of_awss_evaluation_logic(holder: Holder) -> None:
    assert bool(judged(holder).through) == becomes_administrator(holder)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["Allow", "*", "iam:*"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "Version",
                    "Statement",
                    "Effect",
                    "Action",
                    "NotAction",
                    "Resource",
                    "NotResource",
                    "Condition",
                    "Principal",
                ]
            ),
            inner,
            max_size=6,
        )
    ),
    max_leaves=12,
)


@settings(max_examples=300, phases=(Phase.explicit, Phase.reuse, Phase.generate))
@given(JSON, STATEMENTS.flatmap(lambda statement: JSON.map(lambda json: [statement, json])))
def test_no_document_raises(document: Any, statements: Any) -> None:
    for malformed in (document, {"Statement": document}, {"Statement": statements}):
        judged(Holder("alice", unmanaged=(malformed,), boundary=malformed))


# AWS's own policies


def test_awss_own_policies_are_judged_by_content() -> None:
    managed = {
        name: policy["Document"]
        for name, policy in json.loads(aws_managed_policies_data).items()
        if policy["Path"] != "/root-task/" and name not in NOT_GRANTED
    }
    names = ("service-role/x", "CodeStar_", "any")
    own: Mapping[str, Any] = {f"{ACCOUNT}:policy/{name}": {"Statement": []} for name in names}
    for name, document in managed.items():
        holder = Holder("alice", unmanaged=(document,), managed=own)
        attached = ((OF_AWS + name, ""), *((arn, "") for arn in own))
        says = judge_administrator(User("alice", holder.arn), UserPolicies(attached), own)
        assert bool(says.through) == becomes_administrator(holder), name
        limited = UserPolicies(((OF_AWS + "AdministratorAccess", ""),), boundary=OF_AWS + name)
        says = judge_administrator(User("alice", holder.arn), limited, {})
        holder = Holder("alice", unmanaged=(EVERYTHING,), boundary=document)
        assert bool(says.through) == becomes_administrator(holder), name
    assert policies() == json.loads(FILE.read_text(encoding="utf-8"))


# Ways that are looked at, and that are not

NOT_EVALUATED = {
    *("CreateAccessKey", "DeleteAccessKey", "CreateLoginProfile", "UpdateLoginProfile"),
    *("AttachRolePolicy", "PutRolePolicy", "UpdateAssumeRolePolicy", "SetDefaultPolicyVersion"),
    "DeleteUserPermissionsBoundary",
}
"""Other users' credentials, roles, earlier versions of policies, and what needs a boundary."""


def test_the_ways_of_prowler_that_are_not_evaluated_are_listed() -> None:
    ways = privilege_escalation_policies_combination.values()
    within_iam = [way for way in ways if all(action.startswith("iam:") for action in way)]
    assert len(within_iam) > 15
    for way in within_iam:
        document = allow(*sorted(way))
        holder = Holder("alice", groups=("/g",), managed={ATTACHED: document})
        others = {action for action in way if action[4:] not in NOT_EVALUATED}
        assert bool(judged(holder).through) == bool(others), way


# Sentences


def all_but_itself(*actions: str) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Action": [*actions], "NotResource": f"{ACCOUNT}:user/a"}
    return {"Statement": [statement]}


MFA: dict[str, Any] = {"Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}}
NEW_USERS = all_but_itself("iam:*User", "iam:*rPolicy", "iam:*Key")
DENY_ALL = allow("*", Effect="Deny")


@pytest.mark.parametrize(
    ("holder", "sentence"),
    [
        (
            Holder("a", groups=("/g",), unmanaged=(allow("iam:*"), allow("*", **MFA))),
            'The user is an administrator through the inline policy "i0", and through the inline '
            'policy "i1" of the group "g", if its condition on aws:MultiFactorAuthPresent is met.',
        ),
        (
            Holder("a", unmanaged=(allow("iam:Put*", on="arn:aws:iam::*:user/${aws:username}"),)),
            "The user can make itself an administrator through the inline policy "
            '"i0" (iam:PutUserPolicy).',
        ),
        (
            Holder("a", unmanaged=(allow("iam:Put*", on=f"{ACCOUNT}:user/${{aws:UserID}}"),)),
            "The user can make itself an administrator through the inline policy "
            '"i0" (iam:PutUserPolicy), if its condition on aws:UserID is met.',
        ),
        (
            Holder("a", groups=("/p/g",), unmanaged=(allow("iam:*Group*", on="*/g"),)),
            "The user can make itself an administrator through the inline policy "
            '"i0" (iam:AttachGroupPolicy, iam:PutGroupPolicy).',
        ),
        (
            Holder("a", unmanaged=(allow("iam:AddUser*"),)),
            "The user can make itself an administrator through the inline policy "
            '"i0" (iam:AddUserToGroup if there is a group of administrators).',
        ),
        (
            Holder("a", managed={ATTACHED: allow("iam:CreatePolicy*", on=f"{ACCOUNT}:policy/a*")}),
            "The user can make itself an administrator through the policy "
            '"attached" (iam:CreatePolicyVersion).',
        ),
        (
            Holder(
                "a",
                unmanaged=(
                    allow("iam:CreateUser", "iam:CreateAccessKey", on=f"{ACCOUNT}:user/*"),
                    all_but_itself("iam:PutUserPolicy"),
                ),
            ),
            "The user can make a new user an administrator through the inline policy "
            '"i0" (iam:CreateUser, iam:CreateAccessKey), and through the inline policy '
            '"i1" (iam:PutUserPolicy).',
        ),
        (
            Holder("a", unmanaged=(allow("*"), DENY_ALL)),
            'The user is an administrator through the inline policy "i0". Not evaluated: denials '
            'by the inline policy "i1".',
        ),
        (
            Holder("a", unmanaged=(allow("*"),), boundary=allow("iam:Delete*", **MFA)),
            'The user is an administrator through the inline policy "i0". It can remove or replace '
            'its permissions boundary "boundary" (iam:DeleteUserPermissionsBoundary), if its '
            "condition on aws:MultiFactorAuthPresent is met.",
        ),
        (
            Holder(
                "a",
                unmanaged=(allow("*"),),
                boundary=NEW_USERS,
            ),
            'The user can make a new user an administrator through the inline policy "i0" (',
        ),
        (
            Holder("a", unmanaged=(allow("*"),), boundary=allow("iam:AttachUserPolicy", "s3:*")),
            ', and its permissions boundary "boundary" does not allow what would make it an '
            "administrator",
        ),
        (
            Holder("a", unmanaged=(allow("*", on="arn:aws:s3:::bucket"),), boundary=allow("s3:*")),
            ", and its policies do not allow everything, everything in IAM, or granting all "
            "permissions to itself or a new user",
        ),
    ],
)
def test_sentences_name_policies_ways_conditions_boundaries_and_denials(
    holder: Holder, sentence: str
) -> None:
    says = judged(holder)
    assert bool(says.through) == becomes_administrator(holder) == (says.sentence[0] != ",")
    assert sentence in says.sentence


def test_deny_all_of_aws_is_named() -> None:
    attached = tuple((OF_AWS + name, "g") for name in ("AdministratorAccess", "AWSDenyAll"))
    says = judge_administrator(User("a", f"{ACCOUNT}:user/a"), UserPolicies(attached), {})
    assert says.sentence.endswith('denials by the policy "AWSDenyAll" of the group "g".')


# Bad input


DENIED = Unreadable("iam:GetAccountAuthorizationDetails", "AccessDenied")


@pytest.mark.parametrize(
    ("statement", "more"),
    [
        (None, {}),
        ("*", {}),
        (7, {}),
        ([["Allow"]], {}),
        (allow("*")["Statement"] + ["*"], {"fails": True}),
        *(
            (allow("iam:Get*")["Statement"][0] | change, {})
            for change in (
                {"Effect": "allow"},
                {"Effect": ["Allow"]},
                {"Action": {"iam:*": ""}},
                {"Action": ["iam:*", 7]},
                {"Action": None},
                {"NotAction": "s3:*"},
                {"Resource": [["*"]]},
                {"NotResource": "*"},
                {"Principal": "*"},
                {"Condition": None},
                {"Condition": {"Bool": "true"}},
            )
        ),
    ],
)
def test_documents_that_aws_would_refuse_count_as_unread(
    statement: Any, more: Mapping[str, bool]
) -> None:
    says = judged(Holder("a", unmanaged=({"Version": "2012-10-17", "Statement": statement},)))
    assert bool(says.through) == more.get("fails", False)
    assert (says.unread is None) == more.get("fails", False)


@pytest.mark.parametrize("document", [DENIED, None, "{", [], {}, {"Version": "2012-10-17"}])
def test_an_unread_policy_leaves_the_verdict_open_unless_the_boundary_decides(
    document: Any,
) -> None:
    unread = judged(Holder("a", unmanaged=(document,)))
    assert unread.unread
    assert not unread.through
    assert judged(Holder("a", unmanaged=(document,), boundary=allow("iam:*"))).unread
    limited = judged(Holder("a", unmanaged=(document,), boundary=allow("iam:PutUserPolicy")))
    assert limited.unread is None
    assert "its permissions boundary" in limited.sentence
    unlimited = judged(Holder("a", unmanaged=(allow("*"),), boundary=document or {}))
    assert unlimited.through
    assert unlimited.sentence.endswith(' Its permissions boundary "boundary" could not be read.')


def test_hundreds_of_wildcards_come_to_an_end() -> None:
    for text in ("iam:" + "*a" * 500, "*" * 500 + "b", "${" * 500, "?*" * 500):
        holder = Holder("a", unmanaged=(allow(text), allow("iam:*", on=text)))
        assert not judged(holder).through


# Users that may do nothing


def deny_all_but(action: str) -> Any:
    statement = {"Effect": "Deny", "NotAction": action, "Resource": "*"}
    return {"Version": "2012-10-17", "Statement": [statement]}


@pytest.mark.parametrize(
    ("attached", "document", "denies"),
    [
        (("arn:aws:iam::aws:policy/AWSDenyAll", ""), None, True),
        (("arn:aws-cn:iam::aws:policy/AWSDenyAll", "g"), None, True),
        (("arn:aws:iam::123456789012:policy/AWSDenyAll", ""), None, False),
        (("arn:aws:iam::aws:policy/AmazonSecurityLakePermissionsBoundary", ""), None, False),
        (("arn:aws:iam::aws:policy/AdministratorAccess", ""), None, False),
        ((ATTACHED, "g"), DENY_ALL, True),
        ((ATTACHED, ""), allow("*:*", Effect="Deny"), True),
        ((ATTACHED, ""), allow("*", Effect="Deny", **MFA), False),
        ((ATTACHED, ""), allow("iam:*", Effect="Deny"), False),
        ((ATTACHED, ""), allow("*", Effect="Deny", on="arn:aws:s3:::*"), False),
        ((ATTACHED, ""), allow("*", Effect="Deny", on="${aws:PrincipalTag/of}"), False),
        ((ATTACHED, ""), allow("*"), False),
        ((ATTACHED, ""), deny_all_but("sts:GetCallerIdentity"), True),
        ((ATTACHED, ""), deny_all_but("s3:*"), False),
        ((ATTACHED, ""), DENIED, False),
        ((ATTACHED, ""), None, False),
    ],
)
def test_policies_that_deny_everything(
    attached: tuple[str, str], document: Any, denies: bool
) -> None:
    documents = {} if document is None else {ATTACHED: document}
    assert (denies_everything(UserPolicies((attached,)), documents) is True) == denies
    if attached[0] == ATTACHED:
        inline = UserPolicies(inline=(("i", "", document),))
        assert (denies_everything(inline, {}) is True) == denies
        bounded = UserPolicies(boundary=ATTACHED)
        assert (denies_everything(bounded, documents) is True) == denies
        assert needed_documents(UserPolicies((attached,))) == (ATTACHED,)


@pytest.mark.parametrize(
    "policies",
    [
        UserPolicies(((ATTACHED, ""),)),
        UserPolicies(inline=(("i", "", DENIED),)),
        UserPolicies(attached_unread=DENIED),
        UserPolicies(inline_unread=DENIED),
        UserPolicies(boundary=ATTACHED),
        UserPolicies(boundary=None),
    ],
)
def test_a_policy_that_was_not_read_may_deny_everything(policies: UserPolicies) -> None:
    assert isinstance(denies_everything(policies, {}), Unreadable)
