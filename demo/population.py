"""A few dozen IAM users as a company that grew for ten years has them.

The same every time, but for the access key IDs.
"""

from __future__ import annotations

import random
from datetime import datetime, timedelta, timezone

from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.iam.models import AccessKeyLastUsed, User

from embedded_aws.aws import EmbeddedAWS

from .events import add_events

PEOPLE = (
    "alice.nguyen", "bob.martins", "carol.okafor", "dmitri.petrov", "erin.walsh", "farid.haddad",
    "grace.kim", "hugo.silva", "ines.moreau", "jonas.weber", "kavya.rao", "lucas.rossi",
    "mei.tanaka", "nadia.ali", "oscar.lind", "priya.shah", "quinn.baker", "rosa.jimenez",
)  # fmt: skip
BOTS = (
    "jenkins-deploy", "terraform-apply", "github-actions", "backup-nightly", "etl-loader",
    "metrics-shipper", "image-publisher", "legacy-ftp-sync", "smtp-relay", "invoice-export",
    "mobile-push", "partner-feed",
)  # fmt: skip
BREAK_GLASS = ("break-glass-1", "break-glass-2")
SERVICES = (("s3", "eu-west-1"), ("ec2", "us-east-1"), ("sts", "us-east-1"), ("ses", "eu-west-1"))

# For each kind of user: its keys as (age in days, days since the last use or None, active).
KEYS = {
    "no key": (),
    "one key": ((120, 1, True),),
    "one key, one retired": ((900, 200, False), (200, 2, True)),
    "forgotten second key": ((1400, 400, True), (300, 1, True)),
    "second key never used": ((800, 0, True), (500, None, True)),
    "both keys in use": ((700, 3, True), (260, 1, True)),
    "rotation under way": ((365, 0, True), (4, None, True)),
}
PERSON_KINDS = (
    "no key",
    "one key",
    "one key",
    "one key, one retired",
    "forgotten second key",
    "no key",
)
BOT_KINDS = (
    "one key",
    "both keys in use",
    "one key",
    "forgotten second key",
    "rotation under way",
    "second key never used",
)


# What a few of them have in addition to keys.
WITH_PASSWORD = frozenset(PEOPLE) - {"dmitri.petrov", "kavya.rao"}
WITHOUT_OWNER = frozenset({"legacy-ftp-sync", "smtp-relay"})
ADMINISTRATORS = ("terraform-apply", "erin.walsh")
ADMINISTRATORS_GROUP = ("github-actions", "rosa.jimenez")
QUARANTINED = "partner-feed"
SMTP_RELAY = "smtp-relay"
DECOY = "backup-vault-sync"
"""The setting ``decoy_users`` of ``config.yaml`` names it."""
MADE_FOR_API_KEY = "BedrockAPIKey-0g4z"
API_KEYS = (
    ("etl-loader", "bedrock.amazonaws.com", 210, None),
    ("mei.tanaka", "bedrock.amazonaws.com", 70, 20),
    ("image-publisher", "codecommit.amazonaws.com", 1600, None),
)
"""Users, services, ages in days, and in how many days the credential expires."""
ROOT_KEY_UNUSED = 1300
"""Days since the root user's key was last used."""


def populate(aws: EmbeddedAWS) -> None:
    """Fill the embedded AWS with people, machine users, two break-glass users, and trouble."""
    chance = random.Random(2026)
    teams = ("payments", "platform", "data", "mobile")
    for number, name in enumerate(PEOPLE):
        kind = PERSON_KINDS[number % len(PERSON_KINDS)]
        add(aws, chance, name, "/people/", {"team": chance.choice(teams)}, kind)
    for number, name in enumerate(BOTS):
        tags = {"team": chance.choice(teams), "purpose": "machine"}
        if name in WITHOUT_OWNER:
            del tags["team"]
        add(aws, chance, name, "/ci/bots/", tags, BOT_KINDS[number % len(BOT_KINDS)])
    for name in BREAK_GLASS:
        add(aws, chance, name, "/", {"purpose": "break-glass"}, "second key never used")
    _add_trouble(aws)
    add_events(aws)


def _add_trouble(aws: EmbeddedAWS) -> None:
    users = aws.iam().users
    by_name = {user.name: user for user in users.values()}
    now = datetime.now(timezone.utc)
    for name in sorted(WITH_PASSWORD):
        aws.add_password(by_name[name])
    for name in ADMINISTRATORS:
        aws.attach(by_name[name], "AdministratorAccess")
    group = aws.add_group("platform-admins", *(by_name[name] for name in ADMINISTRATORS_GROUP))
    aws.attach(group, "AdministratorAccess")
    aws.attach(by_name[QUARANTINED], "AWSCompromisedKeyQuarantineV3")
    for name, service, age, expires_in in API_KEYS:
        expires = now + timedelta(days=expires_in, hours=1) if expires_in else None
        created = now - timedelta(days=age)
        aws.add_service_specific_credential(
            by_name[name], service, created=created, expires=expires
        )
    for key in by_name[SMTP_RELAY].access_keys:
        if key.last_used:
            key.last_used = AccessKeyLastUsed(key.last_used.timestamp, "ses-smtp", "eu-west-1")
    _add_signs_of_an_intruder(aws, now)
    aws.behavior.root_keys_active = (True,)
    aws.behavior.root_key_last_used = now - timedelta(days=ROOT_KEY_UNUSED)


def _add_signs_of_an_intruder(aws: EmbeddedAWS, now: datetime) -> None:
    """A decoy that somebody used, and a key for a user that the console made for an API key."""
    decoy = aws.add_user(DECOY, "/ci/bots/", {"team": "data"})
    aws.add_key(decoy, created=now - timedelta(days=500), last_used=now - timedelta(days=2))
    made = aws.add_user(MADE_FOR_API_KEY)
    aws.add_service_specific_credential(
        made, "bedrock.amazonaws.com", created=now - timedelta(days=20)
    )
    aws.add_key(made, created=now - timedelta(days=3))


def add(
    aws: EmbeddedAWS,
    chance: random.Random,
    name: str,
    path: str,
    tags: dict[str, str],
    kind: str,
    account: str = DEFAULT_ACCOUNT_ID,
) -> User:
    """Make a user of a kind of ``KEYS``, which was made some time before its keys."""
    user = aws.add_user(name, path, tags, account)
    now = datetime.now(timezone.utc).replace(second=0, microsecond=0)
    oldest = max((age for age, _, _ in KEYS[kind]), default=0)
    user.create_date = now - timedelta(days=oldest + chance.randint(1, 400))
    for age, unused, active in KEYS[kind]:
        created = now - timedelta(days=age, minutes=chance.randint(0, 600))
        last_used = None
        if unused is not None:
            last_used = now - timedelta(days=unused, minutes=chance.randint(5, 600))
        service, region = chance.choice(SERVICES)
        aws.add_key(
            user,
            active=active,
            created=created,
            last_used=last_used,
            service=service,
            region=region,
        )
    return user
