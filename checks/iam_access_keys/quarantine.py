"""Which users AWS has quarantined, because it has seen an access key of theirs in public.

AWS attaches a managed policy to such a user; one on a group of the user counts too.
https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AWSCompromisedKeyQuarantineV3.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from .facts import Quarantine, Unreadable, User
from .iam import IAM

_QUARANTINE = re.compile(r"arn:[\w-]+:iam::aws:policy/(AWSCompromisedKeyQuarantine\w*)")

GroupPolicies = dict[str, tuple[str, ...] | Unreadable]
"""ARNs of the managed policies of groups, by the group's name, or why they are not known."""


def names_in(policies: Iterable[str]) -> tuple[str, ...]:
    """The names of AWS's quarantine policies among these policy ARNs."""
    matches = (_QUARANTINE.fullmatch(arn) for arn in policies)
    return tuple(sorted({match[1] for match in matches if match}))


def read_quarantine(
    iam: IAM, users: Iterable[User], *, whole_account: bool
) -> dict[User, Quarantine]:
    """For each user, the quarantine policies on it or on a group of it.

    The listing of users may say which policies and groups a user has. If it does not, one call
    for the details of the ``whole_account`` does. If that is not wanted or fails, each user and
    each of its groups is asked about.
    """
    users = tuple(users)
    groups: GroupPolicies = {}
    known = {user: user for user in users if user.attached_policies is not None}
    if whole_account and len(known) < len(users):
        details = iam.policy_details(("User", "Group"))
        groups.update(details.groups)
        by_arn = {user.arn: user for user in details.users}
        known |= {user: by_arn[user.arn] for user in users if user.arn in by_arn}
    answers: Mapping[User, User | Unreadable] = {
        **known,
        **iam.ask_each(iam.policies_and_groups, (user for user in users if user not in known)),
    }
    _read_groups(iam, groups, _groups_that_matter(answers.values()), whole_account)
    return {user: _quarantine(answers[user], groups) for user in users}


def _groups_that_matter(users: Iterable[User | Unreadable]) -> set[str]:
    """The groups of users that have no quarantine policy of their own."""
    return {
        group
        for user in users
        if isinstance(user, User) and not names_in(user.attached_policies or ())
        for group in user.groups or ()
    }


def _read_groups(iam: IAM, groups: GroupPolicies, wanted: set[str], whole_account: bool) -> None:
    """Add what is wanted and missing: all groups in one call or, if that fails, one by one."""
    if whole_account and wanted - groups.keys():
        groups.update(iam.policy_details(("Group",)).groups)
    groups.update(iam.ask_each(iam.group_policies, sorted(wanted - groups.keys())))


def _quarantine(user: User | Unreadable, groups: GroupPolicies) -> Quarantine:
    """What is known of one user. A policy that was found counts, whatever could not be read."""
    if isinstance(user, Unreadable):
        return user
    own = names_in(user.attached_policies or ())
    if own:
        return own
    of_groups = [groups[name] for name in user.groups or ()]
    arns = (arn for known in of_groups if not isinstance(known, Unreadable) for arn in known)
    unread = (known for known in of_groups if isinstance(known, Unreadable))
    return names_in(arns) or next(unread, ())
