"""What one run learns about the access keys of its account: in stages, each read at most once.

There are two sources of users and keys, and both lead to the same findings: see ``Source``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any, Protocol

from .catalogue import our_checks
from .credential_report import CredentialReport
from .facts import (
    ActiveKeys,
    LastUse,
    ListingGap,
    Quarantine,
    RootAccessKeys,
    UnmatchedARN,
    Unreadable,
    User,
    UserAccessKeys,
)
from .iam import IAM, Listing
from .own_source import OwnSource
from .prowler_source import ProwlerSource, shared_client
from .quarantine import read_quarantine


class Source(Protocol):
    """Where users come from, and what is known of their keys without listing them."""

    def request_report(self) -> None:
        """Say that a credential report will be of use, well before it is."""

    def account_summary(self) -> Mapping[str, int] | Unreadable:
        """``GetAccountSummary``'s ``SummaryMap``."""

    def list_users(self, expected: int | Unreadable) -> Listing:
        """The account's users; there should be ``expected`` of them."""

    def chosen_users(self, arns: set[str]) -> dict[str, User | UnmatchedARN | Unreadable]:
        """The users with these ARNs, which are of the account."""

    def known_keys(self, users: tuple[User, ...]) -> Mapping[str, ActiveKeys]:
        """By ARN, what is known of users' active keys, which may be no more than their number."""

    def credential_report(self) -> CredentialReport | Unreadable:
        """The newest credential report that there is."""


class AccountReading:
    """The access keys of an account, read when somebody asks and kept.

    Reads all users and the root user, or those that the run's ``--resource-arn`` names. Does not
    raise for what AWS denies or fails to answer: that is part of the reading.
    """

    def __init__(self, iam: IAM, source: Source, only_ours: bool) -> None:
        """``only_ours``: whether the run has no checks but this plug-in's."""
        self._iam = iam
        self._source = source
        self._only_ours = only_ours
        self._wanted = frozenset(iam.audit_resources or ())
        self._last_uses: dict[str, LastUse | Unreadable | None] = {}
        self._quarantines: dict[User, Quarantine] = {}
        self.region: str = iam.region
        """Where findings about users are filed: the region of Prowler's IAM service."""

    @cached_property
    def users(self) -> tuple[UserAccessKeys, ...]:
        """By name, so that two scans of the same account can be compared line by line.

        A user that was listed and then not found is here too, with unreadable keys.
        """
        if not self._wanted:
            self._source.request_report()
        unread = (
            UserAccessKeys(User.of_arn(arn), answer)
            for arn, answer in self._chosen.items()
            if isinstance(answer, Unreadable)
        )
        records = (*self._with_keys(self._named_users), *unread)
        return tuple(sorted(records, key=lambda record: (record.user.name, record.user.arn)))

    @cached_property
    def root(self) -> RootAccessKeys | None:
        """The root user; None only if the run is limited to other resources."""
        arn = self._iam.audited_account_arn
        if self._wanted and arn not in self._wanted:
            return None
        summary = self._summary
        if not isinstance(summary, Unreadable) and summary["AccountAccessKeysPresent"] == 0:
            return RootAccessKeys(arn, ActiveKeys(0))
        report = self._source.credential_report()
        if isinstance(report, Unreadable):
            return RootAccessKeys(arn, report)
        if arn not in report.active_keys:
            return RootAccessKeys(arn, Unreadable("iam:GetCredentialReport", "NoClearRootRow"))
        return RootAccessKeys(arn, report.active_keys[arn], report.generated, report.age)

    @cached_property
    def gap(self) -> ListingGap | None:
        """What of the account's users may be missing.

        A user that was deleted while the users were being listed is not missing: if too few were
        listed, they are counted once more.
        """
        if self._wanted:
            return None
        listed, expected = len(self._listing.users), self._expected
        if isinstance(expected, int) and listed < expected:
            again = self._iam.account_summary()
            if not isinstance(again, Unreadable):
                expected = min(expected, again["Users"])
        failure = self._listing.failure
        if failure is None and isinstance(expected, int) and listed >= expected:
            return None
        return ListingGap(listed, expected, failure)

    @cached_property
    def unmatched(self) -> tuple[UnmatchedARN, ...]:
        """The ARNs that the run is limited to and that name no user of the account.

        Other checks may look at the ARN of a role or a group, so it counts only if the run has
        none.
        """
        return tuple(
            sorted(
                (
                    *(one for one in self._chosen.values() if isinstance(one, UnmatchedARN)),
                    *self._foreign,
                    *(UnmatchedARN(arn, is_user=False) for arn in self._other_iam_arns),
                ),
                key=lambda one: one.arn,
            )
        )

    @property
    def looks_at_nothing(self) -> bool:
        """Whether the run is limited to ARNs of other services, and has no check for them."""
        return bool(self._wanted) and self._only_ours and not any(map(_is_iam_arn, self._wanted))

    def in_detail(self, records: Iterable[UserAccessKeys]) -> tuple[UserAccessKeys, ...]:
        """The same users with the last use of their keys, and AWS's quarantine of them.

        These must be users with listed keys. Asks for what no earlier check of the run needed.
        """
        records = tuple(records)
        self._read_last_uses(records)
        unknown = [one.user for one in records if one.user not in self._quarantines]
        self._quarantines |= read_quarantine(self._iam, unknown, whole_account=not self._wanted)
        return tuple(
            replace(
                record,
                active=_with_last_uses(record.active, self._last_uses),
                quarantine=self._quarantines[record.user],
            )
            for record in records
        )

    # The stages

    @cached_property
    def _summary(self) -> Mapping[str, int] | Unreadable:
        return self._source.account_summary()

    @property
    def _expected(self) -> int | Unreadable:
        return self._summary if isinstance(self._summary, Unreadable) else self._summary["Users"]

    @cached_property
    def _listing(self) -> Listing:
        return self._source.list_users(self._expected)

    @cached_property
    def _chosen(self) -> Mapping[str, User | UnmatchedARN | Unreadable]:
        arns = {arn for arn in self._wanted if self._iam.is_user_arn(arn)}
        return self._source.chosen_users(arns) if arns else {}

    @property
    def _named_users(self) -> tuple[User, ...]:
        if not self._wanted:
            return self._listing.users
        return tuple(user for user in self._chosen.values() if isinstance(user, User))

    @property
    def _foreign(self) -> tuple[UnmatchedARN, ...]:
        own = (*self._chosen, self._iam.audited_account_arn)
        arns = (arn for arn in self._wanted if _is_user_or_root_arn(arn) and arn not in own)
        return tuple(UnmatchedARN(arn, foreign=True) for arn in arns)

    @property
    def _other_iam_arns(self) -> tuple[str, ...]:
        if not self._only_ours:
            return ()
        return tuple(
            arn for arn in self._wanted if _is_iam_arn(arn) and not _is_user_or_root_arn(arn)
        )

    def _with_keys(self, users: tuple[User, ...]) -> Iterable[UserAccessKeys]:
        """List the keys of every user of whom too little is known."""
        known = self._source.known_keys(users)
        enough = {arn: active for arn, active in known.items() if not active.wants_listing}
        to_list = [user for user in users if user.arn not in enough]
        listed = self._iam.ask_each(self._iam.active_keys, to_list)
        for user in users:
            active = enough.get(user.arn) or _or_number(listed[user], known.get(user.arn))
            yield UserAccessKeys(user, active)

    def _read_last_uses(self, records: Iterable[UserAccessKeys]) -> None:
        keys = (
            key for one in records if isinstance(one.active, ActiveKeys) for key in one.active.keys
        )
        unknown = [key for key in keys if key.access_key_id not in self._last_uses]
        answers = self._iam.ask_each(self._iam.last_use, unknown)
        self._last_uses |= {key.access_key_id: use for key, use in answers.items()}


