"""The output directory belongs to one run at a time."""

from __future__ import annotations

import errno
import fcntl
import os
from pathlib import Path

import pytest

from prowler_org.directory_lock import LOCK, lock
from prowler_org.errors import StartError


def test_two_runs_do_not_share_a_directory_and_the_first_is_named(tmp_path: Path) -> None:
    named = rf"Another run .*\(process {os.getpid()} on .+, since 20\d\d-.* UTC\)"
    with lock(tmp_path), pytest.raises(StartError, match=named), lock(tmp_path):
        pass
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("has_been_killed", [True, False])
def test_a_read_only_directory_cannot_be_locked(tmp_path: Path, has_been_killed: bool) -> None:
    tmp_path.chmod(0o755)
    if has_been_killed:  # it leaves its file
        with lock(tmp_path):
            os.link(tmp_path / LOCK, tmp_path / "left")
        (tmp_path / "left").rename(tmp_path / LOCK)
    held = []
    for path in (tmp_path, *tmp_path.iterdir()):
        if path.stat().st_mode & 0o044:  # others can open it
            held.append(path.open() if path.is_file() else os.open(path, os.O_RDONLY))
            fcntl.flock(held[-1], fcntl.LOCK_EX)
    with lock(tmp_path):
        assert not (tmp_path / LOCK).stat().st_mode & 0o077
    assert len(held) == 1


def test_a_link_is_not_locked_or_written_to(tmp_path: Path) -> None:
    (tmp_path / "other").write_text("precious")
    (tmp_path / LOCK).symlink_to(tmp_path / "other")
    with pytest.raises(StartError, match="Cannot lock"), lock(tmp_path):
        pass
    assert (tmp_path / "other").read_text() == "precious"


def test_a_directory_is_free_after_a_run(tmp_path: Path) -> None:
    for _ in range(2):
        with pytest.raises(BlockingIOError), lock(tmp_path / "new"):
            raise BlockingIOError  # an error in the run is not an error of the lock


def test_a_new_directory_stays_only_if_something_was_written(tmp_path: Path) -> None:
    with lock(tmp_path / "empty" / "new"):
        (tmp_path / "empty" / "new" / "accounts").mkdir()
    assert not (tmp_path / "empty" / "new").exists()
    with lock(tmp_path / "full"):
        (tmp_path / "full" / "report").touch()
    assert (tmp_path / "full" / "report").exists()
    (tmp_path / "old").mkdir()
    with lock(tmp_path / "old"):
        pass
    assert (tmp_path / "old").exists()


def test_a_directory_that_cannot_be_locked_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def flock(*_: object) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr("fcntl.flock", flock)
    with pytest.raises(StartError, match=r"Cannot lock .*: No locks available"), lock(tmp_path):
        pass
