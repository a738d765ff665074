"""A mutelist for all checks, as Prowler's ``--mutelist-file`` takes it."""

from __future__ import annotations


def muting(users: str) -> str:
    """The text of a mutelist for these users, a regular expression, in every account."""
    return f"""
Mutelist:
  Accounts:
    "*":
      Checks:
        "*":
          Regions: ["*"]
          Resources: ["{users}"]
"""
