"""A folder that one run has to itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from prowler_org.refusal import Refused
from prowler_org.whole_files import locked


def test_two_runs_do_not_share_a_folder(tmp_path: Path) -> None:
    with locked(tmp_path), pytest.raises(Refused, match="Another run"), locked(tmp_path):
        pass


def test_a_folder_is_free_after_a_run(tmp_path: Path) -> None:
    for _ in range(2):
        with locked(tmp_path / "new"):
            pass
