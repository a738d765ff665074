"""The check: Prowler finds this module by its name and calls ``execute`` of the class."""

from __future__ import annotations

from datetime import datetime

from ..iam_access_keys.base_check import UserCheck
from ..iam_access_keys.facts import RootAccessKeys, Unreadable, quarantine_policies
from ..iam_access_keys.findings.active_keys import failing, has_active_keys
from ..iam_access_keys.findings.advice import grace_ends, in_grace, word_root
from ..iam_access_keys.findings.finding import Verdict, unreadable_root
from ..iam_access_keys.findings.wording import counted, of_report, what_to_do, when
from ..iam_access_keys.prowler_workarounds import offer_fixer
from ..iam_access_keys.reading.user_facts import UnreadableError, UserFacts
from ..iam_access_keys.settings import Settings
from . import iam_user_multiple_active_keys_fixer

offer_fixer("iam_user_multiple_active_keys", iam_user_multiple_active_keys_fixer)

_LOOK = "sign in as the root user and look at its security credentials."


class iam_user_multiple_active_keys(UserCheck):
    """An IAM user has at most one active access key.

    FAIL with two or more, unless a grace period covers the newest one: then a rotation may be
    under way. The root user is counted too, and has no grace: it should have no key at all.
    """

    def judge(self, facts: UserFacts, settings: Settings, now: datetime) -> Verdict:
        count = facts.active_count()
        has = has_active_keys(facts, count)
        grace = settings.multiple_active_keys_grace_days
        if count < 2:
            return Verdict("PASS", f"{has}.", count)
        quarantine = facts.quarantine() if grace else ()
        if not grace or quarantine_policies(quarantine):
            return failing(facts, settings, now, one_may_stay=True)
        if isinstance(quarantine, Unreadable):
            raise UnreadableError(quarantine, "policies")
        try:
            keys = facts.active_keys()
        except UnreadableError as error:
            return Verdict(
                "MANUAL",
                f"{has}, according to the credential report made for this scan. The scan could not "
                "list the keys, so it cannot tell whether the grace period applies: "
                f"{error.failure}. {what_to_do(error.failure)}",
                count,
                unreadable=error.failure,
            )
        if not in_grace(keys, now, grace):
            return failing(facts, settings, now, one_may_stay=True)
        newest = keys[-1].access_key_id
        return Verdict(
            "PASS",
            f"{has}, and a rotation may be under way: {newest} was created "
            f"{when(keys[-1].create_date, now)}. The grace period ends on "
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
        if isinstance(root.present, Unreadable) and not root.report_is_fresh:
            return unreadable_root(root.present, _LOOK.capitalize())
        has = "has" if root.report_is_fresh else "had"
        sentence = f"The root user {has} {counted(root.active)}{of_report(root)}."
        if root.active >= 2:
            what = word_root(root.arn, root.active)
            return Verdict("FAIL", f"{sentence} {what}", root.active)
        if root.report_is_fresh:
            return Verdict("PASS", sentence, root.active)
        return Verdict(
            "MANUAL",
            f"{sentence} It has an access key now, and how many are active is not known: AWS makes "
            f"a new report when this one is four hours old. Scan again then, or {_LOOK}",
        )
