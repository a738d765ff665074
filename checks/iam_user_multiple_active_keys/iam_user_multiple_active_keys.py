"""The check: Prowler finds this module by its name and calls ``execute``."""

from __future__ import annotations

import sys
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from prowler.lib.check.models import Check, Check_Report_AWS
from prowler.lib.logger import logger
from prowler.providers.common.provider import Provider

from .lib.access_keys import ROOT_USER_NAME, AccountReading, ActiveKeys, Unreadable
from .lib.checks_folder import remove_copy_at_exit
from .lib.reader import read_account
from .lib.verdict import Verdict, judge_failure, judge_gap, judge_root, judge_user

remove_copy_at_exit(Path(__file__).parent, sys.argv)


class iam_user_multiple_active_keys(Check):
    """An IAM user has at most one active access key.

    One finding for each IAM user and one for the root user: FAIL with two or more active access
    keys, PASS with one or none, MANUAL where AWS did not say. One MANUAL finding for the account
    if there may be users that could not be listed.
    """

    def execute(self) -> list[Check_Report_AWS]:
        """Read the account and judge what was read. Never raises.

        Prowler takes a check that raises for one that found nothing, so what goes wrong here
        becomes a finding.
        """
        provider = Provider.get_global_provider()
        try:
            return self._findings(provider, read_account(provider, self.CheckID))
        except Exception as error:
            logger.error(f"{self.CheckID} -- {type(error).__name__}: {error}", exc_info=True)
            verdict = judge_failure(provider.identity.account, type(error).__name__)
            return [self._account_finding(provider, verdict)]

    def _findings(self, provider: Any, reading: AccountReading) -> list[Check_Report_AWS]:
        findings = []
        if reading.gap:
            verdict = judge_gap(reading.gap, provider.identity.account)
            findings.append(self._account_finding(provider, verdict))
        if reading.root:
            verdict = judge_root(reading.root, datetime.now(timezone.utc))
            resource = _resource(ROOT_USER_NAME, reading.root.arn, reading.root.active)
            findings.append(self._finding(verdict, resource, reading.region))
        for record in reading.users:
            user = record.user
            resource = _resource(user.name, user.arn, record.active)
            tags = [] if isinstance(user.tags, Unreadable) else list(user.tags)
            findings.append(self._finding(judge_user(record), resource, reading.region, tags))
        return findings

    def _account_finding(self, provider: Any, verdict: Verdict) -> Check_Report_AWS:
        resource = {"name": provider.identity.account, "arn": provider.identity.account_arn}
        return self._finding(verdict, resource, provider.get_default_region("iam"))

    def _finding(
        self,
        verdict: Verdict,
        resource: dict[str, Any],
        region: str,
        tags: list[Any] | None = None,
    ) -> Check_Report_AWS:
        report = Check_Report_AWS(metadata=self.metadata(), resource=resource)
        report.resource_id = resource["name"]
        report.resource_arn = resource["arn"]
        report.resource_tags = tags or []
        report.region = region
        report.status = verdict.status
        report.status_extended = verdict.sentence
        return report


def _resource(name: str, arn: str, active: ActiveKeys | Unreadable) -> dict[str, Any]:
    """What a machine may want to read of a finding: Prowler's resource metadata, OCSF's data."""
    resource: dict[str, Any] = {"name": name, "arn": arn}
    if isinstance(active, ActiveKeys):
        resource["active_access_keys"] = active.count
        resource["access_keys"] = [
            {"access_key_id": key.access_key_id, "create_date": key.create_date.isoformat()}
            for key in active.keys
        ]
    return resource
