"""Whether a user's policies make it an administrator. Pure.

How policies are written is in
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .facts import Unreadable, UserPolicies

_OF_AWS = re.compile(r"arn:[\w-]+:iam::aws:policy/(.+)")
_ADMINISTRATOR_OF_AWS = frozenset({"AdministratorAccess", "IAMFullAccess"})
"""AWS's own policies that allow everything, or everything in IAM, without a condition."""
_ANY_IAM_ACTION = "iam:\0"
"""A pattern that fits this fits every action of IAM: no action's name begins so."""
_MALFORMED = Unreadable("iam:GetAccountAuthorizationDetails", "MalformedPolicyDocument")


@dataclass(frozen=True)
class Boundary:
    """What a permissions boundary does to administrator permissions."""

    limits: bool
    sentence: str = ""
    """The boundary in words, to end a sentence about a user it limits, or to follow one."""


def needed_documents(policies: UserPolicies) -> tuple[str, ...]:
    """ARNs of the managed policies whose documents decide: those that are not AWS's own."""
    arns = {arn for arn, _ in policies.attached} | {policies.boundary or ""}
    return tuple(sorted(arn for arn in arns if arn and not _OF_AWS.fullmatch(arn)))


def grants_in(
    policies: UserPolicies, documents: Mapping[str, Any]
) -> tuple[list[str], Unreadable | None]:
    """The policies that make an administrator, in words, and why there may be more.

    ``documents`` has each of ``needed_documents``, or why it could not be read.
    """
    grants, unread = [], policies.attached_unread or policies.inline_unread
    for arn, group in policies.attached:
        grant, unread = _managed_grant(arn, documents, unread)
        if grant is not None:
            grants.append(f"policy {arn.rsplit('/', 1)[-1]}{_through(group)}{grant}")
    for name, group, document in policies.inline:
        grant, unread = _grant(document, unread)
        if grant is not None:
            grants.append(f"inline policy {name}{_through(group)}{grant}")
    return grants, unread


def judge_boundary(policies: UserPolicies, documents: Mapping[str, Any]) -> Boundary:
    """What the user's permissions boundary does. One that could not be read limits nothing."""
    arn = policies.boundary
    if arn == "":
        return Boundary(limits=False)
    if arn is None:
        return Boundary(False, " Whether a permissions boundary limits it could not be read.")
    name = arn.rsplit("/", 1)[-1]
    grant, unread = _managed_grant(arn, documents, None)
    if unread:
        return Boundary(False, f" The permissions boundary {name} could not be read.")
    if grant is None:
        return Boundary(True, f"the permissions boundary {name} limits them")
    return Boundary(limits=False)


def _through(group: str) -> str:
    return f" through group {group}" if group else ""


def _managed_grant(
    arn: str, documents: Mapping[str, Any], unread: Unreadable | None
) -> tuple[str | None, Unreadable | None]:
    """The same as ``_grant`` for a managed policy: one of AWS's own is known by its name."""
    by_aws = _OF_AWS.fullmatch(arn)
    if by_aws:
        return ("" if by_aws[1] in _ADMINISTRATOR_OF_AWS else None), unread
    return _grant(documents[arn], unread)


def _grant(document: Any, unread: Unreadable | None) -> tuple[str | None, Unreadable | None]:
    """Under which condition a document makes an administrator (see ``_allowed_under``).

    The second value is ``unread``, or why this document could not be read.
    """
    if isinstance(document, Unreadable):
        return None, unread or document
    if not isinstance(document, Mapping):
        return None, unread or _MALFORMED
    return _allowed_under(document), unread


def _allowed_under(document: Mapping[str, Any]) -> str | None:
    """Under which conditions a document makes an administrator: in words, empty if under none.

    None if it does not.
    """
    conditions = [_condition(one) for one in _statements(document) if _is_administrator(one)]
    return min(conditions, key=len, default=None)


def _statements(document: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield from (one for one in _as_list(document.get("Statement")) if isinstance(one, Mapping))


def _is_administrator(statement: Mapping[str, Any]) -> bool:
    if statement.get("Effect") != "Allow" or "*" not in _as_list(statement.get("Resource")):
        return False
    if "NotAction" in statement:
        return not any(map(_covers_iam, _as_list(statement["NotAction"])))
    return any(map(_covers_iam, _as_list(statement.get("Action"))))


def _covers_iam(pattern: Any) -> bool:
    """Whether an action of a policy fits every action of IAM."""
    wildcards = {"*": ".*", "?": "."}
    parts = (wildcards.get(char, re.escape(char)) for char in str(pattern).lower())
    return re.fullmatch("".join(parts), _ANY_IAM_ACTION, re.DOTALL) is not None


def _condition(statement: Mapping[str, Any]) -> str:
    condition = statement.get("Condition")
    if not isinstance(condition, Mapping) or not condition:
        return ""
    keys = sorted({str(key) for keys in condition.values() for key in keys})
    return f" under a condition on {' and '.join(keys)}"


def _as_list(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def denies_everything(policies: UserPolicies, documents: Mapping[str, Any]) -> bool:
    """Stub until the merge."""
    return any(arn.endswith(":aws:policy/AWSDenyAll") for arn, _ in policies.attached)
