"""Which reports are read, what of them, and what is refused."""

from __future__ import annotations

import json
import os
import socket
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prowler_access_keys.ranking.findings import reports
from prowler_access_keys.ranking.findings.collected import collect
from prowler_access_keys.ranking.findings.remembered import Remembered
from prowler_access_keys.ranking.findings.reports import find_reports, findings_in, oldest_first
from prowler_access_keys.ranking.over_time.snapshot import read_snapshot
from prowler_access_keys.ranking.whole_file import UnusableFileError

from .reports import ACCOUNT, NOW, SHORT, TODAY, YESTERDAY, finding, key, write

FAILING = finding("multiple", "alice", access_keys=[key(1, 400), key(2, 30)])
OTHER = {**finding("s3_bucket_public_access", "bucket"), "unmapped": {"padding": "x" * 2000}}


def test_a_folder_gives_the_reports_in_all_folders_below_but_those_of_compliance(
    tmp_path: Path,
) -> None:
    ours = [write(tmp_path / f"{name}.ocsf.json", [FAILING]) for name in ("a", "accounts/1/b")]
    write(tmp_path / "compliance" / "c.ocsf.json", [{**FAILING, "class_uid": 2003}])
    (tmp_path / "accounts" / "d.csv").write_text("")
    (tmp_path / "link.ocsf.json").symlink_to(ours[0])
    found, problems = find_reports([ours[0], tmp_path, ours[0]])
    assert found == ours
    assert problems == {tmp_path / "link.ocsf.json": "it is a link, which is not followed"}


def test_a_folder_that_may_not_be_read_is_a_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    locked, scandir = tmp_path / "locked", os.scandir
    locked.mkdir()

    def denied(path: Any) -> Any:  # root, as which tests may run, can read every folder
        if Path(path) == locked:
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", denied)
    _, problems = find_reports([tmp_path])
    assert problems == {locked: "it cannot be read: Permission denied"}


def test_a_file_that_is_named_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        find_reports([tmp_path / "none.ocsf.json"])


@pytest.mark.parametrize("size", [7, 100, 1 << 20])
def test_only_findings_of_our_checks_are_given_wherever_a_chunk_ends(
    tmp_path: Path, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reports, "CHUNK", size)
    report = write(tmp_path / "a.ocsf.json", [OTHER, FAILING, OTHER])
    assert [found.user for found in findings_in(report)] == ["alice"]
    minified = tmp_path / "b.ocsf.json"
    minified.write_text(f"\ufeff {json.dumps([OTHER, FAILING])}\n")
    assert [found.user for found in findings_in(minified)] == ["alice"]


WHOLE = json.dumps([FAILING])


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "it is empty"),
        ("[]", "it has no findings"),
        (WHOLE[:-30], "it ends in the middle of a finding, or is damaged"),
        (WHOLE[:-1], "it ends in the middle of a finding, or is damaged"),
        (WHOLE[:-1] + ",", "it ends in the middle of a finding, or is damaged"),
        (WHOLE.replace("FAIL", "WEIRD"), "finding 1 is not one of Prowler's in OCSF"),
        (WHOLE + WHOLE, "something follows the end of its list"),
        ('[{"SchemaVersion": "2018-10-08"}]', "it is not an OCSF report of Prowler's"),
        ('[{"class_uid": 2003}]', "1 of its 1 OCSF events are not findings"),
        ('[{"class_uid": 2004, "metadata": 5}]', "finding 1 is not one of Prowler's in OCSF"),
        ("AUTH_METHOD;TIMESTAMP\r\n", "it is not a list of findings"),
        ("[1, 2]", "it is not a list of findings"),
        ('[{"a":' * 100_000, "it is nested too deeply"),
        (WHOLE.replace(str(TODAY), "9" * 5000), "it is damaged"),
        (WHOLE.replace(str(TODAY), "1e999"), "finding 1 is not one of Prowler's in OCSF"),
        (WHOLE.replace(str(TODAY), "10000000000000"), "finding 1 is not one of Prowler's in OCSF"),
        (WHOLE.replace('"payments"', "5"), "finding 1 is not one of Prowler's in OCSF"),
        ("[" * 100_000, "it is not a list of findings"),
    ],
)
def test_what_is_not_a_whole_report_is_refused_with_the_reason(
    tmp_path: Path, text: str, why: str
) -> None:
    report = tmp_path / "a.ocsf.json"
    report.write_text(text)
    with pytest.raises(UnusableFileError, match=why):
        list(findings_in(report))


