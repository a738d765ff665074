"""Prowler in processes of this machine, forked from one that has loaded it if that is possible."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from multiprocessing import connection, forkserver
from multiprocessing.context import ForkServerContext
from pathlib import Path
from typing import Any, TypeVar

from prowler_access_keys.services.iam.iam_access_keys.facts import RootAudit
from prowler_access_keys.services.iam.iam_access_keys.settings import EXCEPTIONS_VARIABLE

from ..accounts.sign_in import environment_with
from . import preload

FORK_SERVER_IMPORTS = ["__main__", "prowler_org.running_prowler.load_prowler"]
"""What the server that scans are forked from imports when it starts."""
EXCEPTIONS_OPTION = "--access-key-exceptions"
"""Names the file of exceptions among the arguments of a scan; Prowler does not see it."""
LOST = 255
"""The exit code that multiprocessing gives a process whose fork server is gone. It may still run.

Prowler never ends with it.
"""
SAFE_PATH = "PYTHONSAFEPATH"
"""Set for processes that start with ``-c`` or ``-m``, which look for modules where they start.

Without it, they would run a checkout of Prowler in the working directory. Python 3.10 does not know
this variable.
"""
SECONDS_TO_DIE = 10.0
"""How long to wait for the end of a process after killing it."""

Answer = TypeVar("Answer")

_CHILDREN = threading.Lock()
"""Held while a child process starts and while its exit code is read.

