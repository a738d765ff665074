"""The demo of organization scans: the real ``prowler-org`` on an embedded AWS organization."""

from __future__ import annotations

import random
import sys

from embedded_aws.aws import EmbeddedAWS
from embedded_aws.organization import EmbeddedOrganization

from .command import output_directory, run

ACCOUNTS = {
    "Production": ("payments-prod", "webshop-prod", "data-lake-prod", "mobile-api-prod"),
    "Development": ("payments-dev", "webshop-dev", "data-lake-dev", "sandbox"),
    "Security": ("log-archive", "audit"),
    "Acquired": ("old-startup", "partner-feed"),
}
"""Account names by organizational unit."""
WITHOUT_ROLE = "old-startup"
CLOSED = "former-product"
AN_ACCOUNT_WAS_NOT_SCANNED = 4


def main() -> int:
    """Scan the embedded organization. Returns 0 when all went as it has to in this demo."""
    directory = output_directory("demo.organization", __doc__)
    with EmbeddedAWS() as aws:
        organization = populate(aws)
        print(f"An embedded organization, {organization.id}, runs at {aws.endpoint}.\n")
        exit_code = run(
            aws, "prowler-org", "--role", "ProwlerScan", "--output-directory", str(directory)
        )
    if exit_code != AN_ACCOUNT_WAS_NOT_SCANNED:
        print(f"prowler-org ended with {exit_code}, not with 4 for the account without role.")
        return 1
    return 0


def populate(aws: EmbeddedAWS) -> EmbeddedOrganization:
    """Make a dozen accounts with users, one of them without the role, and one that is closed."""
    chance = random.Random(2026)
    organization = EmbeddedOrganization(aws)
    for unit, names in ACCOUNTS.items():
        identifier = organization.add_unit(unit)
        for name in names:
            account = organization.add_account(name, identifier)
            for number in range(chance.randint(2, 9)):
                keys = chance.choice((0, 1, 1, 2) if unit != "Security" else (0, 1))
                organization.add_keys(account, f"user-{number}", keys)
            if name == WITHOUT_ROLE:
                aws.behaviour.accounts_without_role = frozenset({account})
    organization.add_account(CLOSED, state="SUSPENDED")
    return organization


if __name__ == "__main__":
    sys.exit(main())
