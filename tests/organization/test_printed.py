"""What prowler-org prints during a run and at its end."""

from __future__ import annotations

import io
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prowler_org.accounts.account_list import Account, AccountList
from prowler_org.reporting.progress import progress
from prowler_org.reporting.summary import (
    describe_listed,
    describe_missing,
    describe_result,
    summarize,
)
from prowler_org.results.account_result import FindingCounts, not_scanned
from prowler_org.results.state import State

from .examples import ALICE, BOB, JOB, STARTED, scanned

CAROL = Account("333333333333", "carol")
RESULTS = (
    scanned(ALICE, FindingCounts(failed=2, passed=1, manual=1)),
    not_scanned(BOB, "It was denied."),
    scanned(CAROL, FindingCounts(passed=5, muted=1)),
)
STATE = State(
    JOB,
    STARTED,
    {account.id: account for account in (ALICE, BOB, CAROL)},
    {result.account: result for result in RESULTS},
)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def printed(stream: io.StringIO) -> str:
    with progress(len(RESULTS), stream) as show:
        for result in RESULTS:
            show(result)
    return stream.getvalue()


def test_without_a_terminal_each_account_has_a_line_and_its_reason_comes_at_the_end() -> None:
    assert printed(io.StringIO()).splitlines() == [
        "[1/3] 111111111111 alice: 2 failed, 1 passed, 1 manual",
        "[2/3] 222222222222 bob's <account>: not scanned, see the end",
        "[3/3] 333333333333 carol: 0 failed, 5 passed, 1 muted",
    ]


def test_on_a_terminal_a_bar_counts_accounts_and_estimates_nothing_at_0() -> None:
    shown = printed(Terminal()).rstrip()
    end = shown.splitlines()[-1]
    assert "3/3" in end
    assert "1 failing, 1 not scanned" in end
    assert all("eta" not in frame and "left" not in frame for frame in shown.split("\r"))


@pytest.mark.parametrize("variable", ["TERM=dumb", "NO_COLOR=1"])
def test_a_terminal_without_a_cursor_gets_a_line_for_each_account(
    variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(*variable.split("="))
    assert printed(Terminal()) == printed(io.StringIO())


@given(st.lists(st.sampled_from(["It was denied.", "It was late.", "It hung."]), max_size=1000))
def test_a_reason_is_printed_once_with_its_number_of_accounts(reasons: list[str]) -> None:
    missing = [
        not_scanned(Account(f"{number:012}", "name"), why) for number, why in enumerate(reasons)
    ]
    lines = describe_missing(missing)
    for why, number in Counter(reasons).items():
        (line,) = (line for line in lines if line.endswith(why))
        assert number == 1 or line.startswith(f"{number} accounts (")
        assert len(line) < 300
    assert len(lines) == len(set(reasons))


def test_the_accounts_are_listed_before_a_run_by_name_and_the_many_by_number() -> None:
    accounts = tuple(Account(f"{number:012}", f"a{number}") for number in range(12))
    listed = AccountList("o-a1b2c3d4e5", "aws", accounts, ())
    assert describe_listed(replace(listed, accounts=accounts[:1])) == (
        "1 account of o-a1b2c3d4e5: a0 000000000000."
    )
    told = describe_listed(listed)
    assert told.startswith("12 accounts of o-a1b2c3d4e5: a0 000000000000, ")
    assert told.endswith("a9 000000000009, and 2 more.")


def test_a_name_cannot_control_the_terminal() -> None:
    line = describe_result(not_scanned(Account("1", "\x1b[2J\nalice"), "\x07"))
    assert line == "1 ?[2J?alice: not scanned. ?"


def test_the_summary_names_the_accounts_not_scanned_and_the_reports() -> None:
    assert summarize(STATE, [Path("org.csv"), Path("org.html")]).splitlines() == [
        "2 of 3 accounts scanned, 1 of them failing.",
        "1 not scanned (--resume tries again):",
        "  222222222222 bob's <account>: not scanned. It was denied.",
        "Reports:",
        "  org.csv",
        "",
        "org.html",
    ]
