"""The keys that a finding fails for. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from prowler_access_keys.services.iam.iam_access_keys.exceptions.acceptance import QUARANTINED
from prowler_access_keys.services.iam.iam_access_keys.facts import ROOT_USER_NAME
from prowler_access_keys.services.iam.iam_access_keys.finding_data import CredentialData

from .check_names import SECOND_KEY, SINGLE_SERVICE
from .reports import Finding


def names_a_key(finding: Finding) -> bool:
    """Whether the finding fails, and says for which keys; the root user's may have no IDs."""
    return finding.status == "FAIL" and bool(credentials_of(finding))


def credentials_of(finding: Finding) -> tuple[str, ...]:
    """The IDs of the access keys and API keys that a finding fails for.

    Its ARN stands for the root user's keys, which may have no IDs.
    """
    if finding.unusable:
        return ()
    if finding.user == ROOT_USER_NAME:
        return () if finding.data.unreadable else (finding.arn,)
    if finding.status != "FAIL":
        return ()
    api_keys = (
        credential.service_specific_credential_id for credential in failing_api_keys(finding)
    )
    return (*failing_keys(finding), *api_keys)


def listed_root_keys(finding: Finding) -> Sequence[str]:
    """The IDs of the root user's keys, if a session of it listed them."""
    is_listed = finding.data.root_session_date and not finding.unusable
    return failing_keys(finding) if finding.user == ROOT_USER_NAME and is_listed else ()


def failing_keys(finding: Finding) -> Sequence[str]:
    """The keys that the check fails for: for a second key, not the one that may stay."""
    data = finding.data
    if data.failing_access_keys is not None:
        return data.failing_access_keys
    listed = [key.access_key_id for key in data.access_keys]
    keep = data.advice.keep if data.advice and finding.check == SECOND_KEY else ""
    return [key_id for key_id in listed if key_id != keep] or listed


def failing_api_keys(finding: Finding) -> list[CredentialData]:
    """The API keys, and passwords for a single service, that the check fails for."""
    if finding.check not in (SINGLE_SERVICE, QUARANTINED):
        return []
    failing = finding.data.failing_service_specific_credentials
    return [
        credential
        for credential in finding.data.service_specific_credentials
        if failing is None or credential.service_specific_credential_id in failing
    ]
