"""What CloudTrail recorded of the demo's keys: who uses them, and who created one of them.

The same every time, but for the access key IDs. Addresses are those for documentation (RFC 5737).
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from moto.iam.models import AccessKey, User

from embedded_aws.aws import EmbeddedAWS

Actions = tuple[tuple[str, str], ...]
"""Services and what is called there, what is called most often first."""


@dataclass(frozen=True)
class Program:
    """A program that uses keys."""

    user_agent: str
    source: str
    actions: Actions
    hours: float
    """How many hours there are from one event to the next, in the mean."""


OFFICE, LAPTOP, DATA_CENTER = "203.0.113.7", "198.51.100.20", "192.0.2.44"
UNKNOWN_ADDRESS = "198.51.100.231"
"""An address that no other event comes from."""

CLI_IN_CI = Program(
    "aws-cli/2.15.30 Python/3.11.8 Linux/5.15.0-1053-aws exe/x86_64.ubuntu.22 prompt/off "
    "command/s3.sync",
    "203.0.113.17",
    (("sts", "GetCallerIdentity"), ("s3", "ListBuckets"), ("ecr", "GetAuthorizationToken")),
    hours=3,
)
JENKINS = Program(
    "jenkins/2.426.3 aws-sdk-java/1.12.600 Linux/5.15.0 OpenJDK_64-Bit_Server_VM/17.0.9+9",
    "203.0.113.17",
    (("ec2", "DescribeInstances"), ("ec2", "RunInstances")),
    hours=9,
)
GITHUB = Program(
    "configure-aws-credentials-for-github-actions",
    "192.0.2.131",
    (("sts", "GetCallerIdentity"),),
    hours=8,
)
TERRAFORM = Program(
    "APN/1.0 HashiCorp/1.0 Terraform/1.6.6 (+https://www.terraform.io) "
    "terraform-provider-aws/5.31.0 (+https://registry.terraform.io) aws-sdk-go-v2/1.24.0 os/macos",
    LAPTOP,
    (("ec2", "DescribeInstances"), ("iam", "GetRole"), ("rds", "DescribeDBInstances")),
    hours=5,
)
CLI_ON_LAPTOP = Program(
    "aws-cli/2.13.0 Python/3.11.4 Darwin/23.2.0 exe/x86_64 prompt/off command/sts.assume-role",
    LAPTOP,
    (("sts", "AssumeRole"), ("sts", "GetCallerIdentity")),
    hours=20,
)
ON_PREMISES = Program(
    "aws-sdk-java/2.21.29 Linux/4.18.0-477.el8.x86_64 OpenJDK_64-Bit_Server_VM/11.0.21 Java/11",
    DATA_CENTER,
    (("glue", "GetTable"), ("athena", "StartQueryExecution"), ("s3", "ListBuckets")),
    hours=2,
)
BACKUP = Program(
    "Boto3/1.26.90 Python/3.9.16 Linux/4.18.0-477.el8.x86_64 Botocore/1.29.90",
    DATA_CENTER,
    (("s3", "GetBucketVersioning"), ("s3", "ListBuckets"), ("backup", "ListBackupJobs")),
    hours=24,
)
PUSH = Program(
    "Boto3/1.40.61 md/Botocore#1.40.61 ua/2.1 os/linux#5.10.240 md/arch#x86_64 lang/python#3.12.11 "
    "md/pyimpl#CPython exec-env/AWS_Lambda_python3.12 m/Z,b,D,g cfg/retry-mode#legacy "
    "Botocore/1.40.61",
    "192.0.2.180",
    (("sns", "ListEndpointsByPlatformApplication"), ("sns", "GetEndpointAttributes")),
    hours=6,
)
"""A function that says where its key is kept."""
MAIL_RELAY = Program(
    "aws-sdk-php/3.288.1 OS/Linux/5.4.0 lang/php/7.4.33 GuzzleHttp/7",
    "192.0.2.25",
    (("ses", "GetSendQuota"), ("ses", "GetAccountSendingEnabled")),
    hours=30,
)
HOME_GROWN = Program(
    "partner-sync/1.4",
    "198.51.100.77",
    (("s3", "ListBuckets"), ("sqs", "GetQueueAttributes")),
    hours=12,
)
RESTORE = Program(
    "aws-cli/2.13.0 Python/3.11.4 Darwin/23.2.0 exe/x86_64 prompt/off command/s3.ls",
    LAPTOP,
    (("s3", "ListBuckets"), ("sts", "GetCallerIdentity")),
    hours=90,
)
CLI_IN_OFFICE = Program(
    "aws-cli/2.15.30 Python/3.11.8 Darwin/23.2.0 exe/x86_64 prompt/off command/ec2.describe",
    OFFICE,
    (("ec2", "DescribeInstances"), ("sts", "GetCallerIdentity"), ("s3", "ListBuckets")),
    hours=30,
)
CYBERDUCK = Program(
    "Cyberduck/8.7.1.40770 (Mac OS X/14.2.1) (aarch64)",
    OFFICE,
    (("s3", "ListBuckets"), ("s3", "GetBucketLocation")),
    hours=100,
)
MASKED = Program("-", OFFICE, (("s3", "ListBuckets"),), hours=240)
"""A program that does not say what it is."""

INTRUDER = Program(
    "aws-cli/2.13.0 Python/3.11.4 Linux/6.6.9-kali1-amd64 exe/x86_64 prompt/off command/sts",
    UNKNOWN_ADDRESS,
    (("sts", "GetCallerIdentity"), ("s3", "ListBuckets")),
    hours=2_000,
)
"""Somebody who found a decoy."""

BY_USER = {
    "jenkins-deploy": (CLI_IN_CI, JENKINS),
    "github-actions": (GITHUB, CLI_IN_CI),
    "terraform-apply": (TERRAFORM, CLI_ON_LAPTOP),
    "etl-loader": (ON_PREMISES,),
    "backup-nightly": (BACKUP, RESTORE),
    "metrics-shipper": (ON_PREMISES,),
    "image-publisher": (CLI_IN_CI,),
    "legacy-ftp-sync": (BACKUP, MASKED),
    "smtp-relay": (MAIL_RELAY,),
    "invoice-export": (BACKUP,),
    "mobile-push": (PUSH,),
    "partner-feed": (HOME_GROWN,),
    "backup-vault-sync": (INTRUDER,),
}
"""The programs that use the keys of machine users."""
OF_PEOPLE = (CLI_IN_OFFICE, CYBERDUCK)
QUIET = frozenset({"invoice-export"})
"""Users whose keys are in use where CloudTrail's event history has nothing: it reads objects."""
CREATED_BY_ANOTHER = {"mobile-push": "people/hugo.silva", "BedrockAPIKey-0g4z": "people/hugo.silva"}
"""Users whose newest key somebody else created."""


