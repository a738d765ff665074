"""What the output directory must be, and what a killed run may have left in it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from prowler_access_keys.ranking.whole_file import whole_file
from prowler_org.errors import StartError
from prowler_org.output_directory import FOLDERS, prepare


def test_leftovers_of_a_killed_run_are_cleared_and_reports_stay(tmp_path: Path) -> None:
    left = [tmp_path / ".prowler-org-state.json.77", tmp_path / "keys" / ".prowler-org-o-1.csv.8"]
    kept = [tmp_path / "prowler-org-o-1.csv", tmp_path / "keys" / "prowler-org-o-1.csv"]
    (tmp_path / "keys").mkdir()
    for path in (*left, *kept):
        path.touch()
    (tmp_path / ".prowler-org-scans" / "1").mkdir(parents=True)
    prepare(tmp_path)
    assert not [path for path in left if path.exists()]
    assert all(path.exists() for path in kept)
    assert not (tmp_path / ".prowler-org-scans").exists()


@pytest.mark.parametrize("name", FOLDERS)
@pytest.mark.parametrize("kind", ["link", "dangling", "file"])
def test_a_folder_of_somebody_else_is_refused_and_not_changed(
    tmp_path: Path, name: str, kind: str
) -> None:
    elsewhere = tmp_path / "elsewhere"
    (elsewhere / "precious").mkdir(parents=True)
    output = tmp_path / "output"
    output.mkdir()
    if kind == "file":
        (output / name).touch()
    else:
        (output / name).symlink_to(elsewhere if kind == "link" else tmp_path / "none")
    with pytest.raises(StartError, match="give another --output-directory"):
        prepare(output)
    assert (elsewhere / "precious").is_dir()


def test_a_file_is_not_written_through_a_link(tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.write_text("as it was")
    for name in ("page.html", f".page.html.{os.getpid()}"):
        (tmp_path / name).symlink_to(precious)
    with whole_file(tmp_path / "page.html") as file:
        file.write(b"new")
    assert precious.read_text() == "as it was"
    assert (tmp_path / "page.html").read_text() == "new"
    assert not (tmp_path / "page.html").is_symlink()
