"""The check: Prowler finds this module by its name and calls ``execute`` of the class."""

from __future__ import annotations

from dataclasses import replace

from ..iam_access_keys.for_checks import UserCase, UserCheck, Verdict, owner_of


class iam_user_active_keys_without_owner(UserCheck):
    """An IAM user with active access keys has an owner tag.

    The tags that count are ``access_key_owner_tags``; case, blanks, ``-`` and ``_`` do not matter.
    A tag without a value names no owner, nor does one such as ``n/a`` or ``unknown``.
    """

    def judge(self, user: UserCase) -> Verdict:
        if user.active_count() == 0:
            return user.passes()
        names = user.settings.access_key_owner_tags
        owner = owner_of(user.tags(), names)
        if owner:
            return user.passes(f", and the tag {owner['Key']} names an owner")
        reason = (
            f"None of the tags {', '.join(names)} names an owner. "
            "CloudTrail's CreateAccessKey event, kept for 90 days, shows who created a key."
        )
        verdict = user.fails(reason)
        ask = verdict.ask and replace(verdict.ask, creation_of=verdict.keys)
        return replace(verdict, ask=ask)
