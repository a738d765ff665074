"""Scans on a Dask cluster: https://distributed.dask.org.

Workers scan with their own credentials. They get an account's ID and Prowler's arguments, and send
back the result and the report files.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import time
from collections.abc import Collection, Iterable, Mapping
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
        """See Backend: the threads of all workers that are used."""
        return sum(self._used().values())

    def submit(self, task: ScanTask, avoid: Collection[str] = ()) -> Future[FinishedScan]:
        """See Backend. The finished scan has the report files with it."""
        sent = SentTask(self._run, task, self._files, tuple(self._versions.items()))
        future: Future[FinishedScan] = self._executor(avoid).submit(scan_on_worker, sent)
        return future

    def exclude(self, machine: str, reason: str) -> None:
        """See Backend."""
        self._excluded[machine] = reason
        if not self._used():
            raise BackendLostError(f"No worker can scan: {reason}")

    def _executor(self, avoid: Collection[str]) -> Any:
        """What has workers scan: any of them, or only those that work."""
        workers: tuple[str, ...] = ()
        if avoid or self._excluded:
            used = self._used()
            workers = tuple(sorted(set(used) - set(avoid))) or tuple(sorted(used))
        if workers not in self._executors:
            # If none of these workers is left when a scan starts, any other will do.
            only = {"workers": list(workers), "allow_other_workers": True} if workers else {}
            self._executors[workers] = self._client.get_executor(pure=False, **only)
        return self._executors[workers]

    def check(self) -> None:
        """See Backend."""
        if self._client.status != "running":
            raise BackendLostError("The connection to the scheduler was lost.")
        if self._used():
            self._seen_workers = time.monotonic()
        elif time.monotonic() - self._seen_workers > SECONDS_WITHOUT_WORKERS:
            raise BackendLostError(
                f"The cluster has had no worker for {SECONDS_WITHOUT_WORKERS:.0f} seconds."
            )

    def stop(self) -> None:
        """See Backend."""
        with suppress(Exception):  # the scheduler may be gone, and then there is nothing to end
            for executor in self._executors.values():
                executor.shutdown(wait=False)
            self._client.run(end_scans, self._run, on_error="ignore")

    def close(self) -> None:
        """See Backend. Workers keep nothing of this run."""
        with suppress(Exception):  # as in stop
            self._client.run(forget, self._run, on_error="ignore")
        self._client.close()

    def _workers(self) -> dict[str, int]:
        """The number of threads of each worker. Raises BackendLostError."""
        try:
            return dict(self._client.nthreads())
        except (OSError, asyncio.TimeoutError, ValueError) as error:
            raise BackendLostError("The connection to the scheduler was lost.") from error

    def _used(self) -> dict[str, int]:
        """The same without those that do not work."""
        return {one: n for one, n in self._workers().items() if one not in self._excluded}

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
