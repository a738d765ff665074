"""The check: Prowler finds this module by its name and calls ``execute``."""

from __future__ import annotations

import sys
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from prowler.lib.check.models import Check, Check_Report_AWS
from prowler.lib.logger import logger
from prowler.providers.common.provider import Provider

from . import iam_user_multiple_active_keys_fixer as fixer_module
from .lib import settings, verdict
from .lib.access_keys import ROOT_USER_NAME, AccountReading, Unreadable
from .lib.checks_folder import remove_copy_at_exit
from .lib.fixable import remember
from .lib.reader import read_account
from .lib.resource import describe
from .lib.settings import Settings
from .lib.verdict import Verdict

# Prowler looks for a fixer among its own modules, wherever it found the check (run_fixer in
# prowler/lib/check/check.py). Can go when it looks where the check is.
sys.modules.setdefault(
    "prowler.providers.aws.services.iam.iam_user_multiple_active_keys"
    ".iam_user_multiple_active_keys_fixer",
    fixer_module,
)
remove_copy_at_exit(Path(__file__).parent, sys.argv)


class iam_user_multiple_active_keys(Check):
    """An IAM user has at most one active access key.

    One finding for each IAM user and one for the root user: FAIL with two or more active access
    keys, PASS with one or none, MANUAL where AWS did not say how many. One MANUAL finding for the
    account if there may be users that could not be listed.
    """

    def execute(self) -> list[Check_Report_AWS]:
        """Read the account and judge what was read. Never raises.

        Prowler takes a check that raises for one that found nothing, so what goes wrong here
        becomes a finding.
        """
        provider = Provider.get_global_provider()
        now = datetime.now(timezone.utc)
        try:
            chosen, errors = settings.parse(provider.audit_config)
            for error in errors:
                logger.error(error)
            reading = read_account(
                provider, self.CheckID, lambda active: verdict.fails(active, chosen, now)
            )
            return self._findings(provider, reading, chosen, now)
        except KeyboardInterrupt:  # Prowler's progress bar would swallow it
            interruption = verdict.judge_interruption(provider.identity.account)
            return [self._account_finding(provider, interruption)]
        except Exception as error:
            logger.error(f"{self.CheckID} -- {type(error).__name__}: {error}", exc_info=True)
            failure = verdict.judge_failure(provider.identity.account, type(error).__name__)
            return [self._account_finding(provider, failure)]

    def _findings(
        self, provider: Any, reading: AccountReading, chosen: Settings, now: datetime
    ) -> list[Check_Report_AWS]:
        findings = []
        if reading.gap:
            gap = verdict.judge_gap(reading.gap, provider.identity.account)
            findings.append(self._account_finding(provider, gap))
        if reading.root:
            root = verdict.judge_root(reading.root)
            resource = describe(ROOT_USER_NAME, reading.root.arn, reading.root.active, root, now)
            findings.append(self._finding(root, resource, reading.region))
        by_user = []
        for record in reading.users:
            user = record.user
            judged = verdict.judge_user(record, chosen, now)
            resource = describe(user.name, user.arn, record.active, judged, now)
            tags = [] if isinstance(user.tags, Unreadable) else list(user.tags)
            by_user.append(self._finding(judged, resource, reading.region, tags))
        remember(zip(reading.users, by_user, strict=True))
        return [*findings, *by_user]

    def _account_finding(self, provider: Any, judged: Verdict) -> Check_Report_AWS:
        resource = {"name": provider.identity.account, "arn": provider.identity.account_arn}
        return self._finding(judged, resource, provider.get_default_region("iam"))

    def _finding(
        self,
        judged: Verdict,
        resource: dict[str, Any],
        region: str,
        tags: list[Any] | None = None,
    ) -> Check_Report_AWS:
        report = Check_Report_AWS(metadata=self.metadata(), resource=resource)
        report.resource_id = resource["name"]
        report.resource_arn = resource["arn"]
        report.resource_tags = tags or []
        report.region = region
        report.status = judged.status
        report.status_extended = judged.sentence
        return report
