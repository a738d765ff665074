"""The check: Prowler finds this module by its name and calls ``execute`` of the class."""

from __future__ import annotations

from typing import ClassVar

from ..iam_access_keys.for_checks import (
    RootAccessKeys,
    Unreadable,
    UnreadableError,
    UserCase,
    UserCheck,
    Verdict,
    count_phrase,
    fail_root,
    fail_root_by_report,
    grace_ends,
    in_grace,
    of_report,
    offer_fixer,
    unreadable_root,
    what_to_do,
    when,
)
from . import iam_user_multiple_active_keys_fixer

offer_fixer("iam_user_multiple_active_keys", iam_user_multiple_active_keys_fixer)

_LOOK = "sign in as the root user and look at its security credentials."


class iam_user_multiple_active_keys(UserCheck):
    """An IAM user has at most one active access key.

    FAIL with two or more, unless a grace period covers the newest one: then a rotation may be
    under way. The root user is counted too, and has no grace: it should have no key at all.
    """

    judges_root: ClassVar[bool] = True

    def judge(self, user: UserCase) -> Verdict:
        count = user.active_count()
        has = user.has_active_keys()
        grace = user.settings.multiple_active_keys_grace_days
        if count < 2:
            return Verdict("PASS", f"{has}.", count)
        if not grace or user.known_quarantine():
            return user.fails(one_may_stay=True)
        try:
            keys = user.active_keys()
        except UnreadableError as error:
            return Verdict(
                "MANUAL",
                f"{has}, according to the credential report made for this scan. The scan could not "
                "list the keys, so it cannot tell whether the grace period applies: "
                f"{error.failure}. {what_to_do(error.failure)}",
                count,
                unreadable=error.failure,
            )
        if not in_grace(keys, user.now, grace):
            return user.fails(one_may_stay=True)
        newest = keys[-1].access_key_id
        return Verdict(
            "PASS",
            f"{has}, and a rotation may be under way: {newest} was created "
            f"{when(keys[-1].create_date, user.now)}. The grace period ends on "
            f"{grace_ends(keys, grace):%Y-%m-%d %H:%M} UTC. If nobody is rotating this user's key, "
            f"find out who created {newest}.",
            count,
            keys,
        )

    def judge_root(self, root: RootAccessKeys) -> Verdict:
        if root.present is False:
            return Verdict("PASS", "The root user has no access keys.", 0)
        if isinstance(root.active, Unreadable):
            return unreadable_root(root.active, _LOOK.capitalize())
        is_current = root.report_is_fresh or root.keys is not None
        if isinstance(root.present, Unreadable) and not is_current:
            return unreadable_root(root.present, _LOOK.capitalize())
        if root.active >= 2:
            if root.keys:
                return fail_root(root, tuple(key for key in root.keys if key.active))
            return fail_root_by_report(root, root.active)
        has = "has" if is_current else "had"
        sentence = f"The root user {has} {count_phrase(root.active)}{of_report(root)}."
        if is_current:
            return Verdict("PASS", sentence, root.active)
        return Verdict(
            "MANUAL",
            f"{sentence} It has an access key now, and how many are active is not known: AWS makes "
            f"a new report when this one is four hours old. Scan again then, or {_LOOK}",
        )
