"""The image's files agree with what the wheel is built from; ``make image`` builds the image."""

from __future__ import annotations

from scripts.release import BUILT_FROM

from ..pages import REPOSITORY

NEEDED = {*BUILT_FROM, "scripts/install_in_image.sh"}


def test_the_image_is_built_from_what_the_wheel_is_built_from() -> None:
    lines = (REPOSITORY / "Dockerfile").read_text("utf-8").splitlines()
    copies = [line.split()[1:-1] for line in lines if line.startswith("COPY ")]
    assert {path for paths in copies for path in paths if not path.startswith("-")} == {
        *NEEDED,
        "/opt/prowler",  # from the first stage
    }


def test_everything_else_is_ignored() -> None:
    _, first, *rest = (REPOSITORY / ".dockerignore").read_text("utf-8").splitlines()
    assert first == "*"
    assert {line[1:] for line in rest if line.startswith("!")} == NEEDED
