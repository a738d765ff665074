"""docs/findings.md says which missing permission leaves which check open."""

from __future__ import annotations

from datetime import timedelta

from prowler.providers.aws.aws_provider import AwsProvider

from embedded_aws.aws import EmbeddedAWS

from .accounts import FAILS, DrawnCredential, DrawnKey, DrawnUser
from .pages import table
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
HEAD = "| without | `MANUAL` with a report made for the scan |"


NOT_OF_KEYS = {
    "iam_user_decoy_access_keys_used",
    "iam_user_long_term_api_keys",
    "iam_user_made_for_api_key_other_credentials",
}
"""The checks that do not ask for the access keys of each user."""


def manual_checks(aws: EmbeddedAWS, provider: AwsProvider, denied: str, *, cached: bool) -> str:
    """The checks that say MANUAL of something without an action, as the page names them."""
    aws.clear()
    for user in USERS:
        user.put_into(aws)
    aws.behavior.root_keys_active = (True, True)
    if cached:
        aws.hold_report(timedelta(hours=1))
    aws.behavior.denied = frozenset({denied})
    manual = {one.check for one in scan_with(provider, FAMILY) if one.status == "MANUAL"}
    groups = {
        "all checks": set(FAMILY),
        "all checks of users": set(FAILS),
        "all checks of users' access keys": set(FAILS) - NOT_OF_KEYS,
    }
    for name, checks in groups.items():
        if manual == checks:
            return name
    return ", ".join(f"`{check}`" for check in sorted(manual)) or "none"


def test_the_page_says_which_checks_a_denied_call_leaves_open() -> None:
    rows = []
    with EmbeddedAWS() as aws, provider_of(aws) as provider:
        for action in sorted(actions("scan.json")):
            manual = [manual_checks(aws, provider, action, cached=one) for one in (False, True)]
            if set(manual) != {"none"}:
                rows.append([f"`{action}`", *manual])
    made = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    assert table(HEAD) == rows, f"Put this into docs/findings.md:\n{made}"