def add_events(aws: EmbeddedAWS) -> None:
    """Record events of all keys that are in use, and the creation of young ones."""
    chance = random.Random(2026)
    now = datetime.now(timezone.utc).replace(second=0, microsecond=0)
    for user in aws.iam().users.values():
        for key in user.access_keys:
            _add_creation(aws, user, key, now)
            if user.name not in QUIET:
                for program in BY_USER.get(user.name, OF_PEOPLE):
                    _add_use(aws, chance, key, program, now)


def _add_use(
    aws: EmbeddedAWS, chance: random.Random, key: AccessKey, program: Program, now: datetime
) -> None:
    if key.last_used is None:
        return
    for at in _moments(chance, key.last_used.timestamp, program.hours, now):
        number = min(len(program.actions) - 1, int(chance.expovariate(1.2)))
        service, action = program.actions[number]
        is_global = service in ("iam", "sts")
        region = "us-east-1" if is_global else key.last_used.region
        aws.cloudtrail.add(
            action, service, at=at, region=region, access_key_id=key.access_key_id,
            user_agent=program.user_agent, source=program.source,
        )  # fmt: skip


def _moments(
    chance: random.Random, last: datetime, hours: float, now: datetime
) -> Iterator[datetime]:
    """From the last use back to the beginning of event history."""
    at = last
    while now - at < timedelta(days=90):
        yield at
        at -= timedelta(hours=hours * chance.uniform(0.5, 1.5))


def _add_creation(aws: EmbeddedAWS, user: User, key: AccessKey, now: datetime) -> None:
    if now - key.create_date >= timedelta(days=90):
        return
    creator = CREATED_BY_ANOTHER.get(user.name)
    path = f"{user.path}{user.name}".lstrip("/")
    aws.cloudtrail.add_key_creation(
        key.access_key_id, user.name, at=key.create_date, creator=creator or path,
        source=UNKNOWN_ADDRESS if creator else OFFICE,
    )  # fmt: skip
