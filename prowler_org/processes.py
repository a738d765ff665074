"""Prowler in processes of this machine: forked from a preloaded one, or started from scratch."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing import connection
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from . import preload

if TYPE_CHECKING:  # Windows has none
    from multiprocessing.context import ForkServerContext

LOST = 255
"""The exit code that multiprocessing gives a process whose fork server is gone. It may still run.

Prowler never ends with it.
"""
SAFE_PATH = "PYTHONSAFEPATH"
"""Set for what is started here with ``-c`` or ``-m``, which looks for modules where it is started.

A checkout of Prowler there would be run instead of the one that is installed. Python 3.10 does
not know this variable.
"""
SECONDS_TO_DIE = 10.0
"""How long to wait for the end of a process that was killed."""

Answer = TypeVar("Answer")

_CHILDREN = threading.Lock()
"""Held while a child process is started and while its exit code is read.

``multiprocessing`` looks at all children when it starts one. The exit code of a child of the fork
server can be read once only, so two threads at a time would lose it.
"""


class NoAnswerError(Exception):
    """A process ended before it gave its answer."""


class Run(Protocol):
    """One run of Prowler."""

    def wait(self, seconds: float) -> int | None:
        """Wait for its end. Returns the exit code, -N if signal N killed it, None if it runs on."""

    def kill(self) -> None:
        """End it and all that it started, at once."""


class ForkedRun:
    """A run forked from the process that loaded Prowler."""

    def __init__(self, arguments: tuple[str, ...], output_directory: Path, log: Path) -> None:
        self._process: Any = _fork_server().Process(
            target=_run_prowler, args=(arguments, output_directory, log)
        )
        with _starting():
            self._process.start()

    def wait(self, seconds: float) -> int | None:
        """See Run."""
        connection.wait([self._process.sentinel], seconds)
        with _CHILDREN:
            exit_code: int | None = self._process.exitcode
        return exit_code

    def kill(self) -> None:
        """See Run."""
        _kill(self._process.pid)


class PlainRun:
    """A run of the command ``prowler``, which loads everything itself."""

    def __init__(self, arguments: tuple[str, ...], output_directory: Path, log: Path) -> None:
        command = [sys.executable, "-m", "prowler_org.plain", "aws", *arguments]
        command += ["--output-directory", str(output_directory)]
        with log.open("wb") as file:
            self._process = subprocess.Popen(
                command,
                env=os.environ | {SAFE_PATH: "1"},
                stdin=subprocess.PIPE,
                stdout=file,
                stderr=file,
                start_new_session=True,
            )

    def wait(self, seconds: float) -> int | None:
        """See Run."""
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None

    def kill(self) -> None:
        """See Run."""
        if sys.platform == "win32":
            self._process.kill()
        else:
            _kill(self._process.pid)


class Launcher:
    """Starts runs of Prowler on this machine, forked if possible, and can end them all."""

    def __init__(self) -> None:
        self.stopped = threading.Event()
        """Set once nothing is to be started any more."""
        self._running: set[Run] = set()
        self._lock = threading.Lock()
        self.problem = why_not_forked()
        """Why runs are plain ones; None if they are forked."""

    def run(
        self, arguments: tuple[str, ...], output_directory: Path, log: Path, timeout: float
    ) -> int | None:
        """Run ``prowler aws`` to its end, or to ``timeout`` seconds.

        Its reports go to ``output_directory``, what it prints to the file ``log``. Returns its
        exit code, -N if signal N killed it, LOST if nobody knows, None if it was ended for its
        time.
        """
        kind: Callable[..., Run] = PlainRun if self.problem else ForkedRun
        with self._lock:
            if self.stopped.is_set():
                return None
            try:
                run = kind(arguments, output_directory, log)
            except (OSError, EOFError):  # the fork server has ended
                return LOST
            self._running.add(run)
        try:
            exit_code = run.wait(timeout)
            if exit_code in (None, LOST):
                run.kill()
                run.wait(SECONDS_TO_DIE)
            return exit_code
        finally:
            with self._lock:
                self._running.discard(run)

    def ask(self, question: Callable[..., Answer], *arguments: Any) -> Answer:
        """Ask in a process of its own, which may end without harm. Raises NoAnswerError."""
        context = multiprocessing.get_context("spawn") if self.problem else _fork_server()
        return _ask(context, question, *arguments)

    def stop(self) -> None:
        """Start nothing more, and end all that runs."""
        with self._lock:
            self.stopped.set()
            for run in self._running:
                run.kill()


def why_not_forked() -> str | None:
    """Why scans cannot be forked from a process that has loaded Prowler; None if they can."""
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return "this system cannot fork"
    try:
        return _ask(_fork_server(), _tell_problem)
    except (NoAnswerError, OSError) as error:
        return f"the process that loads Prowler did not start: {error}"


def _fork_server() -> ForkServerContext:
    # A Dask worker under a nanny is a daemonic process. Those are not allowed to have children,
    # as they could outlive it; ours do not, see _end_with_parent.
    multiprocessing.current_process().daemon = False
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["__main__", "prowler_org.warm_up"])
    return context


@contextmanager
def _starting() -> Iterator[None]:
    """While a child process is started, which may start the fork server too."""
    with _CHILDREN:
        before = os.environ.get(SAFE_PATH)
        os.environ[SAFE_PATH] = "1"
        try:
            yield
        finally:
            if before is None:
                del os.environ[SAFE_PATH]
            else:
                os.environ[SAFE_PATH] = before


def _ask(context: Any, question: Callable[..., Answer], *arguments: Any) -> Answer:
    receiver, sender = context.Pipe(duplex=False)
    with receiver:
        process = context.Process(target=_tell, args=(sender, question, *arguments))
        with sender:
            try:
                with _starting():
                    process.start()
            except (OSError, EOFError) as error:  # the fork server has ended
                raise NoAnswerError("no process could be started") from error
        try:
            answer: Answer = receiver.recv()
        except EOFError as error:
            raise NoAnswerError("the process ended early") from error
        finally:
            with _CHILDREN:
                process.join()
    return answer


# In the child


def _tell(sender: connection.Connection, question: Callable[..., Answer], *arguments: Any) -> None:
    sender.send(question(*arguments))


def _tell_problem() -> str | None:
    return preload.problem


def _run_prowler(arguments: tuple[str, ...], output_directory: Path, log: Path) -> None:
    """What ``prowler aws`` does in a new process, with the output in ``log``."""
    os.setsid()
    threading.Thread(target=_end_with_parent, daemon=True).start()
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    os.dup2(descriptor, sys.stdout.fileno())
    os.dup2(descriptor, sys.stderr.fileno())
    preload.renew(output_directory)
    sys.argv = ["prowler", "aws", *arguments]
    from prowler.__main__ import prowler

    prowler()


def _end_with_parent() -> None:
    """End this run when the process that asked for it is gone: nobody would take its reports."""
    parent = multiprocessing.parent_process()
    if parent:
        parent.join()
        os.killpg(0, signal.SIGKILL)


def _kill(pid: int) -> None:
    try:
        os.killpg(pid, signal.SIGKILL)
    except OSError:  # it has ended, or has not come to make its own group
        with suppress(OSError):
            os.kill(pid, signal.SIGKILL)
