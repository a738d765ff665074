"""Whether a user is an administrator by its policies, or can make itself one. Pure.

How AWS evaluates policies and permissions boundaries is in
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html and
https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html

Conditions are assumed to be met, and Deny statements are not evaluated: the sentences name both. A
grant that a condition limits to certain policies or permissions boundaries does not count.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any

from ..facts import Unreadable, User, UserPolicies
from ..reading.policy_documents import (
    ANYTHING,
    NOT_READ,
    Request,
    Statement,
    boundary_statements,
    is_by_aws,
    name_of,
    own_statements,
)
from .wording import comma_and

_VERBS = ("Attach", "Put")
_LABELS = {"iam:AddUserToGroup": "iam:AddUserToGroup if there is a group of administrators"}
_NO_WAY = (
    ", and its policies do not allow everything, everything in IAM, or granting all permissions to "
    "itself or a new user"
)
_LIMITED = ', and its permissions boundary "{}" does not allow what would make it an administrator'
_NOT_EVALUATED = (
    ". Not evaluated: roles, other users' credentials, particular groups that it may join, earlier "
    "versions of its policies, and grants that a condition limits to certain policies or "
    "permissions boundaries"
)


@dataclass(frozen=True)
class Administrator:
    """Whether a user is an administrator, or can make itself one."""

    sentence: str = ""
    """Why, as sentences; or why not, to end a sentence about the user."""
    through: tuple[str, ...] = ()
    """The policies that allow it, in words. Empty if none does."""
    unread: Unreadable | None = None
    """Why it is not known whether one does."""


class _Ways:
    """The requests that make a user an administrator, if AWS allows them."""

    def __init__(self, user: User, policies: UserPolicies) -> None:
        account = user.arn.partition(":user/")[0]
        self.everything = Request(f"iam:{ANYTHING}", f"{account}:{ANYTHING}")
        """Stands for all that IAM has."""
        entities = (("User", user.arn), *(("Group", group) for group in policies.groups))
        attached = sorted({arn for arn, _ in policies.attached if not is_by_aws(arn)})
        self.grants = (
            *(Request(f"iam:{verb}{kind}Policy", arn) for kind, arn in entities for verb in _VERBS),
            *(Request("iam:CreatePolicyVersion", arn) for arn in attached),
            Request("iam:AddUserToGroup", f"{account}:group/{ANYTHING}"),
        )
        """Each grants the user all that its permissions boundary allows."""
        new = f"{account}:user/{ANYTHING}"
        self.new_user = tuple(
            tuple(Request(f"iam:{action}", new) for action in actions)
            for actions in (
                ("CreateUser",),
                ("AttachUserPolicy", "PutUserPolicy"),
                ("CreateAccessKey", "CreateLoginProfile"),
            )
        )
        """One of each makes an administrator that has no permissions boundary."""
        boundary = policies.boundary or ""
        self.removals = (
            Request("iam:DeleteUserPermissionsBoundary", user.arn),
            Request("iam:PutUserPermissionsBoundary", user.arn),
            *([] if is_by_aws(boundary) else [Request("iam:CreatePolicyVersion", boundary)]),
        )
        """Each frees the user from its permissions boundary."""
        new_user = chain.from_iterable(self.new_user)
        self.all = (self.everything, *self.grants, *new_user, *self.removals)

    def allowed_by(self, statements: Iterable[Statement]) -> set[Request]:
        """The requests that one of the statements allows."""
        allows = [statement for statement in statements if statement.allows]
        return {
            request for request in self.all if any(statement.names(request) for statement in allows)
        }

    def describe(self, statements: Iterable[Statement], requests: Collection[Request]) -> list[str]:
        """The policies whose statements name some of the requests, with actions and conditions."""
        named: dict[tuple[str, tuple[str, ...]], list[Request]] = {}
        for statement in sorted(statements, key=lambda statement: len(statement.condition)):
            already = named.get((statement.policy, ()), [])
            new = [
                request
                for request in self.all
                if request in requests and request not in already and statement.names(request)
            ]
            if new and self.everything not in already:
                named.setdefault((statement.policy, statement.condition), []).extend(new)
        return [
            f"{policy}{self._actions(of_policy)}{_if_met(condition)}"
            for (policy, condition), of_policy in named.items()
        ]

    def _actions(self, requests: list[Request]) -> str:
        if self.everything in requests:
            return ""
        actions = dict.fromkeys(_LABELS.get(action, action) for action, _ in requests)
        return f" ({', '.join(actions)})"

    def used(
        self, own: set[Request], boundary: set[Request] | None
    ) -> tuple[set[Request], set[Request]]:
        """The requests that make the user an administrator, none if it can't become one.

        ``own`` are those that its policies allow, and ``boundary`` those that its permissions
        boundary does. The second value are those with which it gets around the boundary.
        """
        if boundary is None:
            return own & {*self.grants} | self._without_boundary(own), set()
        grants = own & boundary & {*self.grants}
        # A user that can grant itself something has, in the end, all that the boundary allows.
        reached = boundary if grants else own & boundary
        removals = reached & {*self.removals}
        if removals:
            return self.used(own, None)[0], removals
        beyond = self._without_boundary(reached)
        return (grants | own & beyond if beyond else set()), beyond

    def _without_boundary(self, allowed: set[Request]) -> set[Request]:
        """The requests whose effect no permissions boundary of the user limits."""
        steps = [allowed.intersection(step) for step in self.new_user]
        makes_users = set().union(*steps) if all(steps) else set()
        return makes_users | allowed & {self.everything}


def judge_administrator(
    user: User, policies: UserPolicies, documents: Mapping[str, Any]
) -> Administrator:
    """Whether a user is an administrator, or can make itself or a new user one.

    ``documents`` has each of ``needed_documents``, or why it could not be read. A permissions
    boundary that could not be read limits nothing.
    """
    ways = _Ways(user, policies)
    statements, unread = own_statements(policies, documents, user)
    own = ways.allowed_by(statements)
    limits: list[Statement] = []
    boundary, allowed, about_boundary = policies.boundary, None, ""
    if boundary:
        limits, boundary_unread = boundary_statements(boundary, documents, user)
        allowed = None if boundary_unread else ways.allowed_by(limits)
        about_boundary = f' Its permissions boundary "{name_of(boundary)}" could not be read.'
    elif boundary is None:
        about_boundary = " Whether a permissions boundary limits it could not be determined."
    used, around = ways.used(own, allowed)
    if not used:
        if unread and (allowed is None or ways.used({*ways.all}, allowed)[0]):
            return Administrator(unread=unread)
        is_limited = unread or (allowed is not None and ways.used(own, None)[0])
        why_not = _LIMITED.format(name_of(boundary or "")) if is_limited else _NO_WAY
        return Administrator(f"{why_not}{_NOT_EVALUATED}")
    through = ways.describe((statement for statement in statements if statement.allows), used)
    if around:
        can = "It can remove or replace" if around.issubset(ways.removals) else "This is within"
        limiting = ways.describe((statement for statement in limits if statement.allows), around)
        about_boundary = f" {can} {', and '.join(limiting)}."
    denies = ways.describe(
        (statement for statement in (*statements, *limits) if not statement.allows), used | around
    )
    about_denies = f" Not evaluated: denials by {', and by '.join(denies)}." if denies else ""
    if ways.everything in used:
        what = "is an administrator"
    else:
        whom = "a new user" if used.isdisjoint(ways.grants) else "itself"
        what = f"can make {whom} an administrator"
    sentence = f"The user {what} through {', and through '.join(through)}."
    return Administrator(f"{sentence}{about_boundary}{about_denies}", tuple(through))


def denies_everything(policies: UserPolicies, documents: Mapping[str, Any]) -> bool | Unreadable:
    """Whether a user's policies, a group's, or its permissions boundary deny every action.

    Under no condition, as ``AWSDenyAll`` does. Unreadable if what was read does not, and not all
    could be read.
    """
    statements, unread = own_statements(policies, documents)
    if policies.boundary is None:
        unread = unread or NOT_READ
    elif policies.boundary:
        limits, failure = boundary_statements(policies.boundary, documents)
        statements, unread = statements + limits, unread or failure
    return any(statement.denies_everything() for statement in statements) or unread or False


def _if_met(condition: tuple[str, ...]) -> str:
    return f", if its condition on {comma_and(condition)} is met" if condition else ""
