"""Scan AWS accounts from a program, one after the other: python library_scan.py ROLE_ARN …

Prints the findings that fail, and ends with 3 if there are any.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.metadata import distribution

from prowler.lib.outputs.finding import Finding
from prowler.lib.scan.scan import Scan
from prowler.providers.aws.aws_provider import AwsProvider

PLUG_IN = distribution("prowler-access-keys")
CHECKS = sorted(PLUG_IN.entry_points.select(group="prowler.checks.aws").names)
SOMETHING_FAILED = 3


def scan(role_arn: str) -> list[Finding]:
    """All findings of the account that the role is in."""
    provider = AwsProvider(role_arn=role_arn)  # from now on, the checks use this one
    run = Scan(provider, checks=CHECKS)
    findings = [finding for _, found in run.scan() for finding in found]
    # Scan only logs a check that it cannot load, which then looks as if it had found nothing.
    missing = set(CHECKS) - run.get_completed_checks()
    if missing:
        raise RuntimeError(f"These checks did not run: {', '.join(sorted(missing))}.")
    return findings


def main(role_arns: Sequence[str]) -> int:
    """Scan the accounts of these roles, and print what fails. Returns the exit code."""
    failed = [
        finding
        for role_arn in role_arns
        for finding in scan(role_arn)
        if finding.status == "FAIL" and not finding.muted
    ]
    for finding in failed:
        print(f"{finding.account_uid} {finding.metadata.CheckID}: {finding.status_extended}")
    return SOMETHING_FAILED if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
