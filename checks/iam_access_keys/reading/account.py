"""What one run learns about the access keys of its account: in stages, each read at most once.

There are two sources of users and keys, and both lead to the same findings: see ``Source``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from functools import cached_property, partial
from typing import Any

from prowler.lib.logger import logger

from ..catalogue import our_checks
from ..cloudtrail.event_history import CloudTrail
from ..cloudtrail.lookups import EventHistory
from ..cloudtrail.questions import Interview
from ..command_line import progress_printer, settings_of
from ..facts import ListingGap, RootAccessKeys, RootAudit, UnmatchedARN, Unreadable, User
from ..settings import Settings
from .iam import IAM, Listing
from .own_source import OwnSource, Source
from .prowler_source import ProwlerSource, shared_client
from .user_facts import Answers, UserFacts

OLDEST_AUDIT = timedelta(hours=1)
"""How old what was read in a session of the root user may be, and how far clocks may differ."""


class AccountReading:
    """The access keys of an account, read when a check asks, and kept.

    Reads all users and the root user, or those that the run's ``--resource-arn`` names. Does not
    raise for what AWS denies or fails to answer: that is part of the reading.
    """

    def __init__(
        self, iam: IAM, source: Source, root_audit: RootAudit | None, *, only_ours: bool
    ) -> None:
        """``root_audit``: what a session of the account's root user has read.

        ``only_ours``: whether the run has no checks but this plug-in's.
        """
        self._iam = iam
        self._source = source
        self._root_audit = root_audit
        self._only_ours = only_ours
        self._wanted = frozenset(iam.audit_resources or ())
        self.answers = Answers(
            iam,
            source,
            whole_account=not self._wanted,
            listed=lambda: {user.name for user in self._listing.users},
        )
        self.now = datetime.now(timezone.utc)
        """One moment for all checks of the run."""
        self.is_limited = bool(self._wanted)
        """Whether the run looks at the resources of ``--resource-arn`` only."""
        self.setting_problems: tuple[str, ...] = ()
        """What is wrong with ``settings``, once they have been asked for."""
        self.region: str = iam.region
        """Where findings about users are filed: the region of Prowler's IAM service."""

    @cached_property
    def settings(self) -> Settings:
        """The settings of the run. Prints what is wrong with them."""
        settings, self.setting_problems = settings_of(self._iam.provider)
        for problem in self.setting_problems:
            logger.critical(problem)  # the one level that Prowler shows by default
        return settings

    @cached_property
    def users(self) -> tuple[UserFacts, ...]:
        """By name, so that two scans of the same account can be compared line by line.

        A user that was listed and then not found is here too.
        """
        listed = () if self._wanted else self._listing.users
        users = [UserFacts(user, self.answers) for user in listed]
        for arn, answer in self._chosen.items():
            if isinstance(answer, User):
                users.append(UserFacts(answer, self.answers))
            elif isinstance(answer, Unreadable):
                users.append(UserFacts(User.of_arn(arn), self.answers, answer))
        return tuple(sorted(users, key=lambda read: (read.user.name, read.user.arn)))

    @cached_property
    def root(self) -> RootAccessKeys | None:
        """The root user; None only if the run is limited to other resources."""
        arn = self._iam.audited_account_arn
        if self._wanted and arn not in self._wanted:
            return None
        summary = self._summary
        present: bool | Unreadable = (
            summary if isinstance(summary, Unreadable) else summary["AccountAccessKeysPresent"] > 0
        )
        audit = _verify(self._root_audit, present, self.now)
        root = partial(RootAccessKeys, arn, audit=audit, now=self.now)
        if audit and not isinstance(audit.keys, Unreadable):
            return root(sum(key.active for key in audit.keys), bool(audit.keys))
        if present is False:
            return root(0, present)
        report = self._source.credential_report
        if isinstance(report, Unreadable):
            return root(report, present)
        row = report.rows.get(arn)
        if row is None:
            return root(Unreadable("iam:GetCredentialReport", "NoClearRootRow"), present)
        uses = [slot.last_used for slot in row.active_slots if slot.last_used]
        return root(
            row.active_keys,
            present,
            max(uses, default=None),
            report.generated,
            report.age,
            self._source.report_is_fresh,
        )

    @property
    def population(self) -> tuple[int, int | None]:
        """How many users were listed, and how many there are by ``GetAccountSummary``."""
        listing, expected = self._counted_listing
        return len(listing.users), expected if isinstance(expected, int) else None

    @property
    def gap(self) -> ListingGap | None:
        """What of the account's users may be missing, by all that was read so far."""
        if self._wanted:
            return None
        listing, expected = self._counted_listing
        listed, unlisted = len(listing.users), self.answers.unlisted
        if not (listing.failure or unlisted) and isinstance(expected, int) and listed >= expected:
            return None
        return ListingGap(listed, expected, listing.failure, unlisted)

    @cached_property
    def unmatched(self) -> tuple[UnmatchedARN, ...]:
        """The ARNs that the run is limited to and that name no user of the account.

        Other checks may look at the ARN of a role or a group, so it counts only if the run has
        none.
        """
        found = [answer for answer in self._chosen.values() if isinstance(answer, UnmatchedARN)]
        for arn in self._wanted - {*self._chosen, self._iam.audited_account_arn}:
            if _is_user_or_root_arn(arn):
                found.append(UnmatchedARN(arn, foreign=True))
            elif _is_iam_arn(arn) and self._only_ours:
                found.append(UnmatchedARN(arn, is_user=False))
        return tuple(sorted(found, key=lambda unmatched: unmatched.arn))

    @property
    def looks_at_nothing(self) -> bool:
        """Whether the run is limited to ARNs of other services, and has no check for them."""
        return bool(self._wanted) and self._only_ours and not any(map(_is_iam_arn, self._wanted))

    @cached_property
    def cloudtrail(self) -> Interview:
        """CloudTrail, within the limits that the settings give the whole run."""
        most_events = self.settings.access_key_usage_max_events
        most_seconds = self.settings.access_key_usage_max_seconds
        provider = self._iam.provider
        history = EventHistory(provider.session.current_session, most_seconds, progress_printer())
        return Interview(CloudTrail(provider, most_events, history))

    # The stages

    @cached_property
    def _summary(self) -> Mapping[str, int] | Unreadable:
        return self._source.account_summary()

    @cached_property
    def _counted_listing(self) -> tuple[Listing, int | Unreadable]:
        """The account's users, and how many there should be.

        A user that was deleted while the users were being listed is not missing: if too few were
        listed, they are counted once more.
        """
        summary = self._summary
        expected = summary if isinstance(summary, Unreadable) else summary["Users"]
        listing = self._source.list_users(expected)
        if isinstance(expected, int) and len(listing.users) < expected:
            again = self._iam.account_summary()
            if not isinstance(again, Unreadable):
                expected = min(expected, again["Users"])
        return listing, expected

    @property
    def _listing(self) -> Listing:
        return self._counted_listing[0]

    @cached_property
    def _chosen(self) -> Mapping[str, User | UnmatchedARN | Unreadable]:
        """By ARN, the users that the run is limited to, as far as they are of the account."""
        arns = {arn for arn in self._wanted if self._iam.is_user_arn(arn)}
        return self._source.chosen_users(arns) if arns else {}


