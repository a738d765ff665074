"""What all checks of user access keys have in common: from Prowler's call to its reports."""

from __future__ import annotations

import sys
from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timezone
from typing import Any, ClassVar

from prowler.lib.check.models import Check, Check_Report_AWS, Severity
from prowler.lib.logger import logger
from prowler.providers.common.provider import Provider

from . import run_state
from .catalogue import PLUG_IN, own_version
from .cloudtrail.questions import Questions
from .exceptions.acceptance import RunExceptions
from .facts import ACCOUNT_NAME, ROOT_USER_NAME, RootAccessKeys, User, if_read
from .finding_data import FindingData, ReadingData, to_json
from .findings import finding
from .findings.compliance_column import compliance_of, requirements_of
from .findings.finding import Verdict
from .findings.root_user import with_audit
from .findings.user_case import UserCase
from .prowler_workarounds import AcceptedReport, remove_copies_at_exit, restore_refused_metadata
from .reading.account import AccountReading
from .reading.user_facts import UnreadableError
from .requirements_about_users import leave_out_root
from .run_state import Found
from .settings import Settings

remove_copies_at_exit(sys.argv)


@dataclass(frozen=True)
class CheckRun:
    """What is the same for all findings of a check in a run."""

    provider: Any
    """Prowler's provider."""
    settings: Settings = field(default_factory=Settings)
    exceptions: RunExceptions = field(default_factory=RunExceptions)
    metadata_problem: str = ""
    """What of the check's metadata, as the user changed it, is not used; empty if all of it is."""

    read: AccountReading | None = None
    """What the run reads; None if that went wrong."""
    looks_at_users: bool = False
    """Whether the check has listed the account's users."""

    @property
    def account(self) -> str:
        """The account's number."""
        return str(self.provider.identity.account)

    def reading(self) -> ReadingData | None:
        """Who read the account, when, and how much of it; None if nothing was read."""
        if self.read is None:
            return None
        listed, counted = self.read.population if self.looks_at_users else (None, None)
        return ReadingData(
            self.read.now.isoformat(),
            datetime.now(timezone.utc).isoformat(),
            str(self.provider.identity.identity_arn or ""),
            asdict(self.settings),
            listed,
            counted,
        )


def _evidence(account: AccountReading, questions: Mapping[Any, Questions]) -> Mapping[Any, Any]:
    """What CloudTrail answers. An error of ours there must not cost a finding."""
    try:
        return account.cloudtrail.answers(questions, account.now) if questions else {}
    except Exception as error:
        logger.critical(f"CloudTrail was not evaluated: {type(error).__name__}: {error}")
        return {}


