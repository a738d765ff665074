"""Which policies apply to users: read for the account at once, or user by user."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property, partial
from typing import Any

from ..facts import Policies, Quarantine, Unreadable, User, UserPolicies, if_read
from .iam import IAM, Kind, PolicyListing
from .policy_documents import NOT_READ

_QUARANTINE = re.compile(r"arn:[\w-]+:iam::aws:policy/(AWSCompromisedKeyQuarantine\w*)")
_OLD_QUARANTINE = "AWSExposedCredentialPolicy_DO_NOT_REMOVE"
"""The inline policy that AWS used before 2020."""


class PolicyReader:
    """Reads the policies of users, each call at most once."""

    def __init__(self, iam: IAM, details: Callable[[], PolicyListing]) -> None:
        """``details`` gives what is known of the whole account, by one call a page."""
        self._iam = iam
        self._details = details
        self._users: dict[User, Policies] = {}
        self._groups: dict[str, Policies] = {}

    def read(self, users: Iterable[User], *, whole_account: bool) -> dict[User, UserPolicies]:
        """The policies of each user, its groups included.

        The listing of users may say which policies and groups a user has. If it does not, one call
        for the details of the ``whole_account`` does. If that is not wanted or fails, each user
        and each of its groups is asked about; that gives no documents of inline policies.
        """
        users = tuple(users)
        self._users |= {user: user.policies for user in users if user.policies is not None}
        if whole_account and any(_may_have_more(self._users.get(user)) for user in users):
            by_arn = {user.arn: user.policies for user in self._details().users}
            in_full = {user: by_arn.get(user.arn) for user in users}
            self._users |= {user: own for user, own in in_full.items() if own is not None}
        unknown = [user for user in users if user not in self._users]
        groups = self._iam.ask_each(self._iam.groups_of, {user.name for user in unknown})
        asked = self._ask("User", groups)
        self._users |= {user: asked[user.name] for user in unknown}
        self._read_groups(users, whole_account)
        why = (self._details().failure if whole_account else None) or NOT_READ
        return {user: self._combine(self._users[user], why) for user in users}

    def documents(self, arns: Iterable[str]) -> dict[str, Any]:
        """By ARN, the documents of the account's own policies, or why one is not known."""
        documents = self._customer_policies
        if isinstance(documents, Unreadable):
            return dict.fromkeys(arns, documents)
        return {arn: documents.get(arn, NOT_READ) for arn in arns}

    @cached_property
    def _customer_policies(self) -> dict[str, Any] | Unreadable:
        return self._iam.customer_policies()

    def _read_groups(self, users: tuple[User, ...], whole_account: bool) -> None:
        """Add what is missing: all groups in one call or, if that fails, one by one."""
        wanted = {group for user in users for group in if_read(self._users[user].groups)}
        if whole_account and any(_may_have_more(self._groups.get(group)) for group in wanted):
            self._groups |= self._details().groups
        self._groups |= self._ask("Group", dict.fromkeys(wanted - self._groups.keys(), ()))

    def _ask(
        self, kind: Kind, groups: Mapping[str, tuple[str, ...] | Unreadable]
    ) -> dict[str, Policies]:
        """By name, the policies of users or groups, asked one by one; ``groups`` are the users'."""
        attached = self._iam.ask_each(partial(self._iam.attached_policies, kind), groups)
        inline = self._iam.ask_each(partial(self._iam.inline_policies, kind), groups)
        return {
            name: Policies(attached[name], inline[name], None, of_user)
            for name, of_user in groups.items()
        }

    def _combine(self, own: Policies, why_incomplete: Unreadable) -> UserPolicies:
        """A user's policies; ``why_incomplete`` is why documents may not have been read."""
        groups = [(name, self._groups[name]) for name in if_read(own.groups)]
        sources = [("", own), *((name, held) for name, held in groups if not _is_gone(held))]
        attached = [own.groups, *(held.attached for _, held in sources)]
        inline = [own.groups, *(held.inline for _, held in sources)]
        return UserPolicies(
            tuple((arn, group) for group, held in sources for arn in if_read(held.attached)),
            tuple(
                (name, group, why_incomplete if document is None else document)
                for group, held in sources
                if not isinstance(held.inline, Unreadable)
                for name, document in held.inline.items()
            ),
            own.boundary,
            next((part for part in attached if isinstance(part, Unreadable)), None),
            next((part for part in inline if isinstance(part, Unreadable)), None),
            tuple(held.arn for _, held in sources if held.arn),
        )


def _may_have_more(known: Policies | None) -> bool:
    """Whether the details of the account would say more."""
    return known is None or known.boundary is None


def _is_gone(group: Policies) -> bool:
    """Whether a group was deleted while the scan was reading: then it has no policies."""
    parts = (group.attached, group.inline)
    return any(isinstance(part, Unreadable) and part.gone for part in parts)


def quarantine_of(policies: UserPolicies) -> Quarantine:
    """AWS's quarantine policies on a user. One that was found counts, whatever was not read.

    AWS attaches a managed policy, and before 2020 an inline one, whose name is enough. One on a
    group of the user counts too.
    https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AWSCompromisedKeyQuarantineV3.html
    """
    matches = (_QUARANTINE.fullmatch(arn) for arn, _ in policies.attached)
    names = {match[1] for match in matches if match}
    names |= {name for name, _, _ in policies.inline if name == _OLD_QUARANTINE}
    unread = policies.attached_unread or policies.inline_unread
    return unread if unread and not names else tuple(sorted(names))
