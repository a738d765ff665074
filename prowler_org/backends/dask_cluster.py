"""Scans on a Dask cluster: https://distributed.dask.org.

Workers scan with their own credentials. They get an account's ID and Prowler's arguments, and send
back the result and the report files.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from concurrent.futures import Future
from contextlib import suppress
from importlib.metadata import version
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from ..account_scan import ScanTask
from ..errors import StartError
from . import BackendLostError, FinishedScan
from .dask_worker import SentFile, SentTask, end_scans, forget, load_prowler, scan_on_worker

SECONDS_TO_CONNECT = 10
SECONDS_FOR_WORKERS = 10.0
"""How long to wait for workers to clean up. One of them may hang."""
SECONDS_WITHOUT_WORKERS = 60.0
"""How long a cluster may be without workers during a run. A worker that was killed comes back, and
autoscaling takes time."""


def is_on_this_machine(address: str) -> bool:
    """Whether a scheduler with this address is on this machine: all that its name means is."""
    host = urlsplit(address if "//" in address else f"//{address}").hostname or ""
    try:
        found = socket.getaddrinfo(host, None)
    except (OSError, UnicodeError):
        return False
    return all(ip_address(str(one[4][0]).partition("%")[0]).is_loopback for one in found)


class DaskCluster:
    """A Backend."""

    def __init__(self, address: str, versions: Mapping[str, str]) -> None:
        """Connect to a scheduler. Raises StartError if prowler-org cannot use it or a worker."""
        self._run = uuid4().hex
        self._versions = dict(versions)
        self._files: tuple[SentFile, ...] = ()
        self._client = _connect(address)
        try:
            self._check_workers(address)
        except (BackendLostError, OSError, asyncio.TimeoutError) as error:
            self._client.close()
            raise StartError(f"The scheduler {address} or a worker does not answer.") from error
        except BaseException:
            self._client.close()
            raise
        self._excluded: dict[str, str] = {}
        self._executors: dict[tuple[str, ...], Any] = {}
        self._bound: dict[Future[FinishedScan], tuple[str, ...]] = {}
        """The scans that only some workers may do, and these workers."""
        # Workers load Prowler while this machine parses Prowler's arguments.
        self._loading = [
            self._client.submit(load_prowler, self._run, workers=[worker], pure=False)
            for worker in self._workers()
        ]
        self._seen_workers = time.monotonic()

    def send_files(self, files: Iterable[tuple[str, str]]) -> None:
        """Send the files that these options of Prowler name to the workers. Raises StartError."""
        try:
            self._files = tuple(
                SentFile(option, Path(name).name, Path(name).read_bytes()) for option, name in files
            )
        except OSError as error:
            raise StartError(f"Cannot read {error.filename}: {error.strerror}.") from error

    def capacity(self) -> int:
        """See Backend: the threads of all workers that are used.

        Without any worker, one scan waits for a worker: a cluster may start one for it.
        """
        return sum(self._used().values()) or (0 if self._excluded else 1)

    def submit(self, task: ScanTask, avoid: Collection[str] = ()) -> Future[FinishedScan]:
        """See Backend. The finished scan has the report files with it."""
        sent = SentTask(self._run, task, self._files, tuple(self._versions.items()))
        workers = self._choose(avoid)
        future: Future[FinishedScan] = self._executor(workers).submit(scan_on_worker, sent)
        if workers:
            self._bound[future] = workers
            future.add_done_callback(lambda done: self._bound.pop(done, None))
        return future

    def exclude(self, machine: str, reason: str) -> None:
        """See Backend."""
        self._excluded[machine] = reason
        if not self._used():
            raise BackendLostError(f"No worker can scan: {reason}")

    def _choose(self, avoid: Collection[str]) -> tuple[str, ...]:
        """The workers that may do a scan. Empty if any may."""
        if not avoid and not self._excluded:
            return ()
        used = self._used()
        return tuple(sorted(set(used) - set(avoid))) or tuple(sorted(used))

    def _executor(self, workers: tuple[str, ...]) -> Any:
        """What has these workers scan, or any."""
        if workers not in self._executors:
            # Not allow_other_workers: others would steal what they must not do.
            only = {"workers": list(workers)} if workers else {}
            self._executors[workers] = self._client.get_executor(pure=False, **only)
        return self._executors[workers]

    def _cancel_bound(self) -> None:
        """Cancel scans that wait for workers of which none is left, so that they are repeated."""
        used = self._used()
        for future, workers in tuple(self._bound.items()):
            if used and not any(worker in used for worker in workers):
                future.cancel()

    def check(self) -> None:
        """See Backend."""
        if self._client.status != "running":
            raise BackendLostError("The connection to the scheduler was lost.")
        self._cancel_bound()
        if not self._used() and time.monotonic() - self._seen_workers > SECONDS_WITHOUT_WORKERS:
            raise BackendLostError(
                f"The cluster has had no worker for {SECONDS_WITHOUT_WORKERS:.0f} seconds."
            )

    def stop(self) -> None:
        """See Backend."""
        with suppress(Exception):  # the scheduler may be gone, and then there is nothing to end
            for executor in self._executors.values():
                executor.shutdown(wait=False)
        self._have_workers(end_scans)

    def close(self) -> None:
        """See Backend. Workers keep nothing of this run."""
        if self._client.status != "closed":
            self._have_workers(forget)
            self._client.close()

    def _have_workers(self, do: Callable[[str], None]) -> None:
        """Have all workers do something for this run. Waits for a few seconds at most."""

        def run() -> None:
            with suppress(Exception):
                self._client.run(do, self._run, on_error="ignore")

        waiting = threading.Thread(target=run, daemon=True)
        waiting.start()
        waiting.join(SECONDS_FOR_WORKERS)

    def _workers(self) -> dict[str, int]:
        """The number of threads of each worker. Raises BackendLostError."""
        try:
            return dict(self._client.nthreads())
        except (OSError, asyncio.TimeoutError, ValueError) as error:
            raise BackendLostError("The connection to the scheduler was lost.") from error

    def _used(self) -> dict[str, int]:
        """The same without those that do not work."""
        used = {one: n for one, n in self._workers().items() if one not in self._excluded}
        if used:
            self._seen_workers = time.monotonic()
        return used

    def _check_workers(self, address: str) -> None:
        if not self._workers():
            raise StartError(
                f"The scheduler {address} has no workers: start some with `dask worker {address}`."
            )
        installed = {
            name: self._client.run(version, name, on_error="return") for name in self._versions
        }
        problem = describe_other_versions(self._versions, installed)
        if problem:
            raise StartError(problem)


def describe_other_versions(
    wanted: Mapping[str, str], installed: Mapping[str, Mapping[str, object]]
) -> str:
    """Which workers do not have the wanted versions. Empty if all have them.

    ``installed`` has for each distribution what each worker answered: a version or an exception.
    """
    others = [
        f"{worker} has {f'{name} {found}' if isinstance(found, str) else f'no {name}'}"
        for name, answers in installed.items()
        for worker, found in sorted(answers.items())
        if found != wanted[name]
    ]
    if not others:
        return ""
    needed = " ".join(f'"{name}=={number}"' for name, number in wanted.items())
    return (
        f"Workers must have the same versions as this machine, but {', '.join(others)}. "
        f"On the workers: pip install {needed}"
    )


def _connect(address: str) -> Any:
    try:
        import distributed
    except ImportError as error:
        raise StartError(
            "To scan on a cluster, install Dask here and on the workers: pip install "
            '"prowler-access-keys[dask]"'
        ) from error
    # Dask logs a traceback when it loses a connection. prowler-org says it in a sentence.
    logging.getLogger("distributed.client").setLevel(logging.CRITICAL)
    try:
        client: Any = distributed.Client
        return client(address, timeout=SECONDS_TO_CONNECT, set_as_default=False)
    except (OSError, asyncio.TimeoutError, ValueError, TypeError) as error:
        raise StartError(
            f"Cannot reach the scheduler {address} ({type(error).__name__}). An address looks like "
            "tcp://host:8786, or tls://host:8786 with certificates."
        ) from error
