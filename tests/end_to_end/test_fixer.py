"""``prowler aws -c … --fixer``, installed and with ``--checks-folder``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from embedded_aws.aws import EmbeddedAWS

from ..pages import block, command
from .environments import REPOSITORY, Environment

FOLDER = ("--checks-folder", str(REPOSITORY / "checks"))
MUTELIST = str(REPOSITORY / "metadata" / "examples" / "mutelist.yaml")
NOW = datetime.now(timezone.utc)


@pytest.fixture
def aws() -> Iterator[EmbeddedAWS]:
    """Alice has a key unused for 400 days, and so has a muted user; bob uses both of his."""
    with EmbeddedAWS() as embedded:
        embedded.behaviour.root_keys_active = (True, True)
        for name, unused in (("alice", 400), ("bob", 1), ("break-glass-1", 400)):
            user = embedded.add_user(name, "/people/")
            for age, idle in ((900, unused), (300, 1)):
                embedded.add_key(
                    user, created=NOW - timedelta(days=age), last_used=NOW - timedelta(days=idle)
                )
        yield embedded


def states(aws: EmbeddedAWS) -> dict[str, list[str]]:
    return {
        name: [key.status for key in user.access_keys] for name, user in aws.iam().users.items()
    }


@pytest.mark.parametrize("how", ["installed", "checks folder"])
def test_the_fixer_deactivates_what_is_safe_and_refuses_the_rest(
    how: str, aws: EmbeddedAWS, installed: Environment, plain: Environment, tmp_path: Path
) -> None:
    environment, options = (plain, FOLDER) if how == "checks folder" else (installed, ())
    before = environment.installed_files()
    run = environment.run_command(
        command("--fixer"), *options, "--mutelist-file", MUTELIST,
        environment=aws.environment(), directory=tmp_path,
    )  # fmt: skip
    assert states(aws) == {
        "alice": ["Inactive", "Active"],
        "bob": ["Active", "Active"],
        "break-glass-1": ["Active", "Active"],
    }
    assert "Refused: the finding about user break-glass-1 is muted." in run.output
    assert "1 findings fixed!" in run.output
    assert "To undo: aws iam update-access-key --user-name alice" in run.output
    assert "Refused: no access key of user bob is safe to deactivate." in run.output
    assert "Refused: arn:aws:iam::123456789012:root is no IAM user" in run.output
    assert environment.installed_files() == before
    assert without_key_ids(block("FIXING Resource")) <= without_key_ids(run.output)


def without_key_ids(output: str) -> set[str]:
    """The lines of an output, without colours, and with all access key IDs alike."""
    plain = re.sub(r"\x1b\[[\d;]*m", "", output)
    return {line.rstrip() for line in re.sub(r"\bAKIA\w+", "AKIA", plain).splitlines()}
