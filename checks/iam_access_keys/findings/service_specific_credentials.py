"""What service-specific credentials are, and how to word them. Pure.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_api_keys_for_aws_services.html
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from datetime import datetime, timedelta

from ..facts import ServiceSpecificCredential
from .wording import aws_command, comma_and, days, when

_WITH_USER_NAME = frozenset({"codecommit.amazonaws.com", "cassandra.amazonaws.com"})
"""Services for which the credential is a user name and a password, not an API key."""
_SHORT_TERM = "short-term API keys or an IAM role"
_INSTEAD = {
    "bedrock.amazonaws.com": _SHORT_TERM,
    "aws-external-anthropic.amazonaws.com": _SHORT_TERM,
    "codecommit.amazonaws.com": "git-remote-codecommit with an IAM role",
    "cassandra.amazonaws.com": "the SigV4 plug-in of your Cassandra driver with an IAM role",
}
"""By service, what takes the place of its credentials."""
_ROLE = "an IAM role"
LASTING = timedelta(days=5 * 365)
"""How long an API key lives at least that might as well never expire."""


def is_api_key(credential: ServiceSpecificCredential) -> bool:
    """Whether it is an API key. Of a service that is not known here, it is taken for one."""
    return credential.service.casefold() not in _WITH_USER_NAME


def is_lasting(credential: ServiceSpecificCredential, now: datetime) -> bool:
    """Whether it is an API key that does not expire within five years of ``now`` (UTC)."""
    expires = credential.expires
    return is_api_key(credential) and (expires is None or expires - now > LASTING)


def is_allowed(credential: ServiceSpecificCredential, services: Collection[str]) -> bool:
    """Whether it belongs to one of these services; case does not matter."""
    return credential.service.casefold() in {service.strip().casefold() for service in services}


def describe_credential(credential: ServiceSpecificCredential, now: datetime) -> str:
    """A credential with its service, age, and expiry; ``now`` is UTC."""
    kind = "API key" if is_api_key(credential) else "user name and password"
    return (
        f"{credential.credential_id} ({kind} for {credential.service}; created "
        f"{when(credential.create_date, now)}; {_expiry(credential, now)})"
    )


def replacement(service: str) -> str:
    """What takes the place of a service's credentials, in words."""
    return _INSTEAD.get(service.casefold(), _ROLE)


def replacements(credentials: Iterable[ServiceSpecificCredential]) -> Iterator[str]:
    """What to use in place of credentials: a sentence for each kind of service."""
    by_replacement: dict[str, list[str]] = {}
    for credential in credentials:
        by_replacement.setdefault(replacement(credential.service), []).append(
            credential.credential_id
        )
    for instead, ids in by_replacement.items():
        yield f"Use {instead} instead of {comma_and(ids)}."


def deactivation(user: str, credentials: Iterable[ServiceSpecificCredential]) -> str:
    """The commands that deactivate a user's credentials, to paste into a shell."""
    return " && ".join(
        credential_status_command(user, credential.credential_id, "Inactive")
        for credential in credentials
    )


def credential_status_command(user: str, credential_id: str, status: str) -> str:
    """The command that makes a user's service-specific credential ``Active`` or ``Inactive``."""
    return aws_command(
        "iam", "update-service-specific-credential", f"--user-name={user}",
        "--service-specific-credential-id", credential_id, "--status", status,
    )  # fmt: skip


def _expiry(credential: ServiceSpecificCredential, now: datetime) -> str:
    if credential.expires is None:
        return "never expires"
    left = (credential.expires - now).days
    return f"expires {credential.expires:%Y-%m-%d}, in {days(left) if left else 'less than a day'}"
