"""Statements of IAM policies, and which requests each of them names. Pure.

How policies are written is in
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache
from glob import escape
from pathlib import Path
from typing import Any, NamedTuple

from ..facts import Unreadable, User, UserPolicies

ANYTHING = "\0" * 7
"""A name that only wildcards fit. No action of IAM has a shorter one."""
_BY_AWS = re.compile(r"arn:[\w-]+:iam::aws:policy/(?:.+/)?([^/]+)")
_MANAGED_BY_AWS: dict[str, list[dict[str, Any]]] = json.loads(
    Path(__file__).with_name("aws_managed_policies.json").read_text(encoding="utf-8")
)
"""By name, the statements of AWS's own policies that say something of becoming an administrator.

Made by ``scripts/aws_managed_policies.py``.
"""
_WHO_AM_I = frozenset({"sts:getcalleridentity", "sts:getaccesskeyinfo", "sts:getsessiontoken"})
_MALFORMED = Unreadable("iam:GetAccountAuthorizationDetails", "MalformedPolicyDocument")
NOT_READ = Unreadable("iam:GetAccountAuthorizationDetails", "IncompleteAnswer")
_LIMITED_TO = frozenset({"iam:permissionsboundary", "iam:policyarn"})
_EQUALS = re.compile("(String|Arn)(Equals|EqualsIgnoreCase|Like)")
_UNLIMITED = re.compile(r"[*?$]|:aws:policy/(AdministratorAccess|IAMFullAccess)\b")
_SPECIAL = re.compile(r"[*?[]|\$\{([^{}]*)\}")
_NO_CHARACTER = "\1"
"""No text has it: no policy has control characters."""


class Request(NamedTuple):
    """A call that a policy may allow or deny."""

    action: str
    """``iam:AttachUserPolicy``."""
    resource: str
    """An ARN."""


@dataclass(frozen=True)
class Statement:
    """A statement of a policy that applies to a user."""

    policy: str
    """The policy that it is part of, in words."""
    allows: bool
    """Whether it allows what it names; otherwise it denies that."""
    actions: tuple[str, ...]
    all_but_actions: bool
    resources: tuple[str, ...]
    all_but_resources: bool
    condition: tuple[str, ...]
    """The keys on which its effect depends."""
    delegates: bool
    """Whether it only grants certain policies, or only within certain permissions boundaries."""

    def names(self, request: Request) -> bool:
        """Whether it allows or denies a request, if its condition is met."""
        action = request.action.lower()
        if self.delegates and action != "iam:deleteuserpermissionsboundary":
            return False  # Delegation limits grants, and removing a boundary is not one.
        if any(_fits(pattern, action) for pattern in self.actions) == self.all_but_actions:
            return False
        resources = any(_fits(pattern, request.resource) for pattern in self.resources)
        return resources != self.all_but_resources

    def denies_everything(self) -> bool:
        """Whether it denies every action on every resource, under no condition.

        Actions that only say who the caller is may be left out, as for a decoy that must answer.
        """
        if self.allows or self.condition or self.all_but_resources:
            return False
        if self.all_but_actions and not _WHO_AM_I.issuperset(self.actions):
            return False
        return self.names(Request(f"{ANYTHING}:{ANYTHING}", ANYTHING))


def needed_documents(policies: UserPolicies) -> tuple[str, ...]:
    """ARNs of the managed policies whose documents decide: those that are not AWS's own."""
    arns = {arn for arn, _ in policies.attached} | {policies.boundary or ""}
    return tuple(sorted(arn for arn in arns if arn and not is_by_aws(arn)))


def with_user_name(policies: UserPolicies, documents: Mapping[str, Any]) -> tuple[str, ...]:
    """Names of policies that use ``${aws:username}``, of those that were read."""
    named = [(name_of(arn), documents.get(arn)) for arn, _ in policies.attached]
    named += [(name, document) for name, _, document in policies.inline]
    using = {name for name, read in named if "${aws:username" in str(read).lower()}
    return tuple(sorted(using))


def is_by_aws(arn: str) -> bool:
    """Whether a managed policy is one of AWS's own."""
    return _BY_AWS.fullmatch(arn) is not None


def name_of(arn: str) -> str:
    """The name of a managed policy."""
    return arn.rsplit("/", 1)[-1]


