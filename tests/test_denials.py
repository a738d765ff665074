"""Which missing permission leaves which check open: docs/findings.md says it in words."""

from __future__ import annotations

from datetime import timedelta

from prowler.providers.aws.aws_provider import AwsProvider

from embedded_aws.aws import EmbeddedAWS

from .accounts import FAILS, DrawnCredential, DrawnKey, DrawnUser
from .permissions import actions
from .scanning import FAMILY, provider_of, scan_with

USERS = (
    DrawnUser(
        "fails", "/", (), (DrawnKey(True, 300, 200), DrawnKey(True, 200, 1)), password=True,
        grants=(("everything", "managed", "group"),),
        credentials=(DrawnCredential("bedrock.amazonaws.com", active=True, days_left=None),),
    ),
    DrawnUser("retired", "/", (), (DrawnKey(False, 300, 200), DrawnKey(True, 10, 1))),
    DrawnUser("passes", "/", (("owner", "payments"),), (DrawnKey(True, 60, 1),)),
)  # fmt: skip
UNUSED = "iam_user_inactive_keys_not_deleted, iam_user_unused_active_keys"
MANUAL = {
    "iam:GenerateCredentialReport": ("iam_user_multiple_active_keys", "none"),
    "iam:GetAccessKeyLastUsed": (UNUSED, UNUSED),
    "iam:GetAccountAuthorizationDetails": ("iam_user_administrator_active_keys",) * 2,
    "iam:GetAccountSummary": ("all checks of users", "all checks"),
    "iam:GetCredentialReport": ("iam_user_multiple_active_keys",) * 2,
    "iam:GetLoginProfile": ("none", "iam_user_console_password_and_active_keys"),
    "iam:ListAccessKeys": (
        "iam_user_inactive_keys_not_deleted, iam_user_unrotated_active_keys, "
        "iam_user_unused_active_keys",
        "all checks of users' access keys",
    ),
    "iam:ListServiceSpecificCredentials": ("iam_user_long_term_api_keys",) * 2,
}
"""The MANUAL checks with a report made for the scan, and with an older one."""
NOT_OF_KEYS = {
    "iam_user_decoy_access_keys_used",
    "iam_user_long_term_api_keys",
    "iam_user_made_for_api_key_other_credentials",
}
"""The checks that do not ask for the access keys of each user."""


def manual_checks(aws: EmbeddedAWS, provider: AwsProvider, denied: str, *, cached: bool) -> str:
    """The checks that say MANUAL of something without an action."""
    aws.clear()
    for user in USERS:
        user.put_into(aws)
    aws.behavior.root_keys_active = (True, True)
    if cached:
        aws.hold_report(timedelta(hours=1))
    aws.behavior.denied = frozenset({denied})
    manual = {
        finding.check for finding in scan_with(provider, FAMILY) if finding.status == "MANUAL"
    }
    groups = {
        "all checks": set(FAMILY) - {"iam_users_access_key_exceptions"},  # it asks for nothing
        "all checks of users": set(FAILS),
        "all checks of users' access keys": set(FAILS) - NOT_OF_KEYS,
    }
    for name, checks in groups.items():
        if manual == checks:
            return name
    return ", ".join(sorted(manual)) or "none"


def test_a_denied_call_makes_only_the_checks_manual_that_need_it() -> None:
    found = {}
    with EmbeddedAWS() as aws, provider_of(aws) as provider:
        for action in sorted(actions("scan.json")):
            manual = tuple(
                manual_checks(aws, provider, action, cached=cached) for cached in (False, True)
            )
            if set(manual) != {"none"}:
                found[action] = manual
    assert found == MANUAL
