"""The accounts of an AWS organization: list them, and choose those to scan.

https://docs.aws.amazon.com/organizations/latest/APIReference/API_ListAccounts.html
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from prowler_access_keys.ranking.outputs.printing import printable

from ..errors import StartError
from ..options import Selection
from .organizational_units import accounts_below, unit_ids

ATTEMPTS = 10
"""How often to try a call. Organizations allows few calls a second, shared by all callers."""
CONFIG = Config(retries={"mode": "adaptive", "total_max_attempts": ATTEMPTS})
ACTIVE = "ACTIVE"
EXCLUDED = "excluded"


@dataclass(frozen=True)
class Account:
    """An account of the organization."""

    id: str
    name: str


@dataclass(frozen=True)
class SkippedAccount:
    """An account that is not scanned, and why."""

    account: Account
    reason: str

    @property
    def by_name(self) -> bool:
        """Whether --exclude names it."""
        return self.reason == EXCLUDED

    def __str__(self) -> str:
        """A line for this account that is safe to print."""
        return printable(f"  {self.account.id}  {self.account.name}: {self.reason}")


@dataclass(frozen=True)
class AccountList:
    """The accounts to scan, and the accounts to skip."""

    organization: str
    partition: str
    accounts: tuple[Account, ...]
    skipped: tuple[SkippedAccount, ...]
    members: frozenset[str] | None = None
    """The IDs of all accounts of the organization."""
    management_account: str = ""
    """Its ID."""

    def without_scanned(self, results: Collection[str]) -> AccountList:
        """The same for a run that has results of these accounts already.

        An account that has been suspended since is not skipped: it was scanned.
        """
        skipped = tuple(skip for skip in self.skipped if skip.account.id not in results)
        return replace(self, skipped=skipped)


def list_accounts(
    selection: Selection, session: Any, organizations_role: str | None
) -> AccountList:
    """List the organization's accounts and choose among them.

    ``session`` is a boto3 session, ``organizations_role`` the ARN of a role to assume first. Raises
    StartError if there is no organization, if a permission is missing, and for unknown accounts or
    units.
    """
    try:
        client = with_role(session, organizations_role).client("organizations", config=CONFIG)
        organization = client.describe_organization()["Organization"]
        # Units before accounts: an account that joins in between is then among the accounts.
        units = unit_ids(client, selection.units)
        below = [set(accounts_below(client, unit)) for unit in units]
        in_units = set().union(*below) if below else None
        states = dict(_list_states(client))
        accounts, skipped = choose(
            states,
            in_units,
            selection,
            organization["MasterAccountId"],
            lambda account: _tags(client, account),
        )
    except ClientError as error:
        raise StartError(_sentence(error)) from error
    except BotoCoreError as error:
        raise StartError(f"prowler-org could not list the accounts: {error}") from error
    partition = organization["Arn"].split(":")[1]
    return AccountList(
        organization["Id"], partition, accounts, skipped,
        frozenset(account.id for account in states), organization["MasterAccountId"],
    )  # fmt: skip


def choose(
    states: Mapping[Account, str],
    in_units: set[str] | None,
    selection: Selection,
    management_account: str,
    tags_of: Callable[[str], set[str]],
) -> tuple[tuple[Account, ...], tuple[SkippedAccount, ...]]:
    """The accounts to scan, and the selected accounts to skip, both by ID.

    ``states`` are those of all accounts: ``ACTIVE``, or one in which none can be scanned:
    ``SUSPENDED``, ``CLOSED``, …
    ``in_units`` are the accounts in the selected units, or None if no unit was selected.
    ``tags_of`` is asked only about accounts that would be scanned otherwise. Raises StartError if
    the selection names an unknown account, or selects nothing.
    """
    ids = {account.id for account in states}
    unknown = sorted({*selection.accounts, *selection.exclude} - ids)
    if unknown:
        raise StartError(f"The organization has no account {', '.join(unknown)}.")
    wanted = set(selection.accounts) or (ids if in_units is None else in_units)
    accounts, skipped = [], []
    for account in sorted(states, key=lambda account: account.id):
        if account.id not in wanted:
            continue
        if in_units is not None and account.id not in in_units:
            reason = "not in the units that --ou names"
        else:
            reason = _reason_to_skip(account.id, states[account], selection, management_account)
        if not reason and selection.tags and not _has(tags_of(account.id), selection.tags):
            if account.id not in selection.accounts:
                continue  # not chosen, as an account outside --ou
            reason = "without the tags that --account-tag names"
        if reason:
            skipped.append(SkippedAccount(account, reason))
        else:
            accounts.append(account)
    if not accounts:
        raise StartError("\n".join(["There is no account to scan.", *map(str, skipped)]))
    return tuple(accounts), tuple(skipped)


def _has(tags: set[str], wanted: Iterable[str]) -> bool:
    """Whether there is one of the wanted values for each of the wanted keys."""
    keys = {tag.partition("=")[0] for tag in wanted}
    return keys <= {tag.partition("=")[0] for tag in tags.intersection(wanted)}


def _reason_to_skip(account: str, state: str, selection: Selection, management_account: str) -> str:
    """Why not to scan an account in the selected units. Empty if nothing speaks against it."""
    if account in selection.exclude:
        return EXCLUDED
    asked_for = selection.include_management or account in selection.accounts
    if account == management_account and not asked_for:
        return "the management account; --include-management adds it"
    return "" if state == ACTIVE else f"its state is {state}"


def with_role(session: Any, organizations_role: str | None) -> Any:
    """A boto3 session with this role, or else the same. Raises ClientError, BotoCoreError."""
    if not organizations_role:
        return session
    credentials = session.client("sts", config=CONFIG).assume_role(
        RoleArn=organizations_role, RoleSessionName="prowler-org"
    )["Credentials"]
    return boto3.Session(
        aws_access_key_id=credentials["AccessKeyId"],
        aws_secret_access_key=credentials["SecretAccessKey"],
        aws_session_token=credentials["SessionToken"],
        region_name=session.region_name,
    )


def _list_states(client: Any) -> Iterator[tuple[Account, str]]:
    """All accounts, each with its state."""
    for page in client.get_paginator("list_accounts").paginate():
        for account in page["Accounts"]:
            # State replaces Status, which AWS ends in September 2026.
            state = account.get("State") or account["Status"]
            yield Account(account["Id"], account.get("Name", "")), state


def _tags(client: Any, account: str) -> set[str]:
    """An account's tags, each as ``key=value``."""
    pages = client.get_paginator("list_tags_for_resource").paginate(ResourceId=account)
    return {f"{tag['Key']}={tag['Value']}" for page in pages for tag in page["Tags"]}


def _sentence(error: ClientError) -> str:
    code = error.response["Error"]["Code"]
    if code == "AWSOrganizationsNotInUseException":
        return "This account does not belong to an organization: scan it with `prowler aws`."
    if code == "ParentNotFoundException":
        return "The organization does not have an organizational unit that --ou names."
    call = f"{error.operation_name} failed with {code}"
    if code.startswith("AccessDenied"):
        return (
            f"These credentials may not list the organization's accounts ({call}). Use credentials "
            "of the management account or of a delegated administrator, or name a role there with "
            "--organizations-role. The policy that it needs is in metadata/permissions/."
        )
    return f"prowler-org could not list the accounts: {call}."
