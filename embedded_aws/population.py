"""Who is in the embedded AWS: users and what they have, set up without a call for each."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from typing import Any

from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.iam.models import (
    AccessKey,
    AccessKeyLastUsed,
    AWSManagedPolicy,
    Group,
    IAMBackend,
    User,
    iam_backends,
)
from moto.iam.utils import random_resource_id
from moto.utilities.utils import get_partition


class Population:
    """Users, groups, and policies of all accounts."""

    def __init__(self, region: str) -> None:
        self.region = region
        self.service_specific_credentials: dict[str, list[dict[str, Any]]] = {}
        """By the user's name, as AWS lists them; moto has none."""

    @property
    def partition(self) -> str:
        """The partition of the region: ``aws``, ``aws-cn``, or ``aws-us-gov``."""
        return get_partition(self.region)

    def iam(self, account: str = DEFAULT_ACCOUNT_ID) -> IAMBackend:
        """What moto knows of an account's IAM, to set up users without a call for each."""
        return iam_backends[account][self.partition]

    def add_user(
        self,
        name: str,
        path: str = "/",
        tags: Mapping[str, str] | None = None,
        account: str = DEFAULT_ACCOUNT_ID,
    ) -> User:
        """Make an IAM user without an access key."""
        iam = self.iam(account)
        listed = [{"Key": key, "Value": value} for key, value in (tags or {}).items()]
        return iam.create_user(self.region, name, path, listed)

    @staticmethod
    def add_key(
        user: User,
        *,
        active: bool = True,
        created: datetime | None = None,
        last_used: datetime | None = None,
        service: str = "s3",
        region: str = "us-east-1",
    ) -> AccessKey:
        """Give a user an access key; times are UTC."""
        backend = iam_backends[user.account_id][user.arn.split(":")[1]]
        key = backend.create_access_key(user.name, status="Active" if active else "Inactive")
        key.create_date = created or datetime.now(timezone.utc)
        if last_used:
            key.last_used = AccessKeyLastUsed(last_used, service, region)
        return key

    def add_group(self, name: str, *members: User) -> Group:
        """Make a group of these users."""
        iam = self.iam()
        group = iam.create_group(name)
        group.users.extend(members)
        return group

    def attach(self, entity: User | Group, policy: str) -> None:
        """Attach a managed policy to a user or a group: one of AWS's by name, else by its ARN.

        moto loads AWS's policies on demand only, all 1,500; what one allows is left out.
        """
        iam = self.iam(entity.account_id)
        if policy.startswith("arn:"):
            iam.managed_policies[policy].attach_to(entity)
            return
        document = '{"Version": "2012-10-17", "Statement": []}'
        attached = AWSManagedPolicy(  # type: ignore[abstract]
            policy, entity.account_id, self.region, document=document
        )
        iam.managed_policies.setdefault(attached.arn, attached).attach_to(entity)

    def add_customer_policy(
        self, name: str, document: Mapping[str, Any], older_versions: Sequence[Any] = ()
    ) -> str:
        """Make a managed policy of the account with this default version. Returns its ARN."""
        iam = self.iam()
        first, *others = map(json.dumps, (*older_versions, document))
        arn = iam.create_policy("", "/", first, name, []).arn
        for version in others:
            iam.create_policy_version(arn, version, True)
        return arn

    @staticmethod
    def add_inline_policy(entity: User | Group, name: str, document: Mapping[str, Any]) -> None:
        """Give a user or a group an inline policy."""
        entity.policies[name] = json.dumps(document)

    @staticmethod
    def set_boundary(user: User, arn: str) -> None:
        """Set a user's permissions boundary, as IAM answers it; moto's users have none."""
        boundary = {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": arn}
        user.permissions_boundary = boundary  # type: ignore[attr-defined]

    @staticmethod
    def add_password(user: User) -> None:
        """Give a user a console password."""
        user.password = "a password"  # noqa: S105

    def add_service_specific_credential(
        self,
        user: User,
        service: str,
        *,
        created: datetime,
        expires: datetime | None = None,
        active: bool = True,
    ) -> str:
        """Give a user a service-specific credential; times are UTC. Returns its ID."""
        held = self.service_specific_credentials.setdefault(user.name, [])
        credential: dict[str, Any] = {
            "UserName": user.name,
            "Status": "Active" if active else "Inactive",
            "CreateDate": created,
            "ServiceSpecificCredentialId": f"ACCA{random_resource_id(16)}",
            "ServiceName": service,
        }
        if expires:
            credential["ExpirationDate"] = expires
        held.append(credential)
        return str(credential["ServiceSpecificCredentialId"])

    def rename_user(self, old: str, new: str) -> None:
        """Give a user another name."""
        self.iam().update_user(old, new_user_name=new)
        for credential in self.service_specific_credentials.get(old, ()):
            credential["UserName"] = new
        self.service_specific_credentials[new] = self.service_specific_credentials.pop(old, [])
