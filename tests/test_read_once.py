"""Files that can be read only once: a pipe, as of ``<(…)`` and of ``sops exec-file``."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path
from threading import Thread

import pytest

from embedded_aws.aws import EmbeddedAWS

from . import loaded
from .end_to_end.environments import PATIENCE
from .mutelists import muting
from .scanning import CHECK

FILES = {
    "--config-file": "aws:\n  max_unused_access_keys_days: 180\n",
    "--mutelist-file": muting("^bob$"),
    "--checks-file": json.dumps({"aws": [CHECK]}),
}


@contextmanager
def named_pipe(path: Path, text: str) -> Iterator[Path]:
    """A pipe with a name, whose writer waits for one reader."""
    os.mkfifo(path)
    writer = Thread(target=path.write_text, args=(text,), daemon=True)
    writer.start()
    yield path
    os.close(os.open(path, os.O_RDONLY | os.O_NONBLOCK))  # or the writer waits for ever


@contextmanager
def descriptor(path: Path, text: str) -> Iterator[Path]:
    """A pipe as ``/dev/fd/63`` is one: here of this process, and at its end once it is read."""
    reading, writing = os.pipe()
    os.write(writing, text.encode())
    os.close(writing)
    yield Path(f"/proc/{os.getpid()}/fd/{reading}")
    os.close(reading)


@pytest.mark.parametrize("pipe", [named_pipe, descriptor])
@pytest.mark.parametrize("option", FILES)
def test_a_scan_reads_a_pipe_and_fixers_refuse_a_file_that_they_cannot_read_again(
    tmp_path: Path, option: str, pipe: Callable[[Path, str], AbstractContextManager[Path]]
) -> None:
    now = datetime.now(timezone.utc)
    with EmbeddedAWS() as aws, ExitStack() as stack:
        alice = aws.add_user("alice")
        keys = [
            aws.add_key(alice, created=now - timedelta(days=900), last_used=now - timedelta(days=n))
            for n in (400, 1)
        ]
        words = ["prowler", "aws", "--fixer", option]
        words.append(str(stack.enter_context(pipe(tmp_path / "pipe", FILES[option]))))
        words += [] if option == "--checks-file" else ["--checks", CHECK]
        log = tmp_path / "log"
        running = loaded.start(words, environment=aws.environment(), directory=tmp_path, log=log)
        running.process.join(PATIENCE)
        running.kill()
        output, _ = running.communicate()
        assert running.returncode == 0, output
    fixed = option == "--checks-file"
    assert [key.status for key in keys] == ["Inactive" if fixed else "Active", "Active"], output
    assert (tmp_path / "access-key-changes.jsonl").exists() == fixed
    said = {
        "--config-file": "is not a regular file, so it cannot be read again.",
        "--mutelist-file": "Refused: the mutelist ",
        "--checks-file": "Done: it is inactive",
    }[option]
    assert said in output
    if option == "--config-file":  # once by the scan, and once by the fixer
        assert output.count(said) == 2
