"""Scans on this machine, so many at a time."""

from __future__ import annotations

import shutil
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from .processes import Launcher
from .reports import SCANS, scan_folder
from .run import Delivery
from .scan import ScanTask, scan


class ThisMachine:
    """A Place. Each of its threads waits for the process that scans an account."""

    def __init__(self, jobs: int, directory: Path, launcher: Launcher) -> None:
        self._directory = directory
        self._launcher = launcher
        self._jobs = jobs
        self._executor = ThreadPoolExecutor(jobs, thread_name_prefix="scan")

    def room(self) -> int:
        """See Place."""
        return self._jobs

    def submit(self, task: ScanTask) -> Future[Delivery]:
        """See Place. The reports stay in the account's scan folder."""
        return self._executor.submit(self._scan, task)

    def watch(self) -> None:
        """See Place. This machine is not lost."""

    def stop(self) -> None:
        """See Place."""
        self._launcher.stop()
        self._executor.shutdown(cancel_futures=True)

    def close(self) -> None:
        """See Place."""
        self._executor.shutdown()
        shutil.rmtree(self._directory / SCANS, ignore_errors=True)

    def _scan(self, task: ScanTask) -> Delivery:
        folder = scan_folder(self._directory, task.account.id)
        return Delivery(scan(task, folder, self._launcher))
