"""Build the container image, scan with it, and say how large it is.

Without a container engine, it only fills a new folder as the image fills ``/opt/prowler``, and
scans with that: the base image, the user, and the compiler are not tried then.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from embedded_aws.aws import EmbeddedAWS
from embedded_aws.organization import EmbeddedOrganization

from .release import ROOT, copy_sources

ENGINES = ("docker", "podman")
TAG = "prowler-access-keys"
INSTALL = ROOT / "scripts" / "install_in_image.sh"
LARGEST = 1_500_000_000
"""Bytes that the image may have."""
SCANS = (
    ("prowler", "aws", "--checks", "iam_user_multiple_active_keys", "--no-banner"),
    ("prowler-org", "--role", "ProwlerScan"),
)
SOMETHING_FAILED = 3


def main() -> None:
    """Build, scan, and measure. Ends this process if something is wrong."""
    engine = next(filter(_answers, ENGINES), None)
    if engine:
        size = try_image(engine)
    else:
        print("No container engine answers: filling /opt/prowler in a new folder.")
        with tempfile.TemporaryDirectory() as name:
            size = try_folder(Path(name))
    print(f"\nIt scans, and has {size / 1e6:,.0f} MB.")
    if size > LARGEST:
        sys.exit(f"That is more than {LARGEST / 1e6:,.0f} MB.")


def try_image(engine: str) -> int:
    """Build the image, and scan with it; only /tmp and /reports are writable. Returns its bytes."""
    _run([engine, "build", "--tag", TAG, str(ROOT)], os.environ)
    folders = ("--tmpfs", "/tmp", "--tmpfs", "/reports:mode=1777")  # noqa: S108
    run = [engine, "run", "--rm", "--network", "host", "--read-only", *folders]
    with EmbeddedAWS() as aws:
        _populate(aws)
        environment = aws.environment()
        names = [name for name in environment if name.startswith(("AWS_", "NO_PROXY"))]
        passed = [word for name in names for word in ("--env", name)]
        for command in SCANS:
            _run([*run, *passed, TAG, *command], environment, expected=SOMETHING_FAILED)
    size = [engine, "image", "inspect", "--format", "{{.Size}}", TAG]
    return int(subprocess.check_output(size, text=True))


def try_folder(folder: Path) -> int:
    """Fill a folder as the image fills /opt/prowler, and scan with it. Returns its bytes."""
    source, opt = copy_sources(folder / "source"), folder / "prowler"
    path = os.environ["PATH"]
    tools = {"PATH": f"{Path(sys.executable).parent}:{path}"}
    _run(["sh", str(INSTALL), str(source), str(opt)], {**os.environ, **tools})
    size = _size(opt)
    with EmbeddedAWS() as aws:
        _populate(aws)
        environment = aws.environment(
            PATH=f"{opt / 'bin'}:{path}", HOME=str(folder), PYTHONDONTWRITEBYTECODE="1"
        )
        for command in SCANS:
            _run(command, environment, expected=SOMETHING_FAILED, directory=folder)
    if _size(opt) != size:
        sys.exit("A scan writes to a folder that is read-only in the image.")
    return size


def _populate(aws: EmbeddedAWS) -> None:
    """Make an organization whose accounts both fail."""
    organization = EmbeddedOrganization(aws)
    organization.add_keys(organization.management_account, "alice", 2)
    organization.add_keys(organization.add_account("sandbox"), "bob", 2)


def _size(folder: Path) -> int:
    return sum(path.lstat().st_size for path in folder.rglob("*"))


def _answers(engine: str) -> bool:
    if not shutil.which(engine):
        return False
    return not subprocess.run([engine, "info"], capture_output=True, check=False).returncode


def _run(
    command: Sequence[str],
    environment: Mapping[str, str],
    *,
    expected: int = 0,
    directory: Path | None = None,
) -> None:
    """Run a command, and end this process if it ends with another code."""
    print(f"$ {' '.join(command)}", flush=True)
    code = subprocess.call(command, env=environment, cwd=directory)
    if code != expected:
        sys.exit(f"{' '.join(command)} ended with {code}, not with {expected}.")


if __name__ == "__main__":
    main()
