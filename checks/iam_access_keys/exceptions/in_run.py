"""The exceptions of a run, and which of them are about something that fails in it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timezone

from ..facts import ACCOUNT_NAME
from ..finding_data import FindingData
from .acceptance import LIMITS, Acceptance, Limits, judge
from .register import NO_EXCEPTIONS, ExceptionEntry, Register


@dataclass(frozen=True)
class RunExceptions:
    """What the exceptions say about the findings of an account, in one run of Prowler."""

    register: Register = NO_EXCEPTIONS
    account: str = ""
    limits: Limits = LIMITS
    now: datetime = field(default_factory=lambda: datetime.now(timezone.utc))
    """The moment of the run: UTC."""
    _failing: dict[str, set[ExceptionEntry]] = field(default_factory=lambda: defaultdict(set))
    """By check, the entries that are about a finding of it that fails."""
    _unjudged: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """By check, the users, or the account, that it could not judge."""
    _complete: set[str] = field(default_factory=set)
    """The checks that have run."""

    def judge(self, status: str, data: FindingData) -> Acceptance:
        """What the exceptions say about a finding. Only what fails is accepted."""
        if status == "MANUAL":
            self._unjudged[data.check].add(data.name)
        if status != "FAIL" or not self.register.entries:
            return Acceptance()
        acceptance = judge(self.register, self.account, data, self.now, self.limits)
        self._failing[data.check].update(acceptance.entries)
        return acceptance

    def complete(self, check: str) -> None:
        """Note that a check has judged all that it is about."""
        self._complete.add(check)

    def covers_failure(self, entry: ExceptionEntry) -> bool:
        """Whether an entry is about a finding that fails, in force or not."""
        return any(entry in self._failing[check] for check in entry.covered_checks)

    def covers_nothing(self, entry: ExceptionEntry) -> bool:
        """Whether all its checks have run, and nothing that it is about fails or was not judged."""
        if self.covers_failure(entry) or not entry.covered_checks <= self._complete:
            return False
        unjudged = set().union(*(self._unjudged[check] for check in entry.covered_checks))
        return not (unjudged & {entry.user, ACCOUNT_NAME} if entry.user else unjudged)
