"""What runs on the workers of a Dask cluster."""

from __future__ import annotations

import asyncio
import os
import shutil
import stat
import tempfile
import threading
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import boto3
from botocore.config import Config

from prowler_access_keys.ranking.versions import installed_versions

from ...accounts.sign_in import DEFAULT_REGION, FAILURES
from ...directory_lock import lock
from ...errors import StartError
from ...results.account_result import not_scanned
from ...results.report_files import pack
from ...running_prowler.processes import ProwlerLauncher, end_fork_server
from ..account_scan import INTERRUPTED, ScanEnd, ScanTask, failed_scan, scan_account
from . import FinishedScan


@dataclass(frozen=True)
class SentFile:
    """A file that an option of Prowler names."""

    option: str
    name: str
    """The file's name, without folders."""
    content: bytes = field(repr=False)


@dataclass(frozen=True)
class SentTask:
    """A scan as a worker gets it."""

    run: str
    """The ID of the run of prowler-org. A cluster may serve several."""
    task: ScanTask
    files: tuple[SentFile, ...]
    versions: tuple[tuple[str, str], ...]
    """The versions that the worker must have, by distribution."""


_launchers: dict[str, ProwlerLauncher] = {}
"""By the ID of the run."""
_launchers_lock = threading.Lock()
_runs: set[str] = set()
"""The runs that need the process that scans are forked from, those that still load it too."""
_ended: set[str] = set()
"""The runs that have ended. The launcher of such a run may still be loading Prowler."""


PREFIX = "prowler-org-"
"""How the names of temporary folders begin that have an account's reports for a while."""
MARK = ".prowler-org-worker"
"""The file that marks such a folder: an operator may have given a folder a name like that."""
SECONDS_TO_LOCK = 60.0
"""A temporary folder that is younger may not have been locked yet."""
STS = Config(connect_timeout=3, read_timeout=5, retries={"total_max_attempts": 2})


class RunEndedError(Exception):
    """The run has ended: nothing is to start for it."""


class RunOnWorker:
    """A run on this worker. Dask deletes it when the run ends, even if the run was killed."""

    def __init__(self, run: str) -> None:
        self._run = run

    def __del__(self) -> None:
        forget(self._run)

    def __reduce__(self) -> str:
        raise TypeError("A run on a worker stays there.")


def load_prowler(run: str) -> RunOnWorker:
    """Load Prowler on this worker. Clears what a worker has left that was killed."""
    clear_temporary_folders()
    with suppress(RunEndedError):
        _launcher_of(run)
    return RunOnWorker(run)


async def signed_in_as(profile: str | None) -> str:
    """Who this worker is for AWS: an ARN, without the name of a session. Empty if not known."""
    return await asyncio.to_thread(_identity_of, profile)


def _identity_of(profile: str | None) -> str:
    try:
        session = boto3.Session(profile_name=profile)
        region = session.region_name or DEFAULT_REGION
        arn: str = session.client("sts", region, config=STS).get_caller_identity()["Arn"]
    except FAILURES:
        return ""
    return arn.rpartition("/")[0] if ":assumed-role/" in arn else arn


def clear_temporary_folders() -> None:
    """Remove the temporary folders of workers in which nothing scans."""
    for mark in Path(tempfile.gettempdir()).glob(f"{PREFIX}*/{MARK}"):
        folder = mark.parent
        with suppress(OSError, StartError):  # in use
            found = folder.lstat()  # of a link, if it is one
            is_old = time.time() - found.st_mtime > SECONDS_TO_LOCK
            if is_old and stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid():
                with lock(folder):
                    shutil.rmtree(folder)


def scan_on_worker(sent: SentTask) -> FinishedScan:
    """Scan an account in a temporary folder of this worker."""
    installed = installed_versions()
    for name, wanted in sent.versions:
        if installed[name] != wanted:
            reason = f"The worker has {name} {installed[name]}, not {wanted}."
            other = not_scanned(sent.task.account, reason)
            return FinishedScan(other, machine=_address(), fault_of_machine=True)
    try:
        launcher = _launcher_of(sent.run)
    except RunEndedError:
        return FinishedScan(not_scanned(sent.task.account, INTERRUPTED))
    try:
        with tempfile.TemporaryDirectory(prefix=PREFIX) as name, lock(Path(name)):
            folder = Path(name)
            (folder / MARK).touch()
            arguments = with_files(sent.task.arguments, sent.files, folder / "files")
            task = replace(sent.task, arguments=arguments)
            scan = scan_account(task, folder / "scan", launcher)
            archive = pack(folder / "scan")
    except (OSError, StartError) as error:
        why = getattr(error, "strerror", None) or error
        end = ScanEnd(f"The worker cannot write to its disk: {why}.", fault_of_machine=True)
        scan, archive = failed_scan(sent.task, end), None
    return FinishedScan(
        scan.result, archive, launcher.warnings, _address(),
        scan.end.fault_of_machine, scan.end.role_denied,
    )  # fmt: skip


def _address() -> str:
    """How the scheduler knows this worker. Empty outside one."""
    from distributed import get_worker

    try:
        return str(get_worker().address)
    except ValueError:
        return ""


def forget(run: str) -> None:
    """End a run's scans, and keep nothing of it. Without runs, nothing keeps Prowler in memory."""
    # Without the lock: a launcher takes seconds to make, and the worker's event loop waits here.
    _ended.add(run)
    if launcher := _launchers.pop(run, None):
        launcher.stop()
    _runs.discard(run)
    if not _runs:
        end_fork_server()


def _launcher_of(run: str) -> ProwlerLauncher:
    """The launcher of a run. Raises RunEndedError if it has ended, perhaps while this loaded."""
    if run not in _ended:
        _runs.add(run)
        with _launchers_lock:
            if run not in _launchers:
                _launchers[run] = ProwlerLauncher()
        if run not in _ended:
            return _launchers[run]
        forget(run)
    raise RunEndedError


def with_files(
    arguments: tuple[str, ...], files: Iterable[SentFile], folder: Path
) -> tuple[str, ...]:
    """Write files to ``folder``. Returns the arguments, with each option naming its new file.

    Prowler uses the last value of an option that is given twice.
    """
    for number, file in enumerate(files):
        path = folder / str(number) / file.name
        path.parent.mkdir(parents=True)
        path.write_bytes(file.content)
        arguments = (*arguments, file.option, str(path))
    return arguments
