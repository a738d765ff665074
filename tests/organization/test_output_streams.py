"""What cannot be printed stops no run: output that is closed, full, or that nobody reads."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embedded_aws.aws import EmbeddedAWS
from embedded_aws.organization import EmbeddedOrganization
from prowler_org import output_streams
from prowler_org.output_streams import robust_streams

from .commands import OrgRun, start


def closed() -> None:
    for stream in (1, 2):
        os.close(stream)


def full() -> None:
    _to(os.open("/dev/full", os.O_WRONLY))


def broken_pipe() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    _to(writing)


def undrained_pipe() -> None:
    output_streams.SECONDS_TO_READ = 0.1  # this process ends with its test, or sets it back
    reading, writing = os.pipe()
    os.set_inheritable(reading, True)
    os.set_blocking(writing, False)
    try:
        while True:
            os.write(writing, bytes(4096))
    except BlockingIOError:
        os.set_blocking(writing, True)
    _to(writing)


def _to(descriptor: int) -> None:
    for stream in (1, 2):
        os.dup2(descriptor, stream)


BROKEN = (closed, full, broken_pipe, undrained_pipe)


@contextmanager
def kept_streams() -> Iterator[None]:
    """The standard streams of this process, as they were, after the context."""
    kept = [os.dup(stream) for stream in (1, 2)]
    try:
        yield
    finally:
        for stream, copy in enumerate(kept, 1):
            os.dup2(copy, stream)
            os.close(copy)


@pytest.mark.parametrize("breaks", BROKEN)
def test_printing_never_fails_or_waits(
    breaks: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(output_streams, "SECONDS_TO_READ", output_streams.SECONDS_TO_READ)
    with kept_streams():
        breaks()
        with robust_streams():
            for stream in (sys.stdout, sys.stderr):
                print("x" * 100_000, file=stream, flush=True)
            opened = os.open(os.devnull, os.O_RDONLY)
            assert opened > 2, "no file gets the number of a closed stream"
            os.close(opened)


@given(st.lists(st.tuples(st.booleans(), st.text(max_size=20)), max_size=50))
def test_printed_lines_keep_their_order(lines: list[tuple[bool, str]]) -> None:
    reading, writing = os.pipe()
    with kept_streams():
        _to(writing)
        os.close(writing)
        with robust_streams():
            for to_error, text in lines:
                print(ascii(text), file=sys.stderr if to_error else sys.stdout)
    with os.fdopen(reading, encoding="utf-8", errors="replace") as pipe:
        assert pipe.read().splitlines() == [ascii(text) for _, text in lines]


@pytest.mark.parametrize("breaks", BROKEN)
def test_a_run_whose_output_is_lost_writes_its_reports_and_has_the_right_exit_code(
    breaks: Callable[[], None],
    organization: EmbeddedOrganization,
    aws: EmbeddedAWS,
    tmp_path: Path,
) -> None:
    account = organization.add_account("account")
    organization.add_keys(account, "alice", 2)
    run = start(environment=aws.environment(), directory=tmp_path / "output", prepare=breaks)
    run.communicate()
    assert run.returncode == 3
    assert f";{account};" in OrgRun(3, "", tmp_path / "output").merged(".csv").read_text("utf-8")
