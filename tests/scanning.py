"""Running the check inside this process, on an embedded AWS: quick, and over real HTTP."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import copy, deepcopy
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any
from unittest import mock
from weakref import WeakKeyDictionary

import botocore.endpoint
import prowler.__main__  # noqa: F401 - what a run of Prowler's command has loaded
import pytest
from botocore.retries.adaptive import ClientRateLimiter
from prowler.lib.check.check import execute
from prowler.lib.outputs.finding import Finding
from prowler.providers.aws.aws_provider import AwsProvider
from prowler.providers.common.models import Audit_Metadata
from prowler.providers.common.provider import Provider

from embedded_aws.aws import EmbeddedAWS
from prowler_access_keys.services.iam.iam_access_keys.catalogue import our_checks
from prowler_access_keys.services.iam.iam_access_keys.finding_data import FindingData, from_json

CHECK = "iam_user_multiple_active_keys"
FAMILY = tuple(sorted(our_checks()))
"""All checks of this plug-in."""
ACCOUNT = "123456789012"
ROOT = "<root_account>"
ACCOUNT_NAME = "<account>"
"""The name of findings about the account itself."""
NEIGHBOR = "iam_user_accesskey_unused"
"""Another check of the IAM service: a run that has it loads Prowler's shared IAM client."""
both_sources = pytest.mark.parametrize("others", [(), (NEIGHBOR,)], ids=["alone", "beside"])
"""Has a test run the check alone, and beside another one that loads Prowler's shared IAM client."""
SOURCE_LINKS = (
    "https://docs.aws.amazon.com/general/latest/gr/aws-sec-cred-types.html",
    "https://docs.aws.amazon.com/general/latest/gr/aws-access-keys-best-practices.html",
    "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_access-keys.html"
    "#Using_CreateAccessKey",
)
"""The links of the document that the check comes from."""
SHARED_CLIENT = "prowler.providers.aws.services.iam.iam_client"
_CONNECTED: WeakKeyDictionary[EmbeddedAWS, AwsProvider] = WeakKeyDictionary()


PROOF = ("credential_report_date", "reading", "reported_access_keys", "user_id")
"""Data of findings that depends on how the account was read. So do the keys of a PASS."""


@dataclass(frozen=True)
class Found:
    """What a report of Prowler's says in one finding."""

    check: str
    uid: str
    status: str
    sentence: str
    name: str
    arn: str
    region: str
    partition: str
    tags: str
    resource: str
    """Its data as text, without what depends on how and when the account was read."""
    data: FindingData = field(compare=False)

    @classmethod
    def of(cls, finding: Finding) -> Found:
        return cls(
            finding.metadata.CheckID,
            finding.uid,
            finding.status.value,
            finding.status_extended,
            finding.resource_name,
            finding.resource_uid,
            finding.region,
            str(finding.partition),
            json.dumps(finding.resource_tags, sort_keys=True),
            json.dumps(
                {
                    name: value
                    for name, value in finding.resource_metadata.items()
                    if name not in PROOF
                    and not (name == "access_keys" and finding.status.value == "PASS")
                },
                sort_keys=True,
            ),
            from_json(finding.resource_metadata),
        )


@contextmanager
def environment_of(
    aws: EmbeddedAWS, credentials: Mapping[str, str] | None = None
) -> Iterator[None]:
    """Exchange the environment of this process for one that sees this AWS only.

    ``credentials`` are environment variables too.
    """
    environment = aws.environment() | dict(credentials or {})
    with mock.patch.dict("os.environ", environment, clear=True):
        yield


@contextmanager
def hurried() -> Iterator[None]:
    """As many attempts as ever, but botocore makes no pause between them."""
    with (
        mock.patch.object(botocore.endpoint, "time", SimpleNamespace(sleep=lambda seconds: None)),
        mock.patch.object(ClientRateLimiter, "on_sending_request", return_value=None),
    ):
        yield