def test_binary_data_is_refused(tmp_path: Path) -> None:
    report = tmp_path / "a.ocsf.json"
    report.write_bytes(b"\x89PNG\xff\xfe")
    with pytest.raises(UnusableFileError, match="not text"):
        list(findings_in(report))


def test_what_was_read_before_the_damage_counts_and_the_damage_is_told(tmp_path: Path) -> None:
    report = tmp_path / "a.ocsf.json"
    report.write_text(json.dumps([FAILING, OTHER])[:-300])
    told = collect([report], NOW)
    assert list(told.problems) == [report]
    assert [found.user for found in told.open.values()] == ["alice"]


def test_a_report_without_a_finding_of_our_checks_is_named(tmp_path: Path) -> None:
    report = write(tmp_path / "a.ocsf.json", [OTHER])
    assert collect([report], NOW).without_ours == [report]


def test_of_each_finding_the_newest_counts_whatever_the_names_of_the_files(tmp_path: Path) -> None:
    passing = finding("multiple", "alice", "PASS", time=TODAY)
    old = write(tmp_path / "z.ocsf.json", [{**FAILING, "time": YESTERDAY}])
    new = write(tmp_path / "a.ocsf.json", [passing])
    assert oldest_first([new, old]) == [old, new]
    assert not collect(oldest_first([new, old]), NOW).open
    assert not collect([new, old], NOW).open
    again = write(tmp_path / "b.ocsf.json", [{**FAILING, "time": TODAY + 1}])
    assert [found.time for found in collect([new, old, again], NOW).open.values()] == [TODAY + 1]


def test_the_same_user_is_the_same_whatever_region_the_scan_began_in(tmp_path: Path) -> None:
    passing = finding("multiple", "alice", "PASS", time=TODAY)
    passing["finding_info"]["uid"] = "prowler-aws-…-eu-west-1-alice"
    reports = [
        write(tmp_path / "a.ocsf.json", [{**FAILING, "time": YESTERDAY}]),
        write(tmp_path / "b.ocsf.json", [passing]),
    ]
    assert not collect(reports, NOW).open


VERDICTS = [("FAIL", False), ("MANUAL", False), ("FAIL", True), ("MANUAL", True), ("PASS", False)]
"""The worst first."""


@given(order=st.permutations(range(len(VERDICTS))), number=st.integers(1, len(VERDICTS)))
def test_of_the_same_time_the_worse_verdict_counts_whatever_the_names_of_the_files(
    tmp_path_factory: pytest.TempPathFactory, order: list[int], number: int
) -> None:
    folder, drawn = tmp_path_factory.mktemp("drawn"), order[:number]
    for place, verdict in enumerate(drawn):
        status, muted = VERDICTS[verdict]
        write(folder / f"{place}.ocsf.json", [finding("unused", "a", status, muted=muted)])
    person = "arn:aws:iam::123456789012:user/a a"
    then = Remembered(ACCOUNT, SHORT["unused"], "a", "FAIL")
    result = collect(find_reports([folder])[0], NOW, {f"{then.check} {person}": then})
    status, muted = VERDICTS[min(drawn)]
    kept = [*result.open.values(), *result.others.values()]
    assert [(found.status, found.muted) for found in kept if found.status != "PASS"] == (
        [(status, muted)] if status != "PASS" else []
    )
    worst = min((VERDICTS[verdict][0] for verdict in drawn), key=["FAIL", "MANUAL", "PASS"].index)
    followed = result.followed[person][then.check]
    assert (followed.status, followed.time) == (worst, TODAY)


