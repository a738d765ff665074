"""What somebody sees of a run while it goes on."""

from __future__ import annotations

import io
import os

import pytest

from prowler_org.outcome import Counts, Outcome
from prowler_org.progress import describe, progress

OUTCOMES = (
    Outcome("111111111111", "alice", "scanned", "", 3, Counts(failed=2, passed=1, manual=1)),
    Outcome("222222222222", "bob", "not scanned", "It was denied."),
    Outcome("333333333333", "carol", "scanned", "", 0, Counts(passed=5, muted=1)),
)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def told(stream: io.StringIO, quiet: bool = False) -> str:
    with progress(len(OUTCOMES), quiet, stream) as tell:
        for outcome in OUTCOMES:
            tell(outcome)
    return stream.getvalue()


def test_without_a_terminal_there_is_a_line_for_each_account() -> None:
    assert told(io.StringIO()).splitlines() == [
        "[1/3] 111111111111 alice: 2 failed, 1 passed, 1 to look at",
        "[2/3] 222222222222 bob: not scanned. It was denied.",
        "[3/3] 333333333333 carol: 0 failed, 5 passed, 1 muted",
    ]


def test_on_a_terminal_a_bar_counts_accounts_done_failing_and_not_scanned() -> None:
    end = told(Terminal()).rstrip().splitlines()[-1]
    assert "3/3" in end
    assert "1 failing, 1 not scanned" in end


@pytest.mark.parametrize("stream", [io.StringIO(), Terminal()])
def test_quiet_is_quiet(stream: io.StringIO) -> None:
    assert told(stream, quiet=True) == ""


def test_a_reader_that_is_gone_does_not_end_the_run() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as stream, progress(len(OUTCOMES), False, stream) as tell:
        for outcome in OUTCOMES:
            tell(outcome)


def test_a_name_cannot_do_anything_to_the_terminal() -> None:
    line = describe(Outcome("1", "\x1b[2J\nalice", "not scanned", "\x07"))
    assert line == "1 ?[2J?alice: not scanned. ?"
