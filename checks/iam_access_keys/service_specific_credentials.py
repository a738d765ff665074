"""What service-specific credentials are, and how to word them. Pure.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_api_keys_for_aws_services.html
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from .facts import ServiceSpecificCredential
from .wording import days, when

_WITH_USER_NAME = frozenset({"codecommit.amazonaws.com", "cassandra.amazonaws.com"})
"""Services for which the credential is a user name and a password, not an API key."""


def is_usable(credential: ServiceSpecificCredential, now: datetime) -> bool:
    """Whether it is active and has not expired at ``now`` (UTC)."""
    return credential.active and (credential.expires is None or credential.expires > now)


def is_api_key(credential: ServiceSpecificCredential) -> bool:
    """Whether it is an API key. That of a service that is not known here counts as one."""
    return credential.service.casefold() not in _WITH_USER_NAME


def is_allowed(credential: ServiceSpecificCredential, services: Collection[str]) -> bool:
    """Whether it belongs to one of these services; case does not matter."""
    return credential.service.casefold() in {service.strip().casefold() for service in services}


def described(credential: ServiceSpecificCredential, now: datetime) -> str:
    """A credential with its service, age, and expiry; ``now`` is UTC."""
    kind = "API key" if is_api_key(credential) else "user name and password"
    return (
        f"{credential.credential_id} ({kind} for {credential.service}; created "
        f"{when(credential.create_date, now)}; {_expiry(credential, now)})"
    )


def _expiry(credential: ServiceSpecificCredential, now: datetime) -> str:
    if credential.expires is None:
        return "never expires"
    left = (credential.expires - now).days
    return f"expires {credential.expires:%Y-%m-%d}, in {days(left) if left else 'less than a day'}"


def as_data(credential: ServiceSpecificCredential, now: datetime) -> dict[str, Any]:
    """A credential as plain JSON, dates in ISO 8601 and UTC."""
    data = {
        "service_specific_credential_id": credential.credential_id,
        "service_name": credential.service,
        "create_date": credential.create_date.isoformat(),
        "age_days": max(0, (now - credential.create_date).days),
    }
    if credential.expires:
        data["expiration_date"] = credential.expires.isoformat()
    return data
