"""Scans on a Dask cluster: https://distributed.dask.org.

Workers scan with their own credentials; what travels is the account's ID and Prowler's arguments
one way, the outcome and the report files the other.
"""

from __future__ import annotations

import asyncio
import logging
import tempfile
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any
from uuid import uuid4

from .outcome import Outcome
from .processes import Launcher
from .refusal import Refused
from .reports import pack
from .run import Delivery, PlaceLostError
from .scan import ScanTask, scan

SECONDS_TO_CONNECT = 10
SECONDS_WITHOUT_WORKERS = 60.0
"""How long a cluster may be without a worker in the middle of a run: one that was killed comes
back, and autoscaling takes its time."""


@dataclass(frozen=True)
class ClusterTask:
    """A scan as it is sent to a worker."""

    run: str
    """Which run it belongs to: a cluster may serve several."""
    task: ScanTask
    files: tuple[tuple[str, str, bytes], ...] = field(repr=False)
    """For each option that names a file: the option, the file's name, and what is in it."""
    versions: tuple[tuple[str, str], ...]
    """The versions, by distribution, that the worker has to have."""


class Cluster:
    """A Place."""

    def __init__(self, address: str, versions: Mapping[str, str]) -> None:
        """Connect to a scheduler. Raises Refused if it, or one of its workers, does not do."""
        self._run = uuid4().hex
        self._versions = dict(versions)
        self._files: tuple[tuple[str, str, bytes], ...] = ()
        self._client = _connect(address)
        try:
            self._refuse_misfits(address)
        except (PlaceLostError, OSError, asyncio.TimeoutError) as error:
            self._client.close()
            raise Refused(f"The scheduler {address} or a worker does not answer.") from error
        except BaseException:
            self._client.close()
            raise
        self._executor = self._client.get_executor(pure=False)
        # Workers load Prowler while its arguments are examined here.
        self._warm_ups = [
            self._client.submit(warm_up, self._run, workers=[worker], pure=False)
            for worker in self._workers()
        ]
        self._seen_workers = time.monotonic()

    def send_files(self, files: Iterable[tuple[str, str]]) -> None:
        """Have the files sent along that these options of Prowler name. Raises Refused."""
        try:
            self._files = tuple(
                (option, Path(name).name, Path(name).read_bytes()) for option, name in files
            )
        except OSError as error:
            raise Refused(f"{error.filename} cannot be read: {error.strerror}.") from error

    def room(self) -> int:
        """See Place: the threads of all workers."""
        return sum(self._workers().values())

    def submit(self, task: ScanTask) -> Future[Delivery]:
        """See Place. The delivery has the reports with it."""
        sent = ClusterTask(self._run, task, self._files, tuple(self._versions.items()))
        future: Future[Delivery] = self._executor.submit(scan_on_worker, sent)
        return future

    def watch(self) -> None:
        """See Place."""
        if self._client.status != "running":
            raise PlaceLostError("The connection to the scheduler was lost.")
        if self._workers():
            self._seen_workers = time.monotonic()
        elif time.monotonic() - self._seen_workers > SECONDS_WITHOUT_WORKERS:
            raise PlaceLostError(
                f"The cluster has had no worker for {SECONDS_WITHOUT_WORKERS:.0f} seconds."
            )

    def stop(self) -> None:
        """See Place."""
        with suppress(Exception):  # the scheduler may be gone, and nobody is left to be told
            self._executor.shutdown(wait=False)
            self._client.run(end_scans, self._run, on_error="ignore")

    def close(self) -> None:
        """See Place."""
        self._client.close()

    def _workers(self) -> dict[str, int]:
        """The number of threads of each worker. Raises PlaceLostError."""
        try:
            return dict(self._client.nthreads())
        except (OSError, asyncio.TimeoutError, ValueError) as error:
            raise PlaceLostError("The connection to the scheduler was lost.") from error

    def _refuse_misfits(self, address: str) -> None:
        if not self._workers():
            raise Refused(
                f"The scheduler {address} has no workers: start some with `dask worker {address}`."
            )
        installed = {
            name: self._client.run(version, name, on_error="return") for name in self._versions
        }
        problem = describe_misfits(self._versions, installed)
        if problem:
            raise Refused(problem)


