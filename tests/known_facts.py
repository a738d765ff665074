"""A user's facts for tests of rules and sentences, which need no reading and no AWS."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from prowler_access_keys.services.iam.iam_access_keys.cloudtrail.destinations import destinations
from prowler_access_keys.services.iam.iam_access_keys.cloudtrail.evidence import (
    Evidence,
    Origin,
    Usage,
)
from prowler_access_keys.services.iam.iam_access_keys.facts import (
    Keys,
    Quarantine,
    ServiceSpecificCredential,
    Tag,
    Unreadable,
    User,
    UserPolicies,
)
from prowler_access_keys.services.iam.iam_access_keys.findings import finding
from prowler_access_keys.services.iam.iam_access_keys.findings.finding import Verdict
from prowler_access_keys.services.iam.iam_access_keys.findings.user_case import UserCase
from prowler_access_keys.services.iam.iam_access_keys.reading.user_facts import UnreadableError
from prowler_access_keys.services.iam.iam_access_keys.settings import Settings

from .accounts import DOCUMENTS
from .keys import NOW, active, key

DENIED_DETAILS = Unreadable("iam:GetAccountAuthorizationDetails", "AccessDenied")
NO_POLICIES = UserPolicies()
ALICE = User("alice", "arn:aws:iam::123456789012:user/alice")


@dataclass(frozen=True)
class Known(UserCase):
    """Facts that need no reading."""

    user: User = ALICE
    answers: Any = None
    settings: Settings = field(default=Settings(), kw_only=True)
    now: datetime = field(default=NOW, kw_only=True)
    listed: Keys | Unreadable = ()
    counted: int | None = None
    quarantined: Quarantine = ()
    applying: UserPolicies = NO_POLICIES
    password: bool = False
    credentials: tuple[ServiceSpecificCredential, ...] | Unreadable = ()
    uses: Mapping[str, Usage] = field(default_factory=dict)
    """What CloudTrail says by access key ID; a key that is not there may not be asked about."""
    creations: Mapping[str, Origin] = field(default_factory=dict)
    """The same of creation, and of deactivation."""

    def active_count(self) -> int:
        return self.counted if self.counted is not None else len(self.all_keys())

    def all_keys(self) -> Keys:
        if isinstance(self.listed, Unreadable):
            raise UnreadableError(self.listed)
        return self.listed

    def all_used_since(self, moment: datetime) -> bool:
        return False

    def not_used_since(self, keys: Keys, moment: datetime) -> Keys:
        return keys

    def with_last_use(self, keys: Keys) -> Keys:
        return keys

    def has_password(self) -> bool:
        return self.password

    def tags(self) -> tuple[Tag, ...]:
        if isinstance(self.user.tags, Unreadable):
            raise UnreadableError(self.user.tags, "tags")
        return self.user.tags

    def quarantine(self) -> Quarantine:
        return self.quarantined

    def policies(self) -> UserPolicies:
        return self.applying

    def policy_documents(self, arns: Iterable[str]) -> dict[str, Any]:
        return {arn: DOCUMENTS.get(arn.rpartition("/")[2], DENIED_DETAILS) for arn in arns}

    def service_specific_credentials(self) -> tuple[ServiceSpecificCredential, ...]:
        if isinstance(self.credentials, Unreadable):
            raise UnreadableError(self.credentials, "service-specific credentials")
        return self.credentials


def check_named(name: str) -> Any:
    """A check."""
    module = importlib.import_module(f"prowler_access_keys.services.iam.{name}.{name}")
    return getattr(module, name)()


API_KEY = ServiceSpecificCredential("ACCA1", "bedrock.amazonaws.com", NOW)
ONE = key("AKIAONE", 200, 1)
UNLISTED = Unreadable("iam:ListAccessKeys", "AccessDenied")


def with_keys(*keys: Any, **more: Any) -> Known:
    """A user with these active keys."""
    return Known(listed=active(*keys), **more)


def credential(
    service: str, days: float | None = None, *, on: bool = True
) -> ServiceSpecificCredential:
    """A service-specific credential, made 30 days ago, that expires in so many days or never."""
    expires = None if days is None else NOW + timedelta(days=days)
    return ServiceSpecificCredential("ACCA1", service, NOW - timedelta(days=30), on, expires)


def judge(name: str, facts: Known, settings: Settings = Settings()) -> Verdict:  # noqa: B008
    """What the rule of a check says of a user."""
    verdict: Verdict = check_named(name).judge(replace(facts, settings=settings))
    return verdict


def judged(name: str, facts: Known, settings: Settings = Settings()) -> Verdict:  # noqa: B008
    """The verdict of a check on a user, as its finding has it."""
    check, facts = check_named(name), replace(facts, settings=settings)
    assert check.concerns(facts)
    try:
        verdict: Verdict = check.judge(facts)
    except UnreadableError as error:
        return finding.unreadable(facts.user, error.failure, error.what, facts.quarantine())
    if verdict.status == "FAIL" and check.is_hygiene and facts.is_decoy:
        return finding.decoy(facts.user)
    if verdict.ask is None or not settings.access_key_usage_from_cloudtrail:
        return verdict
    usage = {key: facts.uses[key.access_key_id] for key in verdict.ask.use_of}
    evidence = Evidence(
        usage,
        {
            key: facts.creations[key.access_key_id]
            for key in (*verdict.ask.creation_of, *verdict.ask.api_keys)
        },
        {key: facts.creations[key.access_key_id] for key in verdict.ask.deactivation_of},
        destinations({key: usage[key] for key in verdict.ask.to_move}, verdict.ask.keep),
        facts.uses[verdict.ask.user] if verdict.ask.api_keys else None,
    )
    return finding.with_evidence(verdict, evidence, facts.user)
