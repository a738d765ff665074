"""The result of scanning one account."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

from .accounts import Account

Status = Literal["scanned", "not scanned"]


@dataclass(frozen=True)
class FindingCounts:
    """Findings by status. A muted finding counts only as muted."""

    failed: int = 0
    passed: int = 0
    manual: int = 0
    muted: int = 0

    @property
    def total(self) -> int:
        """The number of findings."""
        return self.failed + self.passed + self.manual + self.muted


@dataclass(frozen=True)
class AccountResult:
    """How the scan of one account ended. The state file has these fields."""

    account: str
    name: str
    status: Status
    reason: str = ""
    """Why the account was not scanned."""
    exit_code: int | None = None
    """Prowler's exit code, if the account was scanned."""
    counts: FindingCounts = FindingCounts()
    reports: tuple[str, ...] = ()
    """Prowler's report files, relative to the output directory, with ``/``."""
    attempts: int = 0
    seconds: float = 0.0
    crashed: tuple[str, ...] = ()
    """Checks that crashed. Their findings are missing."""
    undelivered: tuple[str, ...] = ()
    """What could not be sent to S3 or Security Hub, in sentences."""

    @property
    def was_scanned(self) -> bool:
        """Whether Prowler scanned the account."""
        return self.status == "scanned"

    def to_json(self) -> dict[str, Any]:
        """The result as the state file holds it."""
        return asdict(self)


def not_scanned(account: Account, reason: str) -> AccountResult:
    """The result of an account that was not scanned."""
    return AccountResult(account.id, account.name, "not scanned", reason)
