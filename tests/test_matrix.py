"""The table of supported versions: it says what pytest counted, and never more."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from scripts import matrix

PASSED = '<testsuite errors="0" failures="0" skipped="0" tests="75" />'
FAILED = '<testsuite errors="1" failures="2" skipped="0" tests="75" />'
SKIPPED = '<testsuite errors="0" failures="0" skipped="1" tests="75" />'


@pytest.fixture
def results(tmp_path: Path) -> Path:
    for versions, suite in {
        "5.37.1_3.10.13": FAILED,
        "5.46.0_3.10.13": PASSED,
        "5.46.0_3.9.2": SKIPPED,
    }.items():
        (tmp_path / f"{versions}.xml").write_text(f"<testsuites>{suite}</testsuites>")
    return tmp_path


def test_a_row_for_each_prowler_and_a_column_for_each_python(results: Path) -> None:
    assert matrix.table(matrix.read(results), date(2026, 1, 2)).splitlines() == [
        "| 2026-01-02 | Python 3.9.2 | Python 3.10.13 |",
        "| --- | --- | --- |",
        "| Prowler 5.37.1 | not run | **3 of 75 failed** |",
        "| Prowler 5.46.0 | 74 passed, 1 skipped | 75 passed |",
    ]


def test_the_readme_gets_the_table(
    results: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    readme = tmp_path / "README.md"
    readme.write_text("before\n<!-- matrix -->\nold\n<!-- /matrix -->\nafter\n")
    monkeypatch.setattr(matrix, "README", readme)
    monkeypatch.setattr("sys.argv", ["matrix", str(results)])
    assert matrix.main() == 0
    text = readme.read_text()
    assert "old" not in text
    assert "| Prowler 5.46.0 |" in text
    assert text.startswith("before\n<!-- matrix -->\n| ")
    assert text.endswith(" |\n<!-- /matrix -->\nafter\n")


def test_without_results_the_readme_stays_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = matrix.README.read_bytes()
    monkeypatch.setattr("sys.argv", ["matrix", str(tmp_path)])
    assert matrix.main() == 1
    assert matrix.README.read_bytes() == before
