"""The image's files agree with what the wheel is built from; ``make image`` builds the image."""

from __future__ import annotations

from scripts.image import first_stage
from scripts.release import IN_WHEEL

from ..pages import REPOSITORY

COPIED = {
    path
    for instruction, rest in first_stage((REPOSITORY / "Dockerfile").read_text("utf-8"))
    if instruction == "COPY"
    for path in rest.split()[:-1]
}
NEEDED = {*IN_WHEEL, "pyproject.toml", "setup.py", "README.md", "LICENSE"}


def test_all_that_the_wheel_is_built_from_is_copied_and_nothing_else() -> None:
    assert COPIED == NEEDED


def test_all_but_that_is_ignored() -> None:
    _, first, *rest = (REPOSITORY / ".dockerignore").read_text("utf-8").splitlines()
    assert first == "*"
    assert {line[1:] for line in rest if line.startswith("!")} == NEEDED