@given(
    hours=st.lists(st.integers(-100, 200), min_size=1, max_size=4),
    statuses=st.lists(st.sampled_from(["FAIL", "PASS", "MANUAL"]), min_size=4, max_size=4),
)
def test_what_is_dated_ahead_outranks_nothing_and_is_named(
    tmp_path_factory: pytest.TempPathFactory, hours: list[int], statuses: list[str]
) -> None:
    folder, now = tmp_path_factory.mktemp("drawn"), int(NOW.timestamp())
    drawn = [
        finding("unused", "a", status, time=now + hour * 3600)
        for hour, status in zip(hours, statuses, strict=False)
    ]
    # A newer scan of the account makes what is older come late, and be looked up again.
    newest = write(folder / "newest.ocsf.json", [finding("unused", "b", "PASS", time=now + 86_400)])
    paths = [write(folder / f"{at}.ocsf.json", [member]) for at, member in enumerate(drawn)]
    alone = [path for path, hour in zip(paths, hours, strict=True) if hour <= 24]
    result, without = collect([newest, *paths], NOW), collect([newest, *alone], NOW)
    assert (result.open, result.others) == (without.open, without.others)
    assert list(result.problems) == [path for path in paths if path not in alone]
    assert all("dated later than now" in why for why in result.problems.values())


def test_a_failure_that_is_dated_ahead_is_named_and_damage_too(tmp_path: Path) -> None:
    ahead = [finding("unused", name, time=TODAY + 400 * 86_400) for name in ("a", "b")]
    passing = finding("unused", "c", "PASS", time=TODAY + 400 * 86_400)
    report = write(tmp_path / "a.ocsf.json", [passing, *ahead, OTHER])
    report.write_text(report.read_text()[:-30])
    (why,) = collect([report], NOW).problems.values()
    assert why == (
        f"{reports.TRUNCATED}; findings dated later than now are left out (3, of which 2 FAIL): "
        f"{SHORT['unused']} for a in 123456789012 on 2027-12-30"
    )


@given(classes=st.lists(st.sampled_from([2004, 2003, 1001]), min_size=1, max_size=5))
def test_only_a_file_that_is_all_about_compliance_is_left_out(
    tmp_path_factory: pytest.TempPathFactory, classes: list[int]
) -> None:
    folder = tmp_path_factory.mktemp("drawn")
    events = [{**finding("unused", f"u{at}"), "class_uid": of} for at, of in enumerate(classes)]
    report = write(folder / "a.ocsf.json", events)
    found, _ = find_reports([folder])
    assert found == ([] if set(classes) == {2003} else [report])
    result = collect([report], NOW)
    assert len(result.open) == classes.count(2004)
    assert list(result.problems) == ([] if set(classes) == {2004} else [report])


@pytest.mark.parametrize("kind", ["FIFO", "socket", "folder", "device"])
def test_what_is_not_a_regular_file_is_refused_and_does_not_block(
    tmp_path: Path, kind: str
) -> None:
    path = tmp_path / "x.ocsf.json"
    if kind == "FIFO":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(path))
    else:
        path = Path("/dev/zero")
    assert list(collect([path], NOW).problems) == [path]
    with pytest.raises(UnusableFileError, match=r"regular|cannot be read"):
        read_snapshot(path, NOW)
    if kind in ("FIFO", "socket"):
        assert find_reports([tmp_path]) == ([path], {})


def test_half_characters_are_replaced(tmp_path: Path) -> None:
    report = tmp_path / "a.ocsf.json"
    report.write_text(WHOLE.replace("payments", "pay\\ud800"))
    assert [found.account_name for found in findings_in(report)] == ["pay?"]


def test_memory_does_not_grow_with_other_checks_findings(tmp_path: Path) -> None:
    def peak(findings: int) -> int:
        report = write(tmp_path / f"{findings}.ocsf.json", [OTHER] * findings)
        tracemalloc.start()
        assert not list(findings_in(report))
        used = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return used

    assert peak(4000) < 1.5 * peak(1000)
