"""The page and the CSV of ranked keys, with names that other people chose."""

from __future__ import annotations

import io
import re
from pathlib import Path
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import pytest

from prowler_access_keys.ranking.entries.entry import Entry
from prowler_access_keys.ranking.outputs.files import COLUMNS, cell, write_csv
from prowler_access_keys.ranking.outputs.page import FOLDED, SHOWN, NotCovered, Page, render
from prowler_access_keys.ranking.outputs.printing import has_color
from prowler_access_keys.ranking.outputs.terminal import describe_first
from prowler_access_keys.ranking.outputs.wording import word_age
from prowler_access_keys.ranking.over_time.changes import Change

from ..csv_files import csv_rows
from .reports import finding, key, ranked

HOSTILE = '=x</style><script>alert(1)</script>\u202e\x1b[31m\r\n"&amp;'
HARMLESS = '=x</style><script>alert(1)</script>??[31m??"&amp;'
RETIRE = {"action": "deactivate", "retire": key(1, 0)["access_key_id"]}


@pytest.fixture
def hostile(tmp_path: Path) -> tuple[Entry, ...]:
    return ranked(
        tmp_path,
        finding(
            "unused", "-alice", name=HOSTILE, access_keys=[key(1, 300)], advice=RETIRE,
            owner=HOSTILE,
        ),
    )  # fmt: skip


def page_of(entries: tuple[Entry, ...], **more: object) -> Element:
    """The page, which is well-formed XML too."""
    facts = {"not_covered": [NotCovered("1", HOSTILE, HOSTILE)], **more}
    page = Page(
        title="Which access key first", subtitle="", entries=entries, csv="k.csv",
        links={"123456789012": "a.html"}, columns=(), accounts=(), **facts,  # type: ignore[arg-type]
    )  # fmt: skip
    return ElementTree.fromstring(render(page))  # noqa: S314 - it is our own


def many(tmp_path: Path, number: int) -> tuple[Entry, ...]:
    return ranked(
        tmp_path,
        *(
            finding("unrotated", f"u{user}", access_keys=[key(user, 100 + user)])
            for user in range(number)
        ),
    )


def test_other_peoples_words_are_only_text_and_can_be_recognized(
    hostile: tuple[Entry, ...],
) -> None:
    page = page_of(hostile)
    assert {"script", "img", "iframe"}.isdisjoint({element.tag for element in page.iter()})
    assert HARMLESS in [text for text in page.itertext() if "alert" in text]
    (link,) = [element for element in page.iter("a") if element.get("href") == "a.html"]
    assert "".join(link.itertext()) == HARMLESS


def test_the_csv_has_the_columns_and_cells_that_do_nothing(
    tmp_path: Path, hostile: tuple[Entry, ...]
) -> None:
    write_csv(hostile, tmp_path / "keys.csv")
    (row,) = csv_rows(tmp_path / "keys.csv")
    assert tuple(row) == COLUMNS
    assert row["rank"] == "1"
    assert (row["user"], row["account_name"], row["owner"]) == (
        "'-alice",
        f"'{HARMLESS}",
        f"'{HARMLESS}",
    )
    assert (row["administrator"], row["age_days"]) == ("", "300")
    assert cell(False) == "false"


def test_a_terminal_gets_no_control_characters(hostile: tuple[Entry, ...]) -> None:
    told = "\n".join(describe_first(hostile))
    assert HARMLESS in told
    assert "\x1b" not in told
    assert RETIRE["retire"] in told


@pytest.mark.parametrize(
    ("number", "words"), [(1, "1 incident or root key"), (2, "2 incidents or root keys")]
)
def test_a_terminal_counts_incidents_in_words(tmp_path: Path, number: int, words: str) -> None:
    incidents = [finding("decoy", f"u{n}", access_keys=[key(n, 300)]) for n in range(number)]
    assert describe_first(ranked(tmp_path, *incidents))[0] == words


def test_a_terminal_gets_totals_and_then_keys_by_group(tmp_path: Path) -> None:
    entries = ranked(
        tmp_path,
        finding("unused", "a", access_keys=[key(1, 300)], advice=RETIRE),
        *(finding("unrotated", f"u{n}", access_keys=[key(n, 800 + n)]) for n in range(2, 5)),
    )
    lines = describe_first(entries, 2)
    assert lines[0] == "1 to deactivate now, 3 to migrate or investigate; the first 2:"
    assert [line for line in lines if line and line[0].isalpha()] == [
        "Unused: deactivate now",
        "In use: migrate first",
    ]
    assert any(line.endswith("u4 in payments (123456789012), 2 years old") for line in lines)
    colored = describe_first(entries, 2, color=True)
    assert colored != lines
    assert [re.sub("\x1b\\[[0-9;]*m", "", line) for line in colored] == lines


