"""The state file as it may be: what a run reads back is checked, whoever has written it."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from .account_result import AccountResult, FindingCounts
from .accounts import Account
from .options import Selection

FORMAT = 1
AccountID = Annotated[str, StringConstraints(pattern=r"^[0-9]{12}$")]
ShortText = Annotated[str, StringConstraints(max_length=300)]
Sentence = Annotated[str, StringConstraints(max_length=3000)]
Count = Annotated[int, Field(ge=0, le=10**9)]


class _Strict(BaseModel):
    """Takes exactly these fields, and no text for a number."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class _Selection(_Strict):
    accounts: tuple[ShortText, ...]
    units: tuple[Sentence, ...]
    exclude: tuple[ShortText, ...]
    include_management: bool
    tags: tuple[Sentence, ...] = ()


class SavedJob(_Strict):
    """What the run does."""

    organization: ShortText
    role: Annotated[str, StringConstraints(max_length=600)]
    selection: _Selection
    prowler_arguments: tuple[Annotated[str, StringConstraints(max_length=100_000)], ...]
    versions: dict[ShortText, ShortText]

    def chosen(self) -> Selection:
        """The choice of accounts."""
        return Selection(**dict(self.selection))


class _Counts(_Strict):
    failed: Count = 0
    passed: Count = 0
    manual: Count = 0
    muted: Count = 0


class _Entry(_Strict):
    account: AccountID
    name: ShortText
    status: Literal["scanned", "not scanned", "waiting"]
    reason: Sentence = ""
    exit_code: Literal[0, 3] | None = None
    counts: _Counts = _Counts()
    reports: Annotated[tuple[ShortText, ...], Field(max_length=1000)] = ()
    attempts: Annotated[int, Field(ge=0, le=1000)] = 0
    seconds: Annotated[float, Field(ge=0, lt=math.inf)] = 0.0
    crashed: tuple[ShortText, ...] = ()
    undelivered: tuple[Sentence, ...] = ()


class SavedState(_Strict):
    """The state file."""

    format: Literal[1]
    started: AwareDatetime
    job: SavedJob
    accounts: tuple[_Entry, ...]

    @model_validator(mode="after")
    def _each_account_once(self) -> SavedState:
        if len({one.account for one in self.accounts}) < len(self.accounts):
            raise ValueError("an account is there twice")
        return self

    def named(self) -> dict[str, Account]:
        """All accounts by ID."""
        return {one.account: Account(one.account, one.name) for one in self.accounts}

    def results(self) -> Iterable[AccountResult]:
        """The results that the file has. Nothing is known yet of the reports that they name."""
        for one in self.accounts:
            if one.status != "waiting":
                facts = {name: getattr(one, name) for name in _RESULT}
                counts = FindingCounts(**one.counts.model_dump())
                yield AccountResult(**facts, counts=counts)


_RESULT = (
    "account", "name", "status", "reason", "exit_code", "reports", "attempts", "seconds", "crashed",
    "undelivered",
)  # fmt: skip
