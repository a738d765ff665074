"""A folder that one run has to itself."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from prowler_org.refusal import Refused
from prowler_org.whole_files import locked


def test_two_runs_do_not_share_a_folder(tmp_path: Path) -> None:
    with locked(tmp_path), pytest.raises(Refused, match="Another run"), locked(tmp_path):
        pass


def test_what_a_run_raises_is_not_taken_for_another_run(tmp_path: Path) -> None:
    with pytest.raises(BlockingIOError), locked(tmp_path):
        raise BlockingIOError


def test_a_folder_that_cannot_be_locked_is_refused_with_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def flock(*_: object) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr("fcntl.flock", flock)
    with pytest.raises(Refused, match="cannot be locked: No locks available"), locked(tmp_path):
        pass


def test_a_folder_is_free_after_a_run(tmp_path: Path) -> None:
    for _ in range(2):
        with locked(tmp_path / "new"):
            pass
