"""The commands ``prowler`` and ``prowler-org`` without their start, which takes 20 seconds.

Each run is a fork of a process that has loaded Prowler, and leaves nothing behind for the next.
``tests/organization/test_same_reports.py`` holds that the reports of such a run are those of a
plain one, byte for byte.
"""

from __future__ import annotations

import os
import resource
import signal
import socket
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from multiprocessing import connection, forkserver, resource_tracker
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any
from unittest import mock

from prowler_org import command
from prowler_org.interrupts import SIGNALS
from prowler_org.running_prowler import preload
from prowler_org.running_prowler.processes import _fork_server

from .end_to_end.environments import PATIENCE, Run


@dataclass(frozen=True)
class Running:
    """A command that runs: what the tests use of ``subprocess.Popen``."""

    process: BaseProcess
    log: Path

    @property
    def returncode(self) -> int:
        """The exit code, -N if signal N ended it. It must have ended."""
        assert self.process.exitcode is not None
        return self.process.exitcode

    def communicate(self, timeout: float = PATIENCE) -> tuple[str, None]:
        """Wait for its end. Returns what it printed."""
        self.process.join(timeout)
        assert self.process.exitcode is not None, self.log.read_text("utf-8")
        return self.log.read_text("utf-8"), None

    def send_signal(self, number: int) -> None:
        """Send it a signal."""
        assert self.process.pid
        os.kill(self.process.pid, number)

    def kill(self) -> None:
        """Kill it, but not what it has started."""
        self.process.kill()


def run(words: Sequence[str], *more: str, environment: Mapping[str, str], directory: Path) -> Run:
    """Run a command line of ``prowler`` with ``more`` arguments: see ``Environment.run``."""
    log = directory / "prowler.log"
    running = start([*words, *more], environment=environment, directory=directory, log=log)
    output, _ = running.communicate()
    return Run(running.returncode, output, directory / "output")


def start(
    words: Sequence[str],
    *,
    environment: Mapping[str, str],
    directory: Path,
    log: Path,
    given: str | None = None,
    largest_file: int | None = None,
    prepare: Callable[[], object] | None = None,
) -> Running:
    """Start a command line of ``prowler`` or ``prowler-org`` in a working directory.

    What it prints goes to ``log``. With ``given``, that is on its standard input, and it
    has no terminal. ``largest_file`` limits its files, in bytes. It calls ``prepare`` first.
    """
    arguments = ([*words], dict(environment), directory, log, given, largest_file, prepare)
    process: Any = _fork_server().Process(target=_run, args=arguments)
    process.start()
    return Running(process, log)


# In the forked process


def _run(
    words: list[str],
    environment: dict[str, str],
    directory: Path,
    log: Path,
    given: str | None,
    largest_file: int | None,
    prepare: Callable[[], object] | None,
) -> None:
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(directory)
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    for stream in (1, 2):
        os.dup2(descriptor, stream)
    if preload.problem:
        sys.exit(preload.problem)
    for number in SIGNALS:  # however the tests were started: by nohup, or in the background
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if given is not None:
        os.setsid()  # without a terminal
        sys.stdin = _file_with(given)
    if largest_file:
        resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file, largest_file))
    if prepare:
        prepare()
    sys.argv = words
    if words[0] == "prowler-org":
        with mock.patch.object(forkserver.ForkServer, "ensure_running", _fork_a_fork_server):
            sys.exit(command.main())
    preload.renew(Path.cwd() / "output")
    from prowler.__main__ import prowler

    sys.exit(prowler())


def _file_with(text: str) -> Any:
    reading, writing = os.pipe()
    os.write(writing, text.encode())
    os.close(writing)
    return os.fdopen(reading)


def _fork_a_fork_server(self: Any) -> None:
    """Instead of starting a server for scans that loads Prowler: this process has loaded it."""
    if self._forkserver_pid is not None:
        if not os.waitpid(self._forkserver_pid, os.WNOHANG)[0]:
            return
        os.close(self._forkserver_alive_fd)
    resource_tracker.ensure_running()
    with socket.socket(socket.AF_UNIX) as listener:
        self._forkserver_address = connection.arbitrary_address("AF_UNIX")  # type: ignore[attr-defined]
        listener.bind(self._forkserver_address)
        listener.listen()
        alive, self._forkserver_alive_fd = os.pipe()
        self._forkserver_pid = os.fork()
        if self._forkserver_pid == 0:
            os.close(self._forkserver_alive_fd)
            sys.stdout, sys.stderr = sys.__stdout__, sys.__stderr__
            try:
                forkserver.main(listener.fileno(), alive, [])
            finally:
                os._exit(1)
        os.close(alive)
