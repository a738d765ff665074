"""The check: Prowler finds this module by its name and calls ``execute`` of the class."""

from __future__ import annotations

from ..iam_access_keys.for_checks import (
    RootAccessKeys,
    RootUserCheck,
    Unreadable,
    Verdict,
    fail_root,
    fail_root_by_report,
    of_report,
    unreadable_root,
    what_to_do,
    word_root,
)


class iam_root_user_active_keys(RootUserCheck):
    """The root user has no active access keys.

    ``GetAccountSummary`` tells whether there is a key at the time of the scan, and a credential
    report whether it is active. An old report can prove that a key is active, and not that none is.
    If ``prowler-org`` has listed the keys in a session of the root user, that decides. An inactive
    key fails too, with low severity.
    """

    def judge_root(self, root: RootAccessKeys) -> Verdict:
        if root.present is False:
            return Verdict("PASS", "The root user has no access keys.", 0)
        if root.keys:
            return fail_root(root, root.keys)
        if isinstance(root.active, Unreadable) and root.present is True:
            return Verdict(
                "FAIL",
                f"The root user has an access key. {word_root(root.arn, None)} Whether the key is "
                f"active could not be read: {root.active}.",
                unreadable=root.active,
            )
        if isinstance(root.present, Unreadable) and not root.report_is_fresh:
            return unreadable_root(root.present, what_to_do(root.present))
        if isinstance(root.active, Unreadable):
            return unreadable_root(root.active, what_to_do(root.active))
        if root.active:
            return fail_root_by_report(root, root.active)
        if isinstance(root.present, Unreadable):
            return unreadable_root(root.present, what_to_do(root.present))
        if root.report_is_fresh:
            return Verdict(
                "FAIL",
                "The root user has an inactive access key. Delete it: signing in as the root user "
                f"is enough to reactivate it. It has no active one{of_report(root)}.",
                0,
                severity="low",
            )
        return Verdict(
            "MANUAL",
            f"The root user has an access key. It was not active{of_report(root)}, and may be "
            f"now. {word_root(root.arn, None)}",
        )
