"""Build the image that the Dockerfile describes, scan with it, and say how large it is.

Without a container engine, only what the Dockerfile does to make ``/opt/prowler`` is done, in a new
folder on this machine: the base image, the user, and the compiler are not tried then.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from embedded_aws.aws import EmbeddedAWS
from embedded_aws.organization import EmbeddedOrganization

ENGINES = ("docker", "podman")
TAG = "prowler-access-keys"
LARGEST = 1_500_000_000
"""Bytes that the image may have."""
SCANS = (
    ("prowler", "aws", "--checks", "iam_user_multiple_active_keys", "--no-banner"),
    ("prowler-org", "--role", "ProwlerScan"),
)
SOMETHING_FAILED = 3


class Built(Protocol):
    """What was built, to run and to measure."""

    def run(self, command: Sequence[str], variables: Mapping[str, str]) -> int:
        """Run a command with more environment variables. Returns its exit code."""

    def size(self) -> int:
        """How large it is, in bytes."""


@dataclass(frozen=True)
class Image:
    """An image that an engine has built. Only /tmp and /reports can be written to."""

    engine: str

    @classmethod
    def build(cls, engine: str) -> Image:
        _run([engine, "build", "--tag", TAG, "."])
        return cls(engine)

    def run(self, command: Sequence[str], variables: Mapping[str, str]) -> int:
        given = [word for name, value in variables.items() for word in ("--env", f"{name}={value}")]
        folders = ("--tmpfs", "/tmp", "--tmpfs", "/reports:mode=1777")  # noqa: S108
        options = ("--rm", "--network", "host", "--read-only", *folders)
        return subprocess.call([self.engine, "run", *options, *given, TAG, *command])

    def size(self) -> int:
        asked = [self.engine, "image", "inspect", "--format", "{{.Size}}", TAG]
        return int(subprocess.check_output(asked, text=True))


@dataclass(frozen=True)
class Folder:
    """What the image has in /opt/prowler, in a folder. A run must leave it as it is."""

    path: Path

    @classmethod
    def build(cls, folder: Path) -> Folder:
        opt, source = folder / "prowler", folder / "source"
        variables = dict(os.environ, PATH=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
        variables.pop("PYTHONDONTWRITEBYTECODE", None)
        for instruction, rest in first_stage(Path("Dockerfile").read_text("utf-8")):
            here = rest.replace("/opt/prowler", str(opt)).replace("/source", str(source))
            if instruction == "ARG":
                name, _, value = rest.partition("=")
                variables[name] = value
            elif instruction == "COPY":
                *paths, target = here.split()
                _copy(paths, Path(target))
            elif instruction == "RUN" and "/opt/prowler" in rest:
                _run(["/bin/sh", "-ec", here], variables)
        return cls(opt)

    def run(self, command: Sequence[str], variables: Mapping[str, str]) -> int:
        before = self._files()
        path = f"{self.path / 'bin'}:{os.environ['PATH']}"
        with tempfile.TemporaryDirectory() as reports:
            written = {"PATH": path, "HOME": reports, "PYTHONDONTWRITEBYTECODE": "1"}
            code = subprocess.call(command, env={**variables, **written}, cwd=reports)
        if self._files() != before:
            sys.exit(f"{command[0]} writes to a folder that is read-only in the image.")
        return code

    def size(self) -> int:
        return sum(self._files().values())

    def _files(self) -> dict[Path, int]:
        return {path: path.lstat().st_size for path in self.path.rglob("*")}


def main() -> None:
    """Build, scan, and measure. Ends this process if something is wrong."""
    engine = next(filter(_answers, ENGINES), None)
    if engine:
        check(Image.build(engine))
        return
    print("No container engine answers: running the steps that make /opt/prowler in a new folder.")
    with tempfile.TemporaryDirectory() as name:
        check(Folder.build(Path(name)))


def check(built: Built) -> None:
    """Scan an embedded organization with what was built, and measure it."""
    with EmbeddedAWS() as aws:
        organization = EmbeddedOrganization(aws)
        aws.add_key(user := aws.add_user("alice"))
        aws.add_key(user)
        organization.add_keys(organization.add_account("sandbox"), "bob", 2)
        variables = {
            name: value
            for name, value in aws.environment().items()
            if name.startswith("AWS_") or name == "NO_PROXY"
        }
        for command in SCANS:
            if (code := built.run(command, variables)) != SOMETHING_FAILED:
                sys.exit(f"{' '.join(command)} ended with {code}, not with {SOMETHING_FAILED}.")
    size = built.size()
    print(f"\nIt scans, and has {size / 1e6:,.0f} MB.")
    if size > LARGEST:
        sys.exit(f"That is more than {LARGEST / 1e6:,.0f} MB.")


def first_stage(dockerfile: str) -> Iterator[tuple[str, str]]:
    """The instructions between the first FROM and the next, each with the rest of its line."""
    stages = 0
    for line in dockerfile.replace("\\\n", " ").splitlines():
        instruction, _, rest = line.partition(" ")
        stages += instruction == "FROM"
        if stages == 1 and instruction in ("ARG", "COPY", "RUN"):
            yield instruction, rest


def _copy(paths: Sequence[str], target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    for path in paths:
        if Path(path).is_dir():
            shutil.copytree(path, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            target.mkdir(exist_ok=True)
            shutil.copy(path, target)


def _answers(engine: str) -> bool:
    if not shutil.which(engine):
        return False
    return not subprocess.run([engine, "info"], capture_output=True, check=False).returncode


def _run(command: Sequence[str], variables: Mapping[str, str] | None = None) -> None:
    print(f"$ {' '.join(command)}", flush=True)
    if subprocess.call(command, env=variables):
        sys.exit(f"This failed: {' '.join(command)}")


if __name__ == "__main__":
    main()
