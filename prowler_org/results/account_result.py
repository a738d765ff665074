"""The result of scanning one account."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from ..accounts.account_list import Account
from ..options import STRICT, Sentence, ShortText

Status = Literal["scanned", "not scanned", "waiting"]
"""``waiting`` is only in the state file."""
AccountID = Annotated[str, StringConstraints(pattern=r"^[0-9]{12}$")]
Count = Annotated[int, Field(ge=0, le=10**9)]


@dataclass(frozen=True)
class FindingCounts:
    """Findings by status. A muted finding counts only as muted."""

    __pydantic_config__ = STRICT

    failed: Count = 0
    passed: Count = 0
    manual: Count = 0
    muted: Count = 0

    @property
    def total(self) -> int:
        """The number of findings."""
        return self.failed + self.passed + self.manual + self.muted


@dataclass(frozen=True)
class AccountResult:
    """How the scan of one account ended. The state file has these fields."""

    __pydantic_config__ = STRICT

    account: AccountID
    name: ShortText
    status: Status
    reason: Sentence = ""
    """Why the account was not scanned."""
    exit_code: Literal[0, 3] | None = None
    """Prowler's exit code, if the account was scanned."""
    counts: FindingCounts = FindingCounts()
    reports: Annotated[tuple[ShortText, ...], Field(max_length=1000)] = ()
    """Prowler's report files, relative to the output directory, with ``/``."""
    attempts: Annotated[int, Field(ge=0, le=1000)] = 0
    seconds: Annotated[float, Field(ge=0, lt=math.inf)] = 0.0
    crashed: tuple[ShortText, ...] = ()
    """Checks that crashed. Their findings are missing."""
    undelivered: tuple[Sentence, ...] = ()
    """What could not be sent to S3 or Security Hub, in sentences."""
    unjudged: Sentence = ""
    """Why the checks of this plug-in could judge nothing, in a sentence. Empty if they could."""

    @property
    def was_scanned(self) -> bool:
        """Whether Prowler scanned the account."""
        return self.status == "scanned"

    @property
    def problems(self) -> tuple[str, ...]:
        """Why a scanned account is to be scanned again, in sentences."""
        return (self.unjudged, *self.undelivered) if self.unjudged else self.undelivered


def not_scanned(account: Account, reason: str) -> AccountResult:
    """The result of an account that was not scanned."""
    return AccountResult(account.id, account.name, "not scanned", reason)
