"""Scans on a Dask cluster: https://distributed.dask.org.

Workers scan with their own credentials. They get an account's ID and Prowler's arguments, and send
back the result and the report files.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from concurrent.futures import Future
from contextlib import suppress
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from prowler_access_keys.ranking.versions import version_reader

from ...accounts.sign_in import asks_for_code
from ...errors import StartError, UsageError
from ...running_prowler.arguments import ENCRYPTED
from ..account_scan import ScanTask
from . import BackendLostError, FinishedScan
from .dask_worker import SentFile, SentTask, load_prowler, scan_on_worker, signed_in_as

SECONDS_TO_CONNECT = 10
SECONDS_TO_ANSWER = 20.0
"""How long to wait for workers to say who they are. One of them may hang."""
SECONDS_WITHOUT_WORKERS = 60.0
"""How long a cluster may be without workers during a run. A worker that was killed comes back, and
autoscaling takes time."""


def is_on_this_machine(address: str) -> bool:
    """Whether a scheduler with this address is on this machine: all that its name means is."""
    host = urlsplit(address if "//" in address else f"//{address}").hostname or ""
    try:
        addresses = [str(info[4][0]) for info in socket.getaddrinfo(host, None)]
    except (OSError, UnicodeError):
        return False
    return all(ip_address(text.partition("%")[0]).is_loopback for text in addresses)


def check_scheduler(address: str, without_tls: bool, profile: str | None) -> None:
    """Whether a scheduler may be used, and scans there with this AWS profile. Raises UsageError."""
    if not address.startswith(ENCRYPTED) and not without_tls and not is_on_this_machine(address):
        raise UsageError(
            f"The connection to {address} is not encrypted, and anyone who gets between can run "
            "code here: use a scheduler with tls://, or add --without-tls if you trust the network."
        )
    if profile and asks_for_code(profile):
        raise UsageError(
            f"The profile {profile} asks for an MFA code, which workers cannot be given: "
            "leave out --profile, and let workers use credentials of their own."
        )


class DaskCluster:
    """A Backend."""

    def __init__(
        self, address: str, versions: Mapping[str, str], profile: str | None = None
    ) -> None:
        """Connect to a scheduler. Raises StartError if prowler-org cannot use it or a worker.

        ``profile`` is the AWS profile that the scans use.
        """
        self._run = uuid4().hex
        self._versions, self._profile = dict(versions), profile
        self._files: tuple[SentFile, ...] = ()
        self._excluded: dict[str, str] = {}
        self._identities: dict[str, str] = {}
        """Who each worker is for AWS, as far as that is known."""
        self._executors: dict[tuple[str, ...], Any] = {}
        self._bound: dict[Future[FinishedScan], tuple[str, ...]] = {}
        """The scans that only some workers may do, and these workers."""
        self._loading: dict[str, Any] = {}
        """What loads Prowler on each worker. Its result there lives as long as this client."""
        self._seen_workers = time.monotonic()
        self._client = _connect(address)
        try:
            self._check_workers(address)
            # Workers load Prowler while this machine parses Prowler's arguments.
            self._used()
        except (BackendLostError, OSError, asyncio.TimeoutError) as error:
            self._client.close()
            raise StartError(f"The scheduler {address} does not answer.") from error
        except BaseException:
            self._client.close()
            raise

    @property
    def warnings(self) -> tuple[str, ...]:
        """Which workers do not answer, and whether they are signed in differently."""
        silent = [
            f"The worker {worker} is not used: {why}" for worker, why in self._excluded.items()
        ]
        return (*silent, *describe_identities(self._identities))

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

    def avoid_alike(self, machines: Collection[str]) -> Collection[str]:
        """See Backend. A worker that joined later, and has not said who it is, is like all."""
        used = self._used()
        alike = {"", *(self._identities.get(machine, "") for machine in machines)}
        same = {worker for worker in used if self._identities.get(worker, "") in alike}
        return sorted(same) if same != set(used) else ()

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

    def close(self) -> None:
        """See Backend. Dask then deletes what workers have of this run, which ends its scans."""
        if self._client.status != "closed":
            self._client.close()

    def _workers(self) -> dict[str, int]:
        """The number of threads of each worker. Raises BackendLostError."""
        try:
            return dict(self._client.nthreads())
        except (OSError, asyncio.TimeoutError, ValueError) as error:
            raise BackendLostError("The connection to the scheduler was lost.") from error

    def _used(self) -> dict[str, int]:
        """The same without those that do not work. Those that are new load Prowler."""
        used = {
            worker: threads
            for worker, threads in self._workers().items()
            if worker not in self._excluded
        }
        if used:
            self._seen_workers = time.monotonic()
        for worker in used.keys() - self._loading.keys():
            self._loading[worker] = self._client.submit(
                load_prowler, self._run, workers=[worker], pure=False, priority=1
            )
        return used

    def _check_workers(self, address: str) -> None:
        workers = self._workers()
        if not workers:
            raise StartError(
                f"The scheduler {address} has no workers: start some with `dask worker {address}`."
            )
        installed: dict[str, dict[str, object]] = {}
        self._client.sync(self._ask_workers, workers, installed)
        if problem := describe_other_versions(self._versions, installed):
            raise StartError(problem)
        silent = f"It did not answer within {SECONDS_TO_ANSWER:.0f} seconds."
        self._excluded = {worker: silent for worker in workers if worker not in self._identities}
        if not self._identities:
            raise StartError(f"No worker of the scheduler {address} answers.")

    async def _ask_workers(
        self, workers: Iterable[str], installed: dict[str, dict[str, object]]
    ) -> None:
        """Ask workers side by side who they are for AWS, and which versions are ``installed``."""

        async def ask(worker: str) -> None:
            async def run(function: Callable[..., Any], argument: str | None) -> Any:
                answers = self._client.run(function, argument, workers=[worker], on_error="return")
                return (await answers)[worker]

            versions = {name: await run(version_reader(), name) for name in self._versions}
            identity = await run(signed_in_as, self._profile)
            installed[worker] = versions
            if isinstance(identity, str):
                self._identities[worker] = identity

        asking = (asyncio.wait_for(ask(worker), SECONDS_TO_ANSWER) for worker in workers)
        await asyncio.gather(*asking, return_exceptions=True)


def describe_other_versions(
    wanted: Mapping[str, str], installed: Mapping[str, Mapping[str, object]]
) -> str:
    """Which workers do not have the wanted versions. Empty if all have them.

    ``installed`` has for each worker and distribution a version, or an exception.
    """
    others = [
        f"{worker} has {f'{name} {found}' if isinstance(found, str) else f'no {name}'}"
        for worker, versions in sorted(installed.items())
        for name, found in versions.items()
        if found != wanted[name] and isinstance(found, str | ModuleNotFoundError)
    ]
    if not others:
        return ""
    needed = " and ".join(f"{name} {number}" for name, number in wanted.items())
    return (
        f"Workers must have the same versions as this machine, but {', '.join(others)}. "
        f"Install {needed} on the workers."
    )


def describe_identities(identities: Mapping[str, str]) -> list[str]:
    """A sentence if workers are not all the same user or role for AWS."""
    workers: defaultdict[str, list[str]] = defaultdict(list)
    for worker, identity in sorted(identities.items()):
        workers[identity or "unknown"].append(worker)
    if len(workers) < 2:
        return []
    named = "; ".join(f"{identity} ({', '.join(those)})" for identity, those in workers.items())
    return [
        f"The workers are not all signed in as the same user or role: {named}. If one of them may "
        "not assume the role of an account, another one tries."
    ]


def _connect(address: str) -> Any:
    try:
        import distributed
    except ImportError as error:
        raise StartError(
            "To scan on a cluster, install the extra `dask` of the plug-in here and on workers."
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
