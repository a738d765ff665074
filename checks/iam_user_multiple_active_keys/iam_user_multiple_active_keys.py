"""The check: Prowler finds this module by its name and calls ``execute`` of the class."""

from __future__ import annotations

from datetime import datetime

from ..iam_access_keys.advice import advise, grace_ends, in_grace, word
from ..iam_access_keys.base_check import AccessKeyCheck
from ..iam_access_keys.facts import RootAccessKeys, Unreadable
from ..iam_access_keys.finding import Verdict
from ..iam_access_keys.prowler_workarounds import offer_fixer
from ..iam_access_keys.settings import Settings
from ..iam_access_keys.user_facts import UnreadableError, UserFacts
from ..iam_access_keys.wording import age, counted, described, what_to_do, when
from . import iam_user_multiple_active_keys_fixer

offer_fixer("iam_user_multiple_active_keys", iam_user_multiple_active_keys_fixer)


class iam_user_multiple_active_keys(AccessKeyCheck):
    """An IAM user has at most one active access key.

    FAIL with two or more, unless a grace period covers the newest one: then a rotation may be
    under way. The root user is counted too, and has no grace: it should have no key at all.
    """

    def judge(self, facts: UserFacts, settings: Settings, now: datetime) -> Verdict:
        count = facts.active_count()
        has = f"User {facts.user.name} has {counted(count)}"
        if count < 2:
            return Verdict("PASS", f"{has}.", count)
        grace = settings.multiple_active_keys_grace_days
        try:
            keys = facts.active_keys()
        except UnreadableError as error:
            excused = ", and so whether the grace period excuses them" if grace else ""
            return Verdict(
                "MANUAL" if grace else "FAIL",
                f"{has}, according to the credential report made for this scan. Which keys they "
                f"are{excused}, could not be read: {error.failure}. {what_to_do(error.failure)}",
                count,
                unreadable=error.failure,
            )
        if in_grace(keys, now, grace):
            return Verdict(
                "PASS",
                f"{has}, and a rotation is under way: {keys[-1].access_key_id} was created "
                f"{when(keys[-1].create_date, now)}. The grace period ends on "
                f"{grace_ends(keys, grace):%Y-%m-%d %H:%M} UTC.",
                count,
                keys,
            )
        keys = facts.with_last_use(keys)
        advice = advise(keys, facts.quarantine(), now, settings.max_unused_access_keys_days)
        named = " and ".join(described(key, now) for key in keys)
        return Verdict("FAIL", f"{has}: {named}. {word(advice, now)}", count, keys, advice)

    def judge_root(self, root: RootAccessKeys) -> Verdict:
        if isinstance(root.active, Unreadable):
            return Verdict(
                "MANUAL",
                f"The access keys of the root user could not be read: {root.active}. Sign in as "
                "the root user and look at its security credentials.",
                unreadable=root.active,
            )
        sentence = f"The root user has {counted(root.active)}"
        if root.report_date is not None:
            sentence += (
                f", according to the credential report of {root.report_date:%Y-%m-%d %H:%M} UTC "
                f"({age(root.report_age)} old)"
            )
        if root.active < 2:
            return Verdict("PASS", f"{sentence}.", root.active)
        what = "Sign in as the root user to see which, and delete them."
        return Verdict("FAIL", f"{sentence}. {what}", root.active)