@contextmanager
def provider_of(
    aws: EmbeddedAWS, credentials: Mapping[str, str] | None = None, **arguments: Any
) -> Iterator[AwsProvider]:
    """Prowler's own provider, connected to the embedded AWS.

    To connect takes as long as to scan: it does so once for an AWS, and gives a copy of its own to
    each who asks for the same.
    """
    with environment_of(aws, credentials):
        if credentials or arguments:
            provider = _connect(aws, **arguments)
        else:
            connected = _CONNECTED.get(aws)
            if connected is None:
                connected = _CONNECTED[aws] = _connect(aws)
            provider = copy(connected)
            provider._audit_config = deepcopy(connected._audit_config)
            provider._identity = deepcopy(connected._identity)
        Provider.set_global_provider(provider)
        yield provider


def _connect(aws: EmbeddedAWS, **arguments: Any) -> AwsProvider:
    # One region, as IAM is the same in all of them and each one costs a client.
    provider = AwsProvider(**{"regions": {aws.region}, **arguments})
    provider._mutelist = SimpleNamespace(mutelist={}, mutelist_file_path=None)
    return provider


def scan_account(aws: EmbeddedAWS, *other_checks: str, **arguments: Any) -> list[Found]:
    """Connect to the embedded AWS as Prowler does with these arguments, and scan it."""
    with provider_of(aws, **arguments) as provider:
        return scan(provider, *other_checks)


def scan(provider: AwsProvider, *other_checks: str) -> list[Found]:
    """Run the check as Prowler runs it. ``other_checks`` are further ones that the run has."""
    return scan_with(provider, (CHECK,), *other_checks)


def scan_with(provider: AwsProvider, checks: Sequence[str], *other_checks: str) -> list[Found]:
    """Run checks of this plug-in as Prowler runs them, in one run."""
    begin_run(provider, *checks, *other_checks)
    return [found for check in checks for found in run_check(provider, check)]


def begin_run(provider: AwsProvider, *checks: str, forget: bool = True) -> None:
    """What Prowler does before the first check of a run, in a process of its own.

    Without ``forget``, an earlier run of the same process leaves its shared IAM client behind.
    """
    if forget:
        sys.modules.pop(SHARED_CLIENT, None)
    Provider.set_global_provider(provider)
    provider.audit_metadata = Audit_Metadata(
        services_scanned=0, expected_checks=list(checks), completed_checks=0, audit_progress=0
    )


def load_shared_client() -> Any:
    """What another check of the IAM service does: make Prowler read all of IAM."""
    return importlib.import_module(SHARED_CLIENT).iam_client


def run_check(provider: AwsProvider, check_id: str = CHECK) -> list[Found]:
    """Run a check of this plug-in within a run that has begun."""
    return [Found.of(finding) for finding in findings_of(provider, check_id)]


def findings_of(
    provider: AwsProvider, check_id: str, custom_metadata: Mapping[str, Any] | None = None
) -> list[Finding]:
    """The same, as what Prowler's writers take; with a check's entry of a custom metadata file."""
    options = SimpleNamespace(unix_timestamp=False, bulk_checks_metadata={}, only_logs=True)
    module = f"prowler_access_keys.services.iam.{check_id}.{check_id}"
    check = getattr(importlib.import_module(module), check_id)()
    custom = custom_metadata and {"Checks": {check_id: custom_metadata}}
    reports = execute(check, provider, custom, options)
    return [Finding.generate_output(provider, report, options) for report in reports]


def by_name(found: Iterable[Found]) -> dict[str, Found]:
    """The findings by resource name; names are unique in an account."""
    findings = list(found)
    named = {finding.name: finding for finding in findings}
    assert len(named) == len(findings)
    return named


def statuses(found: Iterable[Found]) -> dict[str, str]:
    """Status by resource name."""
    return {name: finding.status for name, finding in by_name(found).items()}