def _verify(audit: RootAudit | None, present: bool | Unreadable, now: datetime) -> RootAudit | None:
    """The same without its keys if it is not of now, or if ``GetAccountSummary`` says otherwise."""
    if audit is None or isinstance(audit.keys, Unreadable):
        return audit
    doubt = "AnswerTooOld" if abs(now - audit.date) > OLDEST_AUDIT else ""
    doubt = "KeyNotListed" if not (doubt or audit.keys) and present is True else doubt
    return replace(audit, keys=Unreadable("iam:ListAccessKeys", doubt)) if doubt else audit


def _is_iam_arn(arn: str) -> bool:
    return arn.split(":")[2:3] == ["iam"]


def _is_user_or_root_arn(arn: str) -> bool:
    resource = arn.split(":", 5)[-1]
    return _is_iam_arn(arn) and (resource.startswith("user/") or resource == "root")


def begin(provider: Any, root_audit: RootAudit | None) -> AccountReading:
    """A reading of the account that Prowler scans with this provider; nothing is read yet.

    ``root_audit`` is what a session of its root user has read, if there was one.
    """
    iam, ours = IAM(provider), our_checks()
    shared = shared_client(provider, ours)
    source = ProwlerSource(shared, iam) if shared else OwnSource(iam)
    only_ours = ours.issuperset(provider.audit_metadata.expected_checks)
    return AccountReading(iam, source, root_audit, only_ours=only_ours)