class AccessKeyCheck(Check):
    """From Prowler's call of a check to its reports; see ``UserCheck`` and ``RootUserCheck``.

    No attribute may be annotated, but as ``ClassVar``: Prowler's ``Check`` is a pydantic model.
    """

    @abstractmethod
    def findings(self, account: AccountReading, run: CheckRun) -> Iterable[Check_Report_AWS]:
        """All findings of the check."""

    def execute(self) -> list[Check_Report_AWS]:
        """Read the account and judge what was read. Never raises.

        Prowler takes a check that raises for one that found nothing, so what goes wrong here
        becomes a finding.
        """
        provider = Provider.get_global_provider()
        run = CheckRun(provider)
        try:
            run = replace(run, metadata_problem=restore_refused_metadata(self))
            state = run_state.of(provider)
            account = state.account
            users = isinstance(self, UserCheck) and not account.is_limited
            run = replace(run, settings=account.settings, read=account, looks_at_users=users)
            run = replace(run, exceptions=state.exceptions)
            reports = list(self.findings(account, run))
            run.exceptions.complete.add(self.CheckID)
            return reports
        except KeyboardInterrupt:  # Prowler's progress bar would swallow it
            verdict = finding.interruption(run.account)
        except Exception as error:
            logger.error(f"{self.CheckID} -- {type(error).__name__}: {error}", exc_info=True)
            verdict = finding.crash(run.account, type(error).__name__)
        # How many users there are may be what could not be read: it would raise once more.
        return [self.report_on_account(verdict, replace(run, looks_at_users=False))]

    def report_on_account(self, verdict: Verdict, run: CheckRun) -> Check_Report_AWS:
        """Prowler's report of a verdict on the account itself.

        Its name and ARN are those of no user and not of the root user: reports name a finding by
        them, and Security Hub keeps only one finding of a name.
        """
        arn = f"arn:{run.provider.identity.partition}:iam::{run.account}:account"
        data = FindingData(ACCOUNT_NAME, arn, reading=run.reading())
        return self.report(verdict, data, run.provider.get_default_region("iam"), run)

    def report_on_root(
        self, root: RootAccessKeys, verdict: Verdict, account: AccountReading, run: CheckRun
    ) -> Check_Report_AWS:
        """Prowler's report of a verdict on the root user."""
        verdict = with_audit(verdict, root)
        if verdict.ask and run.settings.access_key_usage_from_cloudtrail:
            user = User(ROOT_USER_NAME, root.arn)
            for evidence in _evidence(account, {user: verdict.ask}).values():
                verdict = finding.with_evidence(verdict, evidence, user)
        data = finding.describe(ROOT_USER_NAME, root.arn, verdict, root.now)
        data = replace(data, reading=run.reading())
        return self.report(verdict, data, run.provider.get_default_region("iam"), run)

    def report(
        self,
        verdict: Verdict,
        data: FindingData,
        region: str,
        run: CheckRun,
        tags: Iterable[Any] = (),
    ) -> Check_Report_AWS:
        """Prowler's report of a verdict, on the resource that ``data`` names."""
        limited = run.read is not None and run.read.is_limited
        # Prowler App keeps the last check's data only.
        data = replace(data, check=self.CheckID, limited=limited)
        acceptance = run.exceptions.judge(verdict.status, data)
        if acceptance.data:
            accepted = acceptance.is_accepted
            data = replace(data, exceptions=acceptance.data, accepted=accepted)
        kind = AcceptedReport if acceptance.is_accepted else Check_Report_AWS
        report = kind(metadata=self.metadata(), resource=to_json(data))
        report.resource_id = data.name
        report.resource_arn = data.arn
        report.resource_tags = list(tags)
        report.region = region
        fails = verdict.status == "MANUAL" and run.settings.unreadable_access_keys_fail
        report.status = "FAIL" if fails else verdict.status
        sentences = filter(None, (verdict.sentence, acceptance.sentence))
        report.status_extended = f"{' '.join(sentences)}{run.metadata_problem}"
        # A finding that fails because something could not be read deviates from no standard.
        judged = "" if verdict.excused else verdict.status
        report.compliance = compliance_of(self.CheckID, judged, run.settings)
        if version := own_version():
            report.check_metadata.Notes += f" Checked by {PLUG_IN} {version}."
        report.resource_details = finding.details(data)
        # Prowler sets a severity of the user's own metadata file as plain text, and that stays.
        if verdict.severity and isinstance(self.Severity, Severity):
            # Prowler's CSV writer takes the member of the enumeration, and not its value.
            severities = (self.Severity, Severity(verdict.severity))
            report.check_metadata.Severity = max(severities, key=list(Severity).index)
        return report