def own_statements(
    policies: UserPolicies, documents: Mapping[str, Any], user: User | None = None
) -> tuple[list[Statement], Unreadable | None]:
    """The statements of a user's policies and of its groups', and why there may be more.

    ``documents`` has each of ``needed_documents``, or why it could not be read. Without ``user``,
    no policy variable is known.
    """
    named = [
        (f'the policy "{name_of(arn)}"', group, _document(arn, documents))
        for arn, group in policies.attached
    ]
    named += [(f'the inline policy "{name}"', group, own) for name, group, own in policies.inline]
    statements: list[Statement] = []
    unread = policies.attached_unread or policies.inline_unread
    for policy, group, document in named:
        through = f'{policy} of the group "{group}"' if group else policy
        read, failure = _parse(document, through, user)
        statements += read
        unread = unread or failure
    return statements, unread


def boundary_statements(
    arn: str, documents: Mapping[str, Any], user: User | None = None
) -> tuple[list[Statement], Unreadable | None]:
    """The statements of a user's permissions boundary, and why there may be more."""
    return _parse(_document(arn, documents), f'its permissions boundary "{name_of(arn)}"', user)


def _document(arn: str, documents: Mapping[str, Any]) -> Any:
    by_aws = _BY_AWS.fullmatch(arn)
    if by_aws:
        return {"Statement": _MANAGED_BY_AWS.get(by_aws[1], [])}
    return documents.get(arn, NOT_READ)


def _parse(
    document: Any, policy: str, user: User | None
) -> tuple[list[Statement], Unreadable | None]:
    """The statements of a document, and why there may be more.

    A statement that AWS's grammar refuses is left out.
    """
    if isinstance(document, Unreadable):
        return [], document
    if not isinstance(document, Mapping) or "Statement" not in document:
        return [], _MALFORMED
    variables = None  # In older versions of the language, a variable is text like any other.
    if document.get("Version") == "2012-10-17":
        variables = _variables(user) if user else {}
    parts = _as_list(document["Statement"])
    read = [_statement(policy, part, variables) for part in parts if _is_statement(part)]
    return read, None if len(read) == len(parts) else _MALFORMED


def _variables(user: User) -> dict[str, str]:
    account = user.arn.split(":")[4]
    accounts = {"aws:principalaccount": account, "aws:resourceaccount": account}
    return {"aws:username": user.name, **accounts, "*": "*", "?": "?", "$": "$"}


def _is_statement(part: Any) -> bool:
    """Whether AWS's grammar takes this for a statement.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
    """
    if not isinstance(part, Mapping) or not {"Principal", "NotPrincipal"}.isdisjoint(part):
        return False
    elements = [
        [_as_list(part[name]) for name in (element, f"Not{element}") if name in part]
        for element in ("Action", "Resource")
    ]
    condition = part.get("Condition", {})
    return (
        part.get("Effect") in ("Allow", "Deny")
        and all(len(values) == 1 for values in elements)
        and all(isinstance(text, str) for (values,) in elements for text in values)
        and isinstance(condition, Mapping)
        and all(isinstance(keys, Mapping) for keys in condition.values())
    )


def _is_delegation(part: Mapping[str, Any]) -> bool:
    """Whether a condition limits what it allows to certain policies or permissions boundaries.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html
    """
    return part["Effect"] == "Allow" and any(
        key.lower() in _LIMITED_TO
        and _EQUALS.fullmatch(operator)
        and not _UNLIMITED.search(str(value))
        for operator, keys in part.get("Condition", {}).items()
        for key, value in keys.items()
    )


def _statement(
    policy: str, part: Mapping[str, Any], variables: Mapping[str, str] | None
) -> Statement:
    all_but_actions, all_but_resources = "NotAction" in part, "NotResource" in part
    actions = _as_list(part["NotAction" if all_but_actions else "Action"])
    resources = _as_list(part["NotResource" if all_but_resources else "Resource"])
    condition = {str(key) for keys in part.get("Condition", {}).values() for key in keys}
    unknown: set[str] = set()

    def replace(match: re.Match[str]) -> str:
        if match[0] in ("*", "?"):
            return match[0]
        if variables is None or match[1] is None:
            return escape(match[0])
        key = match[1].split(",")[0].strip()
        known = variables.get(key.lower())
        if known is None:
            unknown.add(key)
        # What is not known widens what a statement names, and takes nothing from it.
        return escape(known) if known else (_NO_CHARACTER if all_but_resources else "*")

    patterns = tuple(_SPECIAL.sub(replace, text) for text in resources)
    return Statement(
        policy,
        part["Effect"] == "Allow",
        tuple(_SPECIAL.sub(replace, text.lower()) for text in actions),
        all_but_actions,
        patterns,
        all_but_resources,
        tuple(sorted(condition if all_but_resources else condition | unknown)),
        _is_delegation(part),
    )


@lru_cache(maxsize=100_000)  # Users share policies, and are asked about the same actions.
def _fits(pattern: str, text: str) -> bool:
    return fnmatchcase(text, pattern)


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
