"""A mutelist for the check, as Prowler's ``--mutelist-file`` takes it."""

from __future__ import annotations

from prowler_org.prowler_arguments import CHECK


def muting(users: str) -> str:
    """The text of a mutelist for these users, a regular expression, in every account."""
    return f"""
Mutelist:
  Accounts:
    "*":
      Checks:
        "{CHECK}":
          Regions: ["*"]
          Resources: ["{users}"]
"""