def describe_misfits(
    wanted: Mapping[str, str], installed: Mapping[str, Mapping[str, object]]
) -> str:
    """Which workers have other versions than wanted, or none; empty if all fit.

    ``installed`` has for each distribution what each worker answered: a version or an exception.
    """
    misfits = [
        f"{worker} has {f'{name} {found}' if isinstance(found, str) else f'no {name}'}"
        for name, answers in installed.items()
        for worker, found in sorted(answers.items())
        if found != wanted[name]
    ]
    if not misfits:
        return ""
    needed = " ".join(f'"{name}=={number}"' for name, number in wanted.items())
    return (
        f"Workers must have the versions that are installed here, but {', '.join(misfits)}. "
        f"On the workers: pip install {needed}"
    )


def _connect(address: str) -> Any:
    try:
        import distributed
    except ImportError as error:
        raise Refused(
            'A cluster needs Dask: pip install "prowler-access-keys[dask]", here and there.'
        ) from error
    # What Dask would log about a lost connection comes with a traceback, and is said in a sentence.
    logging.getLogger("distributed.client").setLevel(logging.CRITICAL)
    try:
        client: Any = distributed.Client
        return client(address, timeout=SECONDS_TO_CONNECT, set_as_default=False)
    except (OSError, asyncio.TimeoutError, ValueError, TypeError) as error:
        raise Refused(
            f"The scheduler {address} cannot be reached ({type(error).__name__}). An address "
            "looks like tcp://host:8786, or tls://host:8786 with certificates."
        ) from error


# On a worker

_launchers: dict[str, Launcher] = {}
"""By run."""
_launchers_lock = threading.Lock()
_ended: set[str] = set()
"""The runs that were interrupted: a launcher of theirs may still be in the making."""


def warm_up(run: str) -> None:
    """Have this worker load Prowler."""
    _launcher_of(run)


def scan_on_worker(sent: ClusterTask) -> Delivery:
    """Scan an account in a folder of this worker, which is gone afterwards."""
    task = sent.task
    for name, wanted in sent.versions:
        if version(name) != wanted:
            reason = f"The worker has {name} {version(name)}, not {wanted}."
            return Delivery(Outcome(task.account.id, task.account.name, "not scanned", reason))
    launcher = _launcher_of(sent.run)
    with tempfile.TemporaryDirectory(prefix="prowler-org-") as name:
        folder = Path(name)
        arguments = with_files(task.arguments, sent.files, folder / "files")
        outcome = scan(replace(task, arguments=arguments), folder / "scan", launcher)
        return Delivery(outcome, pack(folder / "scan"), launcher.problem)


def end_scans(run: str) -> None:
    """End the scans of a run on this worker, and start no more of them."""
    # Without the lock: a launcher takes seconds to make, and the worker's event loop waits here.
    _ended.add(run)
    if run in _launchers:
        _launchers[run].stop()


def _launcher_of(run: str) -> Launcher:
    with _launchers_lock:
        if run not in _launchers:
            _launchers[run] = Launcher()
        if run in _ended:
            _launchers[run].stop()
        return _launchers[run]


def with_files(
    arguments: Sequence[str], files: Iterable[tuple[str, str, bytes]], folder: Path
) -> tuple[str, ...]:
    """Write files to ``folder``; returns the arguments with each option naming its new file.

    An option that stands twice has its last value in Prowler.
    """
    for number, (option, name, content) in enumerate(files):
        path = folder / str(number) / name
        path.parent.mkdir(parents=True)
        path.write_bytes(content)
        arguments = [*arguments, option, str(path)]
    return tuple(arguments)
