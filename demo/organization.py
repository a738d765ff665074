"""The demo of organization scans: the real ``prowler-org`` on an embedded AWS organization."""

from __future__ import annotations

import random
import sys

from embedded_aws.aws import EmbeddedAWS
from embedded_aws.organization import EmbeddedOrganization

from .command import output_directory, run
from .population import KEYS, add

ACCOUNTS = {
    "Production": ("payments-prod", "webshop-prod", "data-lake-prod", "mobile-api-prod"),
    "Development": ("payments-dev", "webshop-dev", "data-lake-dev", "sandbox"),
    "Security": ("log-archive", "audit"),
    "Acquired": ("old-startup", "partner-feed"),
}
"""Account names by organizational unit."""
WITHOUT_ROLE = "old-startup"
EXCLUDED = "sandbox"
CLOSED = "former-product"
BOTS = ("deploy", "backup", "metrics", "import", "mail-relay", "partner-api", "reports")
"""Machine users of the accounts."""
QUARANTINED = ("mobile-api-prod", "partner-api")
ADMINISTRATOR = ("data-lake-prod", "deploy")
"""An account and a user that is an administrator there; the keys of both are in use."""
ROTATED = ("webshop-prod", "backup")
"""An account and a user whose unused key goes between the two scans."""
SCAN = ("prowler-org", "--role", "ProwlerScan", "--output-directory")
OPTIONS = ("--", "--compliance", "access_key_hygiene_1.0_aws", "--region", "us-east-1", "eu-west-1")
AN_ACCOUNT_WAS_NOT_SCANNED = 4


def main() -> int:
    """Scan the embedded organization twice. Returns 0 when all went as it has to in this demo."""
    directory = output_directory("demo.organization", __doc__)
    with EmbeddedAWS() as aws:
        accounts = populate(aws)
        print(f"An embedded AWS organization runs at {aws.endpoint}.\n")
        exclude = ("--exclude", accounts[EXCLUDED])
        command = (*SCAN, str(directory), *exclude)
        exit_codes = [run(aws, *command, "--quiet", *OPTIONS)]
        rotate(aws, accounts)
        print("\nA day later, one unused key is deactivated, and a new user has two keys:\n")
        exit_codes.append(run(aws, *command, *OPTIONS))
    if exit_codes != [AN_ACCOUNT_WAS_NOT_SCANNED] * 2:
        print(f"prowler-org ended with {exit_codes}, not with 4 for the account without role.")
        return 1
    return 0


def populate(aws: EmbeddedAWS) -> dict[str, str]:
    """Make a dozen accounts with users, one of them without the role, and one that is closed.

    Returns the accounts' IDs by name.
    """
    chance = random.Random(2026)
    organization = EmbeddedOrganization(aws)
    accounts = {}
    for unit, names in ACCOUNTS.items():
        identifier = organization.add_unit(unit)
        for name in names:
            accounts[name] = account = organization.add_account(name, identifier)
            kinds = ("no key", "one key") if unit == "Security" else tuple(KEYS)
            for bot in BOTS[: chance.randint(2, len(BOTS))]:
                tags = {"owner": unit.lower()} if chance.random() < 0.8 else {}
                add(aws, chance, bot, "/ci/bots/", tags, chance.choice(kinds), account)
    accounts[CLOSED] = organization.add_account(CLOSED, state="SUSPENDED")
    aws.behavior.accounts_without_role = frozenset({accounts[WITHOUT_ROLE]})
    for (name, user), kind, policy in (
        (QUARANTINED, "second key never used", "AWSCompromisedKeyQuarantineV3"),
        (ADMINISTRATOR, "both keys in use", "AdministratorAccess"),
        (ROTATED, "forgotten second key", "ReadOnlyAccess"),
    ):
        account = accounts[name]
        _forget(aws, account, user)
        made = add(aws, chance, user, "/ci/bots/", {"owner": "platform"}, kind, account)
        aws.attach(made, policy)
    return accounts


def rotate(aws: EmbeddedAWS, accounts: dict[str, str]) -> None:
    """Deactivate the unused key of ``ROTATED``, and give a user of its account a second key."""
    users = {user.name: user for user in aws.iam(accounts[ROTATED[0]]).users.values()}
    users[ROTATED[1]].access_keys[0].status = "Inactive"
    made = aws.add_user("partner-upload", account=accounts[ROTATED[0]])
    for _ in range(2):
        aws.add_key(made)


def _forget(aws: EmbeddedAWS, account: str, user: str) -> None:
    held = aws.iam(account).users
    for identifier in [key for key, made in held.items() if made.name == user]:
        del held[identifier]


if __name__ == "__main__":
    sys.exit(main())
