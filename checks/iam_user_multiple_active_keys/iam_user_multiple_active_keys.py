"""The check: Prowler finds this module by its name and calls ``execute`` of the class."""

from __future__ import annotations

from datetime import datetime

from ..iam_access_keys.advice import advise, grace_ends, in_grace, word
from ..iam_access_keys.base_check import AccessKeyCheck
from ..iam_access_keys.facts import ActiveKeys, RootAccessKeys, Unreadable, UserAccessKeys
from ..iam_access_keys.finding import Verdict
from ..iam_access_keys.prowler_workarounds import offer_fixer
from ..iam_access_keys.settings import Settings
from ..iam_access_keys.wording import age, counted, described, what_to_do, when
from . import iam_user_multiple_active_keys_fixer

offer_fixer("iam_user_multiple_active_keys", iam_user_multiple_active_keys_fixer)


class iam_user_multiple_active_keys(AccessKeyCheck):
    """An IAM user has at most one active access key.

    FAIL with two or more, unless a grace period covers the newest one: then a rotation may be
    under way. The root user is counted too, and has no grace: it should have no key at all.
    """

    def fails(self, active: ActiveKeys, settings: Settings, now: datetime) -> bool:
        grace = settings.multiple_active_keys_grace_days
        return active.count > 1 and not in_grace(active, now, grace)

    def judge(
        self, record: UserAccessKeys, active: ActiveKeys, settings: Settings, now: datetime
    ) -> Verdict:
        grace = settings.multiple_active_keys_grace_days
        has = f"User {record.user.name} has {counted(active)}"
        if active.unlisted:
            excused = ", and so whether the grace period excuses them" if grace else ""
            return Verdict(
                "MANUAL" if grace else "FAIL",
                f"{has}, according to the credential report made for this scan. Which keys they "
                f"are{excused}, could not be read: {active.unlisted}. "
                f"{what_to_do(active.unlisted)}",
            )
        if self.fails(active, settings, now):
            keys = " and ".join(described(key, now) for key in active.keys)
            advice = advise(active, record.quarantine, now, settings.max_unused_access_keys_days)
            return Verdict("FAIL", f"{has}: {keys}. {word(advice, now)}", advice)
        if active.count > 1:
            newest = active.keys[-1]
            return Verdict(
                "PASS",
                f"{has}, and a rotation is under way: {newest.access_key_id} was created "
                f"{when(newest.create_date, now)}. The grace period ends on "
                f"{grace_ends(active, grace):%Y-%m-%d %H:%M} UTC.",
            )
        return Verdict("PASS", f"{has}.")

    def judge_root(self, root: RootAccessKeys) -> Verdict:
        if isinstance(root.active, Unreadable):
            return Verdict(
                "MANUAL",
                f"The access keys of the root user could not be read: {root.active}. Sign in as "
                "the root user and look at its security credentials.",
            )
        sentence = f"The root user has {counted(root.active)}"
        if root.report_date is not None:
            sentence += (
                f", according to the credential report of {root.report_date:%Y-%m-%d %H:%M} UTC "
                f"({age(root.report_age)} old)"
            )
        if root.active.count > 1:
            return Verdict(
                "FAIL", f"{sentence}. Sign in as the root user to see which, and delete them."
            )
        return Verdict("PASS", f"{sentence}.")
