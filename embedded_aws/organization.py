"""An AWS organization in the embedded AWS. The default account is the management account."""

from __future__ import annotations

from collections.abc import Mapping

from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.organizations.models import organizations_backends

from .aws import EmbeddedAWS


class EmbeddedOrganization:
    """The organization of an embedded AWS that has been entered."""

    management_account = DEFAULT_ACCOUNT_ID

    def __init__(self, aws: EmbeddedAWS) -> None:
        self._aws = aws
        self._client = aws.client("organizations")
        self.id: str = self._client.create_organization(FeatureSet="ALL")["Organization"]["Id"]
        self.root: str = self._client.list_roots()["Roots"][0]["Id"]

    def add_unit(self, name: str, parent: str = "") -> str:
        """Make an organizational unit in ``parent``, by default in the root. Returns its ID."""
        unit = self._client.create_organizational_unit(ParentId=parent or self.root, Name=name)
        identifier: str = unit["OrganizationalUnit"]["Id"]
        return identifier

    def add_account(
        self,
        name: str,
        unit: str = "",
        state: str = "ACTIVE",
        tags: Mapping[str, str] | None = None,
    ) -> str:
        """Make an account in ``unit``, by default in the root. Returns its ID."""
        listed = [{"Key": key, "Value": value} for key, value in (tags or {}).items()]
        status = self._client.create_account(
            AccountName=name, Email=f"{name}@example.com", Tags=listed
        )
        identifier: str = status["CreateAccountStatus"]["AccountId"]
        backend = organizations_backends[DEFAULT_ACCOUNT_ID][self._aws.partition]
        account = backend.get_account_by_id(identifier)
        account.parent_id = unit or self.root
        account.status = account.state = state
        return identifier

    def remove_account(self, account: str) -> None:
        """Have an account leave the organization."""
        self._client.remove_account_from_organization(AccountId=account)

    def add_keys(self, account: str, user: str, keys: int) -> None:
        """Make an IAM user with so many active access keys in an account."""
        made = self._aws.add_user(user, account=account)
        for _ in range(keys):
            self._aws.add_key(made)
