"""What all checks of user access keys have in common: from Prowler's call to its reports."""

from __future__ import annotations

import sys
from abc import abstractmethod
from collections.abc import Iterator
from datetime import datetime, timezone
from typing import Any

from prowler.lib.check.models import Check, Check_Report_AWS
from prowler.lib.logger import logger
from prowler.providers.common.provider import Provider

from . import finding, reading
from .command_line import settings_of
from .facts import ROOT_USER_NAME, RootAccessKeys, Unreadable, User
from .finding import Verdict
from .prowler_workarounds import remove_copies_at_exit
from .reading import AccountReading
from .remembered import remember
from .settings import Settings
from .user_facts import UnreadableError, UserFacts

remove_copies_at_exit(sys.argv)


class AccessKeyCheck(Check):
    """A check with one finding for each IAM user, and perhaps one for the root user.

    A subclass says which users fail, and what its findings say. This class has read what that
    needs, turns what could not be read into MANUAL (FAIL, if ``unreadable_access_keys_fail`` says
    so), and adds findings about the account: users that could not be listed, ARNs that name no
    user. No attribute may be annotated: Prowler's ``Check`` is a pydantic model.
    """

    @abstractmethod
    def judge(self, facts: UserFacts, settings: Settings, now: datetime) -> Verdict:
        """The verdict on a user; ``now`` is UTC.

        Asks ``facts`` in the order in which they decide: what is not asked is not read. A fact
        that could not be read, and that the subclass does not catch, makes the verdict MANUAL.
        """

    def judge_root(self, root: RootAccessKeys) -> Verdict | None:
        """The verdict on the root user; None, the default, if the check leaves it out."""
        return None

    def execute(self) -> list[Check_Report_AWS]:
        """Read the account and judge what was read. Never raises.

        Prowler takes a check that raises for one that found nothing, so what goes wrong here
        becomes a finding.
        """
        provider = Provider.get_global_provider()
        now = datetime.now(timezone.utc)
        settings = Settings()
        try:
            settings, problems = settings_of(provider)
            for problem in problems:
                logger.critical(problem)  # the one level that Prowler shows by default
            account = reading.of_run(provider)
            about_account = self._about_account(provider, account, settings, now)
            return [*about_account, *self._about_users(account, settings, now)]
        except KeyboardInterrupt:  # Prowler's progress bar would swallow it
            verdict = finding.interruption(provider.identity.account)
        except Exception as error:
            logger.error(f"{self.CheckID} -- {type(error).__name__}: {error}", exc_info=True)
            verdict = finding.crash(provider.identity.account, type(error).__name__)
        return [self._account_report(provider, verdict, settings)]

    def _about_account(
        self, provider: Any, account: AccountReading, settings: Settings, now: datetime
    ) -> Iterator[Check_Report_AWS]:
        number = provider.identity.account
        if account.gap:
            yield self._account_report(
                provider, finding.unlisted_users(account.gap, number), settings
            )
        if account.looks_at_nothing:
            yield self._account_report(provider, finding.nothing_to_look_at(number), settings)
        for one in account.unmatched:
            verdict = finding.unmatched_arn(one, number)
            resource = {"name": one.arn, "arn": one.arn}
            yield self._report(verdict, resource, account.region, settings)
        verdict_on_root = self.judge_root(account.root) if account.root else None
        if account.root and verdict_on_root:
            resource = finding.describe(ROOT_USER_NAME, account.root.arn, verdict_on_root, now)
            yield self._report(verdict_on_root, resource, account.region, settings)

    def _about_users(
        self, account: AccountReading, settings: Settings, now: datetime
    ) -> list[Check_Report_AWS]:
        def judge(facts: UserFacts) -> Verdict:
            try:
                verdict = self.judge(facts, settings, now)
            except UnreadableError as error:
                verdict = finding.unreadable_keys(facts.user, error.failure)
            return finding.with_unread_tags(verdict, facts.user)

        verdicts = account.answers.settle(account.users, judge)
        findings = [
            (
                facts.user,
                verdicts[facts],
                self._about_user(facts.user, verdicts[facts], account, settings, now),
            )
            for facts in account.users
        ]
        remember(self.CheckID, findings)
        return [report for _, _, report in findings]

    def _about_user(
        self,
        user: User,
        verdict: Verdict,
        account: AccountReading,
        settings: Settings,
        now: datetime,
    ) -> Check_Report_AWS:
        resource = finding.describe(user.name, user.arn, verdict, now)
        tags = [] if isinstance(user.tags, Unreadable) else list(user.tags)
        return self._report(verdict, resource, account.region, settings, tags)

    def _account_report(
        self, provider: Any, verdict: Verdict, settings: Settings
    ) -> Check_Report_AWS:
        resource = {"name": provider.identity.account, "arn": provider.identity.account_arn}
        return self._report(verdict, resource, provider.get_default_region("iam"), settings)

    def _report(
        self,
        verdict: Verdict,
        resource: dict[str, Any],
        region: str,
        settings: Settings,
        tags: list[Any] | None = None,
    ) -> Check_Report_AWS:
        report = Check_Report_AWS(metadata=self.metadata(), resource=resource)
        report.resource_id = resource["name"]
        report.resource_arn = resource["arn"]
        report.resource_tags = tags or []
        report.region = region
        fails = verdict.status == "MANUAL" and settings.unreadable_access_keys_fail
        report.status = "FAIL" if fails else verdict.status
        report.status_extended = verdict.sentence
        return report