class UserCheck(AccessKeyCheck):
    """A check with one finding for each IAM user that it concerns, and perhaps for the root user.

    A subclass says which users fail, and what its findings say. This class has read what that
    needs, turns what could not be read into MANUAL (FAIL, if ``unreadable_access_keys_fail`` says
    so), and adds findings about the account: users that could not be listed, ARNs that name no
    user.
    """

    judges_root: ClassVar[bool] = False
    """Whether the check has a verdict on the root user too."""
    is_hygiene: ClassVar[bool] = True
    """Whether the check passes decoys that fail it: their state is meant to look bad."""

    def concerns(self, user: UserCase) -> bool:
        """Whether the check is about a user; by default, it is about each.

        It must not give a verdict on the others: nothing of them is read.
        """
        return True

    def word_nobody(self, settings: Settings) -> str:
        """What the finding says about an account with no user that the check concerns."""
        return ""

    @abstractmethod
    def judge(self, user: UserCase) -> Verdict:
        """The verdict on a user.

        Asks for facts in the order in which they decide: what is not asked is not read. A fact
        that could not be read, and that the subclass does not catch, makes the verdict MANUAL.
        """

    def judge_root(self, root: RootAccessKeys) -> Verdict:
        """The verdict on the root user, of a check that ``judges_root``."""
        raise NotImplementedError

    def findings(self, account: AccountReading, run: CheckRun) -> Iterator[Check_Report_AWS]:
        about_users = self._about_users(account, run)  # this may show that some were not listed
        if account.gap:
            yield self.report_on_account(finding.unlisted_users(account.gap, run.account), run)
        if account.looks_at_nothing:
            yield self.report_on_account(finding.nothing_to_look_at(run.account), run)
        for unmatched in account.unmatched:
            verdict = finding.unmatched_arn(unmatched, run.account)
            yield self.report(
                verdict, FindingData(unmatched.arn, unmatched.arn), account.region, run
            )
        yield from self._about_root(account, run)
        yield from about_users
        if about_users or account.gap or account.looks_at_nothing:
            return
        nobody = self.word_nobody(run.settings)
        if nobody and account.is_limited:
            if run.provider.audit_metadata.expected_checks == [self.CheckID]:
                yield self.report_on_account(finding.nothing_to_look_at(run.account), run)
        elif nobody and account.setting_problems:
            verdict = finding.unusable_settings(run.account, account.setting_problems)
            yield self.report_on_account(verdict, run)
        elif nobody:
            yield self.report_on_account(Verdict("PASS", nobody), run)
        elif not account.users and not account.is_limited:
            yield self.report_on_account(finding.no_users(run.account), run)

    def _about_root(self, account: AccountReading, run: CheckRun) -> Iterator[Check_Report_AWS]:
        # Reading the root user may take a credential report.
        if self.judges_root and account.root:
            verdict = self.judge_root(account.root)
            report = self.report_on_root(account.root, verdict, account, run)
            # What the standards ask for here, they ask for IAM users.
            report.compliance = requirements_of(self.CheckID)
            leave_out_root(self.CheckID)
            yield report

    def _about_users(self, account: AccountReading, run: CheckRun) -> list[Check_Report_AWS]:
        cases = (
            UserCase(read.user, read.answers, read.failure, settings=run.settings, now=account.now)
            for read in account.users
        )
        users = [user for user in cases if self.concerns(user)]
        verdicts = account.answers.settle(users, self._verdict)
        if run.settings.access_key_usage_from_cloudtrail:
            questions = {user: ask for user in users if (ask := verdicts[user].ask)}
            for user, found in _evidence(account, questions).items():
                verdicts[user] = finding.with_evidence(verdicts[user], found, user.user)
        findings = []
        for user in users:
            verdict = finding.with_unread_tags(verdicts[user], user.user)
            tags = if_read(user.user.tags)
            owner_tags = run.settings.access_key_owner_tags
            data = finding.describe(user.name, user.user.arn, verdict, user.now, tags, owner_tags)
            data = replace(data, user_id=user.user.user_id)
            if verdict.status == "PASS" and not verdict.keys:
                keys = account.answers.keys_in_hand(user.user)
                report_in_hand = account.answers.report_in_hand(user.user)
                data = finding.with_proof(data, keys, report_in_hand, user.now)
            report = self.report(verdict, data, account.region, run, tags)
            findings.append(Found(user.user, verdict, report))
        run_state.of(run.provider).remember(self.CheckID, findings)
        return [found.report for found in findings]

    def _verdict(self, user: UserCase) -> Verdict:
        try:
            verdict = self.judge(user)
        except UnreadableError as error:
            quarantine = () if error.failure.gone else user.quarantine()
            return finding.unreadable(user.user, error.failure, error.what, quarantine)
        if self.is_hygiene and user.is_decoy and verdict.status == "FAIL":
            return finding.decoy(user.user)
        return verdict


class RootUserCheck(AccessKeyCheck):
    """A check with one finding, for the root user."""

    @abstractmethod
    def judge_root(self, root: RootAccessKeys) -> Verdict:
        """The verdict on the root user."""

    def findings(self, account: AccountReading, run: CheckRun) -> Iterator[Check_Report_AWS]:
        if account.root:
            verdict = self.judge_root(account.root)
            unlisted = verdict.status == "FAIL" and not verdict.ask
            if unlisted and run.settings.access_key_usage_from_cloudtrail:
                verdict = finding.with_root_usage(verdict, account.cloudtrail.root_usage())
            yield self.report_on_root(account.root, verdict, account, run)
        elif run.provider.audit_metadata.expected_checks == [self.CheckID]:
            # The scan is limited to other resources, which no other check looks at.
            yield self.report_on_account(finding.nothing_to_look_at(run.account), run)
