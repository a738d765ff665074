"""Scans on this machine."""

from __future__ import annotations

import shutil
from collections.abc import Collection
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from ...results.report_files import SCANS, scan_folder
from ...running_prowler.processes import ProwlerLauncher
from ..account_scan import ScanTask, scan_account
from . import THIS_MACHINE, BackendLostError, FinishedScan


class ThisMachine:
    """A Backend. Each of its threads waits for a process that scans an account."""

    def __init__(self, jobs: int, directory: Path, launcher: ProwlerLauncher) -> None:
        self._directory = directory
        self._launcher = launcher
        self._jobs = jobs
        self._executor = ThreadPoolExecutor(jobs, thread_name_prefix="scan")

    def capacity(self) -> int:
        """See Backend."""
        return self._jobs

    def submit(self, task: ScanTask, avoid: Collection[str] = ()) -> Future[FinishedScan]:
        """See Backend. The reports stay in the account's scan folder."""
        return self._executor.submit(self._scan, task)

    def avoid_alike(self, machines: Collection[str]) -> Collection[str]:
        """See Backend. Always empty: this is the only machine."""
        return ()

    def exclude(self, machine: str, reason: str) -> None:
        """See Backend. Always raises: this is the only machine."""
        raise BackendLostError(reason)

    def check(self) -> None:
        """See Backend. This machine cannot be lost."""

    def stop(self) -> None:
        """See Backend."""
        self._launcher.stop()
        self._executor.shutdown(cancel_futures=True)

    def close(self) -> None:
        """See Backend."""
        self._executor.shutdown()
        shutil.rmtree(self._directory / SCANS, ignore_errors=True)

    def _scan(self, task: ScanTask) -> FinishedScan:
        folder = scan_folder(self._directory, task.account.id)
        scan = scan_account(task, folder, self._launcher)
        fault = scan.end.fault_of_machine
        return FinishedScan(scan.result, machine=THIS_MACHINE, fault_of_machine=fault)
