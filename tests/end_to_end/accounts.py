"""Accounts for end-to-end tests, and the truth about them."""

from __future__ import annotations

from embedded_aws.aws import EmbeddedAWS

from ..scanning import ROOT

ODD_NAMES = (
    "=alice",
    "+bob",
    "@carol",
    "dmitri,ivanov",
    "e.f",
    "-grace",
    "_hugo",
    "i=j+k@l,m.n-o_p",
)
"""All that IAM allows in a user's name beside letters and digits."""


def fill(aws: EmbeddedAWS) -> dict[str, str]:
    """Make users of every kind, oddly named ones included. Returns each one's right status."""
    truth = {ROOT: "PASS"}
    for number, name in enumerate(ODD_NAMES):
        user = aws.add_user(name, "/ci/bots/" if number % 2 else "/", {"team": f"t{number}"})
        for _ in range(number % 3):
            aws.add_key(user)
        truth[name] = "FAIL" if number % 3 == 2 else "PASS"
    retired = aws.add_user("retired", tags={"state": "rotated"})
    aws.add_key(retired, active=False)
    aws.add_key(retired)
    truth["retired"] = "PASS"
    return truth