``multiprocessing`` looks at all children when it starts one. The exit code of a child of the fork
server can be read only once: two threads that read it at the same time would lose it.
"""


class NoAnswerError(Exception):
    """A process ended before it gave its answer."""


class ProwlerLauncher:
    """Starts Prowler on this machine, forked if possible, and can end all that it started."""

    def __init__(self, for_scans: Callable[[], Mapping[str, str]] = dict) -> None:
        """``for_scans`` gives the variables of a sign-in that a scan gets: see SignIn."""
        self._for_scans = for_scans
        # A copy: while a process starts, another thread changes the environment.
        self._environment = {**os.environ, SAFE_PATH: "1"}
        # It would outrank Prowler's option, which is checked: see arguments.py.
        self._environment.pop("LOG_LEVEL", None)
        self.stopped = threading.Event()
        """Set when nothing more is to start."""
        self._running: set[Any] = set()
        self._lock = threading.Lock()
        self.problem, slower = load_beforehand()
        """Why each scan starts Prowler anew. None if scans are forked."""
        self.warnings = warnings_about(self.problem, slower)
        """What makes scans take longer here, in sentences."""

    def run(
        self, arguments: tuple[str, ...], output_directory: Path, log: Path, timeout: float,
        root: RootAudit | None = None,
    ) -> int | None:  # fmt: skip
        """Run ``prowler aws`` until it ends, or for ``timeout`` seconds.

        ``root`` is what its checks get to know of the root user. Its reports go to
        ``output_directory``, what it prints to the file ``log``. Returns its exit code, -N if
        signal N killed it, LOST if its exit code is not known, None if it took too long. Raises
        SignInError.
        """
        environment = environment_with(self._environment, self._for_scans())
        with self._lock:
            if self.stopped.is_set():
                return None
            try:
                process = _start(_run_prowler, arguments, output_directory, log, environment, root)
            except (OSError, EOFError):  # the fork server has ended
                return LOST
            self._running.add(process)
        try:
            exit_code = _wait(process, timeout)
            if exit_code in (None, LOST):
                kill_group(process.pid)
                _wait(process, SECONDS_TO_DIE)
            return exit_code
        finally:
            with self._lock:
                self._running.discard(process)

    def ask(self, question: Callable[..., Answer], *arguments: Any) -> Answer:
        """Call a function in a process of its own, which it may end. Raises NoAnswerError."""
        return _ask(question, *arguments)

    def stop(self) -> None:
        """Start nothing more, and end all that runs."""
        with self._lock:
            self.stopped.set()
            for process in self._running:
                kill_group(process.pid)


def load_beforehand() -> tuple[str | None, tuple[str, ...]]:
    """Have Prowler loaded by a process that scans are forked from.

    Returns why that is not possible, None if it is, and what makes those scans take longer. If it
    is not, scans are forked from a process that has loaded nothing.
    """
    try:
        problem, slower = _ask(_what_was_loaded)
    except (NoAnswerError, OSError) as error:
        problem, slower = f"the process that loads Prowler did not start: {error}", ()
    if problem:
        end_fork_server()
        FORK_SERVER_IMPORTS.clear()
    return problem, slower


def warnings_about(problem: str | None, slower: Iterable[str]) -> tuple[str, ...]:
    """What ``load_beforehand`` returns, in sentences."""
    if problem:
        return (
            f"{problem}, so Prowler starts anew for each account. The results are the same, but "
            "each scan takes about ten seconds of processor time more.",
        )
    return tuple(
        f"{what}, so each scan takes some more processor time. The results are the same."
        for what in slower
    )


def end_fork_server() -> None:
    """Kill the process that scans are forked from, if there is one. Another one may start later.

    It ends by itself when this process has, but notices that only once it has loaded Prowler.
    """
    server: Any = vars(forkserver)["_forkserver"]
    with suppress(OSError):
        if server._forkserver_pid is not None:
            os.kill(server._forkserver_pid, signal.SIGKILL)
            server._stop()


def kill_group(pid: int) -> None:
    """Kill the process group that this process leads, or else the process. It may have ended."""
    try:
        os.killpg(pid, signal.SIGKILL)
    except OSError:  # it has ended, or does not lead a group yet
        with suppress(OSError):
            os.kill(pid, signal.SIGKILL)


def _fork_server() -> ForkServerContext:
    # A Dask worker under a nanny is a daemonic process. Python does not let those have children,
    # because they could outlive it. Ours do not: see _end_with_parent.
    multiprocessing.current_process().daemon = False
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(FORK_SERVER_IMPORTS)
    return context


def _start(function: Callable[..., None], *arguments: Any) -> Any:
    """Start a process that calls a function, and the fork server too if there is none.

    What it gets goes through a pipe. Returns multiprocessing's process. Raises OSError and EOFError
    if the fork server has ended.
    """
    process: Any = _fork_server().Process(target=function, args=arguments)
    with _CHILDREN:
        before = os.environ.get(SAFE_PATH)
        os.environ[SAFE_PATH] = "1"
        try:
            process.start()
        finally:
            if before is None:
                del os.environ[SAFE_PATH]
            else:
                os.environ[SAFE_PATH] = before
    return process


def _wait(process: Any, seconds: float) -> int | None:
    """Wait for its end. Returns the exit code, -N if signal N killed it, None if it goes on."""
    connection.wait([process.sentinel], seconds)
    with _CHILDREN:
        exit_code: int | None = process.exitcode
    return exit_code


def _ask(question: Callable[..., Answer], *arguments: Any) -> Answer:
    receiver, sender = multiprocessing.Pipe(duplex=False)
    with receiver:
        with sender:
            try:
                process = _start(_answer, sender, question, *arguments)
            except (OSError, EOFError) as error:  # the fork server has ended
                raise NoAnswerError("no process could be started") from error
        try:
            answer: Answer = receiver.recv()
        except EOFError as error:
            raise NoAnswerError("the process ended early") from error
        finally:
            kill_group(process.pid)  # it has answered, or nobody waits for it any more
            with _CHILDREN:
                process.join()
    return answer


# In the child process


def _answer(
    sender: connection.Connection, question: Callable[..., Answer], *arguments: Any
) -> None:
    _begin()
    sender.send(question(*arguments))


def _what_was_loaded() -> tuple[str | None, tuple[str, ...]]:
    return preload.problem, preload.slower


def _run_prowler(
    arguments: tuple[str, ...], output_directory: Path, log: Path, environment: dict[str, str],
    root: RootAudit | None,
) -> None:  # fmt: skip
    """Do what ``prowler aws`` does in a new process, with its output in ``log``."""
    _begin()
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    os.environ.clear()
    os.environ.update(environment)
    if preload.problem:
        arguments = (*arguments, "--output-directory", str(output_directory))
    else:
        preload.renew(output_directory)
    sys.argv = ["prowler", "aws", *_without_exceptions(arguments)]
    from prowler.__main__ import prowler

    if root:
        from prowler_access_keys.services.iam.iam_access_keys.run_state import hand_over

        hand_over(root)
    prowler()


def _without_exceptions(arguments: Iterable[str]) -> list[str]:
    """Prowler's arguments without the file of exceptions, which goes to the checks."""
    left = list(arguments)
    while EXCEPTIONS_OPTION in left:  # a worker gets the option twice; the last one counts
        at = left.index(EXCEPTIONS_OPTION)
        os.environ[EXCEPTIONS_VARIABLE] = left[at + 1]
        del left[at : at + 2]
    return left


def _begin() -> None:
    """Lead a group of processes, and end when the process that started this one ends."""
    os.setsid()
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent:
        parent.join()
        os.killpg(0, signal.SIGKILL)
