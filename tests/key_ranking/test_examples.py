"""Who installed the wheel gets the policies and examples from the program."""

from __future__ import annotations

from pathlib import Path

import pytest

from prowler_access_keys.ranking.cli import main

from ..pages import REPOSITORY

HAS = [
    path.relative_to(REPOSITORY / "metadata")
    for folder in ("examples", "permissions", "compliance/oscal")
    for path in sorted((REPOSITORY / "metadata" / folder).iterdir())
]


def write(folder: Path) -> object:
    with pytest.raises(SystemExit) as ended:
        main(["--write-examples", str(folder)])
    return ended.value.code


def test_all_examples_and_policies_are_written(tmp_path: Path) -> None:
    assert write(tmp_path / "new") == 0
    for path in HAS:
        content = (REPOSITORY / "metadata" / path).read_bytes()
        assert (tmp_path / "new" / path).read_bytes() == content


def test_nothing_is_overwritten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mine = tmp_path / HAS[-1]
    mine.parent.mkdir(parents=True)
    mine.write_text("mine")
    assert write(tmp_path) == 1
    assert mine.read_text() == "mine"
    assert f"{mine}: File exists. Nothing was overwritten." in capsys.readouterr().err