@pytest.mark.parametrize(
    ("is_terminal", "variables", "has"),
    [
        (True, {}, True),
        (False, {}, False),
        (True, {"NO_COLOR": "1"}, False),
        (True, {"NO_COLOR": ""}, True),
        (True, {"TERM": "dumb"}, False),
    ],
)
def test_only_a_terminal_gets_color_and_only_if_it_is_wanted(
    is_terminal: bool, variables: dict[str, str], has: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    stream = io.StringIO()
    monkeypatch.setattr(stream, "isatty", lambda: is_terminal)
    assert has_color(stream) is has


@pytest.mark.parametrize(
    ("days", "words"),
    [(1, "1 day"), (730, "730 days"), (731, "2 years"), (1095, "2 years"), (1096, "3 years")],
)
def test_ages_are_in_whole_years_from_two_on(days: int, words: str) -> None:
    assert word_age(days) == words


def test_the_page_opens_with_figures_in_the_order_of_alarm_that_link_to_their_parts(
    tmp_path: Path,
) -> None:
    entries = ranked(
        tmp_path,
        finding("quarantined", "i", access_keys=[key(9, 300)], quarantine_policies=["Q"],
                advice={"action": "incident"}),
        finding("unused", "a", access_keys=[key(1, 300)], advice=RETIRE),
        finding("unrotated", "b", access_keys=[key(2, 300)]),
        finding("unrotated", "c", access_keys=[key(3, 300)]),
        finding("unused", "d", "MANUAL"),
    )  # fmt: skip
    left_out = NotCovered("2", "", "not chosen", 7, is_left_out=True)
    page = page_of(entries, muted=4, not_covered=[NotCovered("1", "", "failed"), left_out])
    shown = [
        (box.findtext("dt"), link.text, dd.get("class"), link.get("href", ""))
        for box in page.iterfind(".//dl/div")
        for dd in box.iterfind("dd")
        for link in dd.iterfind("a")
    ]
    assert shown == [
        ("incidents or root keys", "1", "failed", "#incident"),
        ("to deactivate now", "1", "failed", "#deactivate-now"),
        ("to migrate or investigate", "2", "manual", "#needs_work"),
        ("accepted or muted", "4", "muted", "#muted"),
        ("not read", "2", "failed", "#not-read"),
        ("left out", "7", "muted", "#left-out"),
    ]
    ids = [element.get("id") for element in page.iter() if element.get("id")]
    assert {href.removeprefix("#") for *_, href in shown} <= {*ids}
    assert ids.index("not-read") < ids.index("keys")
    assert page.findtext(".//ul[@class='keys causes']/li//b/bdi") == "d in payments (123456789012)"
    assert "Checks without a verdict: unused keys" in "".join(page.itertext())
    nothing = page_of((), not_covered=[])
    assert not nothing.findall(".//dl//a")
    assert {dd.get("class") for dd in nothing.iterfind(".//dl//dd")} == {None}


def test_an_account_that_could_not_be_judged_counts_once_though_its_report_says_so_too(
    tmp_path: Path,
) -> None:
    entries = ranked(tmp_path, finding("unused", "d", "MANUAL"))
    page = page_of(entries, not_covered=[NotCovered("123456789012", "", "not judged")])
    assert "".join(page.findall(".//dl/div/dd")[4].itertext()) == "1"


def test_one_block_has_all_commands_by_account_and_one_those_that_undo_them(
    hostile: tuple[Entry, ...], tmp_path: Path
) -> None:
    others = ranked(
        tmp_path,
        finding("unused", "x", access_keys=[key(1, 300)], advice=RETIRE, account="1" * 12),
        finding("unrotated", "b", access_keys=[key(2, 300)]),
    )
    do, undo = page_of((*hostile, *others)).findall(".//details[@id='deactivate-now']/pre")
    lines = "".join(do.itertext()).splitlines()
    keys = {entry.command: entry for entry in (*hostile, *others) if entry.can_go_now}
    assert lines == [
        "# payments 111111111111", next(k for k in keys if "user-name=x" in k),
        f"# {HARMLESS} 123456789012", next(k for k in keys if "user-name=-alice" in k),
    ]  # fmt: skip
    assert "".join(undo.itertext()) == "".join(do.itertext()).replace("Inactive", "Active")


def test_an_entry_has_its_id_twice_at_most_and_says_how_long_ago(tmp_path: Path) -> None:
    old, new = key(1, 1200, last_used_date="2026-11-01T00:00:00+00:00"), key(2, 30)
    advice = {"action": "finish-rotation", "retire": old["access_key_id"],
              "keep": new["access_key_id"]}  # fmt: skip
    usage = {"regions": ["eu-west-1"], "events": 0, "all_events": True, "used_by": []}
    scanned = finding("multiple", "a", access_keys=[{**old, "usage": usage}, new], advice=advice)
    text = [
        " ".join("".join(li.itertext()).split())
        for li in page_of(ranked(tmp_path, scanned)).iterfind(".//ol/li")
    ]
    assert text
    for entry in text:
        assert entry.count(old["access_key_id"]) <= 2
        assert entry.count(new["access_key_id"]) <= 2
    assert "then deactivate the key." in text[0]
    assert "3 years old · last used" in text[0]
    assert " days ago" in text[0]


def test_a_missing_permission_of_a_whole_fleet_is_one_entry_behind_the_keys(
    tmp_path: Path,
) -> None:
    denied = {"call": "iam:ListAccessKeys", "error_code": "AccessDenied"}
    unread = [
        finding("unused", f"u{user}", "MANUAL", account=f"{account:012}", unreadable=denied)
        for account in range(300)
        for user in range(10)
    ]
    entries = ranked(
        tmp_path, *unread, finding("unused", "a", access_keys=[key(1, 300)], advice=RETIRE)
    )
    page = page_of(entries)
    assert [element.findtext(".//code") for element in page.iterfind(".//ol/li")] == [
        RETIRE["retire"]
    ]
    (cause,) = page.findall(".//ul[@class='keys causes']/li")
    text = " ".join("".join(cause.itertext()).split())
    assert text.startswith("3,000 users in 300 accounts iam:ListAccessKeys failed with AccessDen")
    assert text.endswith("Checks without a verdict: unused keys")
    assert "no owner" not in text
    lines = describe_first(entries)
    assert lines[:3] == ["1 to deactivate now", "", "Unused: deactivate now"]
    assert lines[-1].startswith("Not judged: 3,000 users in 300 accounts. iam:ListAccessKeys fai")
    write_csv(entries, tmp_path / "keys.csv")
    assert len((tmp_path / "keys.csv").read_text().splitlines()) == 3002


def test_a_manual_finding_of_an_incident_is_not_judged_and_does_not_fail(tmp_path: Path) -> None:
    manual = finding("unused", "a", "MANUAL", quarantine_policies=["Q"])
    text = "".join(page_of(ranked(tmp_path, manual)).itertext())
    assert "Checks without a verdict: unused keys" in text
    assert "Checks failed" not in text


def test_changes_name_accounts_by_number_too(tmp_path: Path) -> None:
    changed = [Change("new", number, "prod", "a", "iam_user_x") for number in ("1", "2")]
    page = page_of((), changes=changed, since="then")
    cells = [" ".join(element.itertext()) for element in page.iterfind(".//details//td[2]")]
    assert [cell.split() for cell in cells] == [["prod", "1"], ["prod", "2"]]


def test_fifty_keys_are_shown_and_the_rest_is_folded_or_in_the_csv(tmp_path: Path) -> None:
    entries = many(tmp_path, FOLDED + 5)
    page = page_of(entries)
    lists = page.findall(".//ol")
    assert [len(element.findall("li")) for element in lists] == [SHOWN, FOLDED - SHOWN]
    assert "5 more are in the" in "".join(page.itertext())
    ranks = [element.findtext("span") for element in page.iterfind(".//ol/li")]
    assert ranks == [str(number) for number in range(1, FOLDED + 1)]


def test_a_page_without_a_key_says_so(tmp_path: Path) -> None:
    assert "No key fails a check." in "".join(page_of(()).itertext())
    told = "".join(page_of((), no_ranking="There is no list.").itertext())
    assert "There is no list." in told
    unread = ranked(tmp_path, finding("unused", "d", "MANUAL"))
    assert describe_first(unread)[0] == "No key is known to fail a check."
    assert "No key is known to fail a check." in "".join(page_of(unread).itertext())
    assert "No key fails" not in told
