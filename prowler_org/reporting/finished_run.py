"""What is known of a run after its last scan."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from prowler_access_keys.ranking.over_time.snapshot import Snapshot

from ..accounts.account_list import AccountList
from ..results.state import State


@dataclass(frozen=True)
class FinishedRun:
    """A run whose scans have ended. All that its reports, its summary, and its exit code need."""

    state: State
    accounts: AccountList
    directory: Path
    """The output directory."""
    previous: Snapshot | None = None
    """The run to compare with. None: the run before in this directory, if its data is usable."""
    interrupted: bool = False
    root_problem: str = ""
    """What may keep AWS from giving sessions of root users; empty if nothing is known."""
