"""Where scans run. Each backend is a module of this package."""

from __future__ import annotations

from collections.abc import Collection
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Protocol

from ...results.account_result import AccountResult
from ..account_scan import ScanTask

THIS_MACHINE = "this machine"


@dataclass(frozen=True)
class FinishedScan:
    """What a backend hands over after a scan."""

    result: AccountResult
    archive: bytes | None = None
    """A zip file with the account's folder. None if that folder is on this machine."""
    warnings: tuple[str, ...] = ()
    """What makes the scans of a worker take longer, in sentences."""
    machine: str = ""
    """The worker that scanned, or THIS_MACHINE. Empty if it is not known."""
    fault_of_machine: bool = False
    """Whether that machine would fail to scan any other account too."""
    role_denied: bool = False
    """Whether that machine may not assume the account's role, or there is none."""


class BackendLostError(Exception):
    """The backend is gone. The text is a sentence for the user."""


class Backend(Protocol):
    """Runs scans."""

    def capacity(self) -> int:
        """How many scans can run at a time. May change, also to 0. Raises BackendLostError."""

    def submit(self, task: ScanTask, avoid: Collection[str] = ()) -> Future[FinishedScan]:
        """Start the scan of an account, or queue it; not on these machines if there are others.

        Raises BackendLostError.
        """

    def avoid_alike(self, machines: Collection[str]) -> Collection[str]:
        """These machines and those with the same sign-in. Empty if there is no other machine."""

    def exclude(self, machine: str, reason: str) -> None:
        """Use a machine no longer. Raises BackendLostError if it was the last one."""

    def check(self) -> None:
        """Raise BackendLostError if no scan will finish any more."""

    def stop(self) -> None:
        """Start no more scans. End the running ones if possible."""

    def close(self) -> None:
        """Release the backend."""
