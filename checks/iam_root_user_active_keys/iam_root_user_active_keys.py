"""The check: Prowler finds this module by its name and calls ``execute`` of the class."""

from __future__ import annotations

from ..iam_access_keys.for_checks import (
    RootAccessKeys,
    RootUserCheck,
    Unreadable,
    Verdict,
    counted,
    fail_root,
    of_report,
    unreadable_root,
    what_to_do,
    when,
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
                "The root user has an access key. Whether it is active could not be read: "
                f"{root.active}. {word_root(root.arn, None)}",
                unreadable=root.active,
            )
        if isinstance(root.present, Unreadable) and not root.report_is_fresh:
            return unreadable_root(root.present, what_to_do(root.present))
        if isinstance(root.active, Unreadable):
            return unreadable_root(root.active, what_to_do(root.active))
        sentence = f"The root user has {counted(root.active)}{of_report(root)}"
        if root.active:
            used = root.last_used and f"last used {when(root.last_used, root.now)}"
            return Verdict(
                "FAIL",
                f"{sentence}; {used or 'no use recorded'}. {word_root(root.arn, root.active)}",
                root.active,
            )
        if isinstance(root.present, Unreadable):
            return unreadable_root(root.present, what_to_do(root.present))
        if root.report_is_fresh:
            return Verdict(
                "FAIL",
                f"{sentence}, but an inactive one is still there. Signing in as the root user is "
                "enough to reactivate it: delete it.",
                0,
                severity="low",
            )
        return Verdict(
            "MANUAL",
            f"The root user has an access key. It was not active{of_report(root)}, and may be "
            f"now. {word_root(root.arn, None)}",
        )
