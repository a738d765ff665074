"""The curves of the page: the numbers of the runs' files, and nothing else."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from pathlib import Path
from xml.etree import ElementTree

from prowler_access_keys.ranking.cli import _page
from prowler_access_keys.ranking.outputs.curve import draw_curves
from prowler_access_keys.ranking.outputs.page import render
from prowler_access_keys.ranking.over_time.runs import Figures
from prowler_access_keys.ranking.over_time.snapshot import RUNS, earlier_runs
from prowler_access_keys.ranking.ranked_reports import rank_reports, write_files

from .reports import finding, key, write

START = datetime(2026, 1, 1, tzinfo=timezone.utc)


def test_the_points_are_the_figures_at_their_times_from_zero() -> None:
    runs = [
        (START + timedelta(days=day), Figures(100, failing, 0, day))
        for day, failing in ((0, 20), (5, 10), (10, 5))
    ]
    failing = next(curve for curve in draw_curves(runs) if curve.title == "keys that fail")
    assert failing.values == (20, 10, 5)
    assert failing.points == "0.0,0.0 120.0,36.0 240.0,54.0"


def test_the_page_has_the_numbers_of_the_files_which_a_recount_gives_too(tmp_path: Path) -> None:
    before, counted = None, []
    for night in range(4):
        now = START + timedelta(days=night)
        keys = [key(number, 100) for number in range(night + 1)]
        found = finding(
            "unused", "a", time=int(now.timestamp()), access_keys=keys, active_access_keys=len(keys)
        )
        report = write(tmp_path / f"{night}.ocsf.json", [found])
        result = rank_reports([report], now, before)
        name = f"access-keys-{night}"
        _, runs, problems = earlier_runs(tmp_path, "access-keys-*.json", name, now)
        assert not problems
        write_files(result, tmp_path, name)
        counted.append(len(result.entries))
        before = result.snapshot
    page = ElementTree.fromstring(render(_page(result, tmp_path, "k.csv", now, runs)))  # noqa: S314
    (figures,) = [it for it in page.iter("details") if it.findtext("summary") == "The numbers"]
    cells = [[cell.text for cell in row.iter("td")] for row in figures.iter("tr")][1:]
    assert [int(row[2] or 0) for row in cells] == counted == [1, 2, 3, 4]
    labels = [it.get("aria-label") for it in page.iter("svg")]
    assert "keys that fail: from 1 to 4" in labels


def test_a_torn_file_is_named_and_the_newest_runs_are_drawn(tmp_path: Path) -> None:
    (tmp_path / "access-keys-1.json").write_text('{"version":3,')
    _, runs, problems = earlier_runs(tmp_path, "access-keys-*.json", "access-keys-2", START)
    assert (runs, list(problems)) == ([], [tmp_path / "access-keys-1.json"])
    assert RUNS > 365
