"""What a run of Prowler has read and found: the one place that outlives a check."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from prowler.lib.logger import logger

from .exceptions.acceptance import RunExceptions, Terms
from .exceptions.register import load
from .facts import AccessKey, Keys, RootAudit, User
from .findings.advice import Action
from .findings.finding import Verdict
from .reading.account import AccountReading, begin


@dataclass(frozen=True)
class Found:
    """What this run found of a user, for a fixer to compare with what is true when it acts.

    Prowler gives a fixer the ARN of a finding and nothing else of it, in the process of the scan.
    """

    user: User
    verdict: Verdict
    report: Any
    """Prowler's report of the finding, on which Prowler marks later whether it is muted."""

    @property
    def keys(self) -> Keys:
        """The user's active keys, with their last use."""
        return self.verdict.keys

    @property
    def retire(self) -> AccessKey | None:
        """The key of which the finding says that it can be deactivated now."""
        advice = self.verdict.advice
        return advice.retire if advice and advice.action is Action.DEACTIVATE else None


class RunState:
    """One run of Prowler."""

    def __init__(self, provider: Any) -> None:
        self._provider = provider
        self._found: dict[str, dict[str, Found]] = {}

    @cached_property
    def account(self) -> AccountReading:
        """What the run reads, the same for all its checks."""
        return begin(self._provider, _root_audits.get(self._provider.identity.account))

    @cached_property
    def exceptions(self) -> RunExceptions:
        """The exceptions that the settings name. Prints why they cannot be used."""
        settings, account = self.account.settings, str(self._provider.identity.account)
        register = load(settings.access_key_exceptions)
        if register.problem:
            logger.critical(register.problem)  # the one level that Prowler shows by default
        return RunExceptions(register, account, Terms(self.account.now, settings))

    def remember(self, check_id: str, found: Iterable[Found]) -> None:
        """Keep what a check found of users."""
        self._found[check_id] = {about.user.arn: about for about in found}

    def recall(self, check_id: str, arn: str) -> Found | None:
        """What a check found of the user; None if no finding of it named keys."""
        found = self._found.get(check_id, {}).get(arn)
        return found if found and found.keys else None


_root_audits: dict[str, RootAudit] = {}
"""By account, what ``prowler-org`` has read of the root user for the scan in this process."""


def hand_over(audit: RootAudit) -> None:
    """Give the scan of this account what was read of its root user."""
    _root_audits[audit.account] = audit


_latest: list[tuple[Any, Any, RunState]] = []
"""The latest run: its provider, its audit metadata, and what is known of it."""


def of(provider: Any) -> RunState:
    """The state of the run that this provider is in; that of an earlier run is forgotten.

    Prowler gives its provider new audit metadata when a run begins (``execute_checks`` in
    ``prowler/lib/check/check.py``, ``Scan.scan`` in ``prowler/lib/scan/scan.py``).
    """
    metadata = getattr(provider, "audit_metadata", None)  # None before the first check
    if not _latest or _latest[0][0] is not provider or _latest[0][1] is not metadata:
        _latest[:] = [(provider, metadata, RunState(provider))]
    return _latest[0][2]
