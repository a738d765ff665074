"""A Dask cluster on loopback: a scheduler and workers in processes of their own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import distributed

PATIENCE = 120.0
"""Seconds in which a scheduler or a worker must come up."""


class EmbeddedCluster:
    """A context manager: a scheduler while it is entered, and the workers that are added.

    ``scheduler`` is the command that starts the scheduler, on a free port. ``environment`` is the
    scheduler's, ``security`` what Dask's own client needs to connect to it.
    """

    def __init__(
        self,
        folder: Path,
        scheduler: Sequence[str] = ("dask", "scheduler"),
        environment: Mapping[str, str] | None = None,
        security: Any = None,
    ) -> None:
        self._folder = folder
        self._scheduler = scheduler
        self._environment = environment
        self._security = security
        self._stack = ExitStack()
        self._added = 0
        self.address = ""
        self.client: Any = None

    def __enter__(self) -> EmbeddedCluster:
        file = self._folder / "scheduler.json"
        options = ("--port", "0", "--no-dashboard", "--scheduler-file", str(file))
        self._start(sys.executable, *self._scheduler, *options, environment=self._environment)
        self._wait(file.exists, "the scheduler did not come up")
        connect: Any = distributed.Client
        client = connect(scheduler_file=str(file), security=self._security)
        self.client = self._stack.enter_context(client)
        self.address = self.client.scheduler.address
        return self

    def __exit__(self, *exception: object) -> None:
        self._stack.close()

    def add_worker(
        self,
        environment: Mapping[str, str],
        python: str = sys.executable,
        worker: Sequence[str] = (),
    ) -> None:
        """Start a worker with this environment, and wait until it has joined.

        ``worker`` is the command. Without it, the worker has one thread.
        """
        name = f"worker-{self._added}"
        self._added += 1
        command = worker or ("dask", "worker", self.address, "--nthreads", "1")
        self._start(python, *command, "--no-dashboard", "--name", name, environment=environment)
        # By name, because a worker that was killed comes back at any time.
        self._wait(lambda: name in self._names(), f"{name} did not join")

    def busy_worker(self) -> int:
        """The process ID of the only worker that is busy."""
        (busy,) = [worker for worker, tasks in self.client.processing().items() if tasks]
        pid: int = self.client.run(os.getpid, workers=[busy])[busy]
        return pid

    def _names(self) -> set[str]:
        """The names of the workers that have joined."""
        return {worker["name"] for worker in self.client.scheduler_info()["workers"].values()}

    @staticmethod
    def _wait(happened: Callable[[], bool], otherwise: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while not happened():
            if time.monotonic() > deadline:
                raise TimeoutError(otherwise)
            time.sleep(0.05)

    def _start(
        self, python: str, *command: str, environment: Mapping[str, str] | None = None
    ) -> None:
        process = subprocess.Popen(
            [python, "-m", *command, "--host", "127.0.0.1"],
            env=environment,
            cwd=self._folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self._stack.callback(process.wait)
        self._stack.callback(os.killpg, process.pid, signal.SIGKILL)
