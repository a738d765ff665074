"""Which policies apply to users: read for the account at once, or user by user."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import cached_property
from typing import Any

from .facts import Policies, Quarantine, Unreadable, User, UserPolicies
from .iam import IAM, PolicyListing

_QUARANTINE = re.compile(r"arn:[\w-]+:iam::aws:policy/(AWSCompromisedKeyQuarantine\w*)")
_OLD_QUARANTINE = "AWSExposedCredentialPolicy_DO_NOT_REMOVE"
"""The inline policy that AWS used before 2020."""
_NOT_READ = Unreadable("iam:GetAccountAuthorizationDetails", "IncompleteAnswer")


class PolicyReader:
    """Reads the policies of users, each call at most once."""

    def __init__(self, iam: IAM, details: Callable[[], PolicyListing]) -> None:
        """``details`` gives what is known of the whole account, by one call a page."""
        self._iam = iam
        self._details = details
        self._users: dict[User, Policies | Unreadable] = {}
        self._groups: dict[str, Policies | Unreadable] = {}

    def read(self, users: Iterable[User], *, whole_account: bool) -> dict[User, UserPolicies]:
        """The policies of each user, its groups included.

        The listing of users may say which policies and groups a user has. If it does not, one call
        for the details of the ``whole_account`` does. If that is not wanted or fails, each user
        and each of its groups is asked about; that gives managed policies only.
        """
        users = tuple(users)
        self._users |= {user: user.policies for user in users if user.policies is not None}
        if whole_account and any(_in_part(self._users.get(user)) for user in users):
            by_arn = {user.arn: user.policies for user in self._details().users}
            in_full = {user: by_arn.get(user.arn) for user in users}
            self._users |= {user: own for user, own in in_full.items() if own is not None}
        asked = [user for user in users if user not in self._users]
        self._users |= self._iam.ask_each(self._iam.own_policies, asked)
        self._read_groups(users, whole_account)
        why = (self._details().failure if whole_account else None) or _NOT_READ
        return {user: self._together(self._users[user], why) for user in users}

    def documents(self, arns: Iterable[str]) -> dict[str, Any]:
        """By ARN, the documents of the account's own policies, or why one is not known."""
        documents = self._customer_policies
        if isinstance(documents, Unreadable):
            return dict.fromkeys(arns, documents)
        return {arn: documents.get(arn, _NOT_READ) for arn in arns}

    @cached_property
    def _customer_policies(self) -> dict[str, Any] | Unreadable:
        return self._iam.customer_policies()

    def _read_groups(self, users: tuple[User, ...], whole_account: bool) -> None:
        """Add what is missing: all groups in one call or, if that fails, one by one."""
        known = (self._users[user] for user in users)
        wanted = {group for own in known if isinstance(own, Policies) for group in own.groups}
        if whole_account and any(_in_part(self._groups.get(group)) for group in wanted):
            self._groups |= self._details().groups
        missing = sorted(wanted - self._groups.keys())
        self._groups |= self._iam.ask_each(self._iam.group_policies, missing)

    def _together(self, own: Policies | Unreadable, why_in_part: Unreadable) -> UserPolicies:
        """One user's policies; ``why_in_part`` is why inline policies may not have been read."""
        if isinstance(own, Unreadable):
            return UserPolicies(boundary=None, attached_unread=own, inline_unread=own)
        sources: list[tuple[str, Policies | Unreadable]] = [("", own)]
        sources += [(name, self._groups[name]) for name in own.groups]
        read = [(group, one) for group, one in sources if isinstance(one, Policies)]
        unread = next((one for _, one in sources if isinstance(one, Unreadable)), None)
        in_part = any(_in_part(one) for _, one in read)
        return UserPolicies(
            tuple((arn, group) for group, one in read for arn in one.attached),
            tuple(
                (name, group, document)
                for group, one in read
                for name, document in (one.inline or {}).items()
            ),
            own.boundary,
            unread,
            unread or (why_in_part if in_part else None),
            tuple(one.arn for _, one in read if one.arn),
        )


def _in_part(known: Policies | Unreadable | None) -> bool:
    """Whether the details of the account would say more."""
    return not isinstance(known, Policies) or known.inline is None


def quarantine_of(policies: UserPolicies) -> Quarantine:
    """AWS's quarantine policies on a user. One that was found counts, whatever was not read.

    AWS attaches a managed policy; one on a group of the user counts too.
    https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AWSCompromisedKeyQuarantineV3.html
    """
    matches = (_QUARANTINE.fullmatch(arn) for arn, _ in policies.attached)
    names = {match[1] for match in matches if match}
    names |= {name for name, _, _ in policies.inline if name == _OLD_QUARANTINE}
    if names or policies.attached_unread is None:
        return tuple(sorted(names))
    return policies.attached_unread