def _or_number(
    listed: ActiveKeys | Unreadable, known: ActiveKeys | None
) -> ActiveKeys | Unreadable:
    """What was listed or, if that failed, at least the number of keys that is known."""
    if isinstance(listed, Unreadable) and known and not listed.gone:
        return ActiveKeys(known.count, unlisted=listed)
    return listed


def _with_last_uses(
    active: ActiveKeys | Unreadable, uses: Mapping[str, LastUse | Unreadable | None]
) -> ActiveKeys | Unreadable:
    if isinstance(active, Unreadable):
        return active
    keys = (replace(key, last_use=uses[key.access_key_id]) for key in active.keys)
    return replace(active, keys=tuple(keys))


def _is_iam_arn(arn: str) -> bool:
    return arn.split(":")[2:3] == ["iam"]


def _is_user_or_root_arn(arn: str) -> bool:
    resource = arn.split(":", 5)[-1]
    return _is_iam_arn(arn) and (resource.startswith("user/") or resource == "root")


_latest: list[tuple[Any, AccountReading]] = []
"""The run whose reading was asked for last, known by its audit metadata, and the reading."""


def of_run(provider: Any) -> AccountReading:
    """The reading of the run that this provider is in, the same for all checks of the run.

    Prowler gives its provider new audit metadata when a run begins (``execute_checks`` in
    ``prowler/lib/check/check.py``, ``Scan.scan`` in ``prowler/lib/scan/scan.py``).
    """
    run = provider.audit_metadata
    if not _latest or _latest[0][0] is not run:
        _latest[:] = [(run, _begin(provider, our_checks()))]
    return _latest[0][1]


def _begin(provider: Any, ours: Collection[str]) -> AccountReading:
    iam = IAM(provider)
    shared = shared_client(provider, ours)
    source: Source = ProwlerSource(shared, iam) if shared else OwnSource(iam)
    return AccountReading(iam, source, set(provider.audit_metadata.expected_checks) <= set(ours))


def read_user_live(iam: IAM, user: User) -> UserAccessKeys:
    """One user's active keys, their last use and the user's quarantine, as they are now."""
    active = iam.active_keys(user)
    if isinstance(active, Unreadable):
        return UserAccessKeys(user, active)
    uses = iam.ask_each(iam.last_use, active.keys)
    by_id = {key.access_key_id: use for key, use in uses.items()}
    quarantine = read_quarantine(iam, (user,), whole_account=False)
    return UserAccessKeys(user, _with_last_uses(active, by_id), quarantine[user])
