"""The output directory belongs to one run at a time."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from prowler_org.directory_lock import locked
from prowler_org.errors import StartError


def test_two_runs_do_not_share_a_directory(tmp_path: Path) -> None:
    with locked(tmp_path), pytest.raises(StartError, match="Another run"), locked(tmp_path):
        pass


def test_a_directory_is_free_after_a_run(tmp_path: Path) -> None:
    for _ in range(2):
        with pytest.raises(BlockingIOError), locked(tmp_path / "new"):
            raise BlockingIOError  # an error in the run is not an error of the lock


def test_a_new_directory_stays_only_if_something_was_written(tmp_path: Path) -> None:
    with locked(tmp_path / "empty" / "new"):
        (tmp_path / "empty" / "new" / "accounts").mkdir()
    assert not (tmp_path / "empty" / "new").exists()
    with locked(tmp_path / "full"):
        (tmp_path / "full" / "report").touch()
    assert (tmp_path / "full" / "report").exists()
    (tmp_path / "old").mkdir()
    with locked(tmp_path / "old"):
        pass
    assert (tmp_path / "old").exists()


def test_a_directory_that_cannot_be_locked_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def flock(*_: object) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr("fcntl.flock", flock)
    with pytest.raises(StartError, match=r"Cannot lock .*: No locks available"), locked(tmp_path):
        pass
