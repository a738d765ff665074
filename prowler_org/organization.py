"""The accounts of an AWS organization: which there are, and which of them to scan.

https://docs.aws.amazon.com/organizations/latest/APIReference/API_ListAccounts.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from .options import Selection
from .printing import printable
from .refusal import Refused

ATTEMPTS = 10
"""How often a call is tried. Organizations allows few calls a second, shared by all who ask."""
ACTIVE = "ACTIVE"


@dataclass(frozen=True)
class Account:
    """An account of the organization."""

    id: str
    name: str


@dataclass(frozen=True)
class Listed:
    """An account as Organizations lists it."""

    account: Account
    state: str
    """``ACTIVE``, or why there is nothing to scan: ``SUSPENDED``, ``PENDING_CLOSURE``, …"""


@dataclass(frozen=True)
class Skipped:
    """An account that is not to be scanned, and why."""

    account: Account
    reason: str


@dataclass(frozen=True)
class Roster:
    """Who is to be scanned, and who is not."""

    organization: str
    partition: str
    accounts: tuple[Account, ...]
    skipped: tuple[Skipped, ...]


def read_roster(
    selection: Selection, profile: str | None, organizations_role: str | None
) -> Roster:
    """List the organization's accounts and choose among them.

    ``profile`` is one of the AWS configuration's, ``organizations_role`` the ARN of a role to
    assume first. Raises Refused for no organization, no permission, and unknown accounts or units.
    """
    try:
        client = _client(profile, organizations_role)
        organization = client.describe_organization()["Organization"]
        # Units before accounts: one that joins meanwhile is among the accounts then.
        below = [set(_accounts_below(client, unit)) for unit in selection.units]
        in_units = set().union(*below) if below else None
        listed = {one.account.id: one for one in _accounts(client)}
    except ClientError as error:
        raise Refused(_sentence(error)) from error
    except BotoCoreError as error:
        raise Refused(f"The organization's accounts could not be listed: {error}") from error
    accounts, skipped = choose(listed, in_units, selection, organization["MasterAccountId"])
    return Roster(organization["Id"], organization["Arn"].split(":")[1], accounts, skipped)


def choose(
    listed: Mapping[str, Listed],
    in_units: set[str] | None,
    selection: Selection,
    management_account: str,
) -> tuple[tuple[Account, ...], tuple[Skipped, ...]]:
    """The accounts to scan, by ID, and those that the selection names and that are not scanned.

    ``in_units`` are the accounts in the selected units, None where none was selected. Raises
    Refused where the selection names what the organization does not have, or selects nothing.
    """
    unknown = sorted({*selection.accounts, *selection.exclude} - listed.keys())
    if unknown:
        raise Refused(f"The organization has no account {', '.join(unknown)}.")
    wanted = set(selection.accounts) or (set(listed) if in_units is None else in_units)
    wanted &= listed.keys()
    accounts, skipped = [], []
    for one in (listed[account] for account in sorted(wanted)):
        if in_units is not None and one.account.id not in in_units:
            reason = "in none of the units that --ou names"
        else:
            reason = _reason_to_skip(one, selection, management_account)
        if reason:
            skipped.append(Skipped(one.account, reason))
        else:
            accounts.append(one.account)
    if not accounts:
        raise Refused("\n".join(["No account is left to scan.", *describe_skipped(skipped)]))
    return tuple(accounts), tuple(skipped)


def _reason_to_skip(one: Listed, selection: Selection, management_account: str) -> str:
    if one.account.id in selection.exclude:
        return "excluded"
    asked_for = selection.include_management or one.account.id in selection.accounts
    if one.account.id == management_account and not asked_for:
        return "the management account, see --include-management"
    if one.state != ACTIVE:
        return f"not active but {one.state}"
    return ""


def describe_skipped(skipped: Iterable[Skipped]) -> list[str]:
    """A line for each account that is not scanned, safe to print."""
    return [printable(f"  {one.account.id}  {one.account.name}: {one.reason}") for one in skipped]


def _client(profile: str | None, organizations_role: str | None) -> Any:
    config = Config(retries={"mode": "adaptive", "total_max_attempts": ATTEMPTS})
    session = boto3.Session(profile_name=profile)
    if organizations_role:
        credentials = session.client("sts", config=config).assume_role(
            RoleArn=organizations_role, RoleSessionName="prowler-org"
        )["Credentials"]
        session = boto3.Session(
            aws_access_key_id=credentials["AccessKeyId"],
            aws_secret_access_key=credentials["SecretAccessKey"],
            aws_session_token=credentials["SessionToken"],
            region_name=session.region_name,
        )
    return session.client("organizations", config=config)


def _accounts(client: Any) -> Iterator[Listed]:
    for page in client.get_paginator("list_accounts").paginate():
        for account in page["Accounts"]:
            # State replaces Status, which AWS ends in September 2026.
            state = account.get("State") or account["Status"]
            yield Listed(Account(account["Id"], account.get("Name", "")), state)


def _accounts_below(client: Any, unit: str) -> Iterator[str]:
    """The IDs of the accounts in a unit and in all units below it."""
    for page in client.get_paginator("list_accounts_for_parent").paginate(ParentId=unit):
        yield from (account["Id"] for account in page["Accounts"])
    pages = client.get_paginator("list_organizational_units_for_parent").paginate(ParentId=unit)
    for page in pages:
        for below in page["OrganizationalUnits"]:
            yield from _accounts_below(client, below["Id"])


def _sentence(error: ClientError) -> str:
    code = error.response["Error"]["Code"]
    if code == "AWSOrganizationsNotInUseException":
        return "This account is in no organization: scan it with `prowler aws`."
    if code == "ParentNotFoundException":
        return "The organization has no such organizational unit: look at what --ou names."
    call = f"{error.operation_name} failed with {code}"
    if code.startswith("AccessDenied"):
        return (
            f"The organization's accounts may not be listed with these credentials ({call}). Use "
            "those of the management account or of a delegated administrator, or name a role "
            "there with --organizations-role; metadata/permissions/ has its policy."
        )
    return f"The organization's accounts could not be listed: {call}."
