"""What became of an account."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

Status = Literal["scanned", "not scanned"]


@dataclass(frozen=True)
class Counts:
    """Findings by status; one that is muted counts as muted only."""

    failed: int = 0
    passed: int = 0
    manual: int = 0
    muted: int = 0


@dataclass(frozen=True)
class Outcome:
    """How the scan of one account ended."""

    account: str
    name: str
    status: Status
    reason: str = ""
    """Why it was not scanned."""
    exit_code: int | None = None
    """Prowler's, of an account that was scanned."""
    counts: Counts = Counts()
    reports: tuple[str, ...] = ()
    """Prowler's report files, relative to the output directory, with ``/``."""
    attempts: int = 0
    seconds: float = 0.0
    crashed: tuple[str, ...] = ()
    """Checks that went wrong, so that their findings are missing."""

    def to_json(self) -> dict[str, Any]:
        """As it stands in the state file."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Outcome:
        """The reverse of ``to_json``. Raises TypeError or KeyError for anything else."""
        data = dict(data)
        return cls(
            counts=Counts(**data.pop("counts")),
            reports=tuple(data.pop("reports")),
            crashed=tuple(data.pop("crashed")),
            **data,
        )
