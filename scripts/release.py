"""Build the wheel and the sdist, and run the wheel where nothing else of this repository is.

They are built from the last commit. The sdist must have what git has, the wheel what its folders
have. Then the wheel is installed into a new environment, with Prowler from PyPI, and both demos run
there on an embedded AWS from the sdist.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

from prowler_access_keys.services.iam.iam_access_keys.catalogue import our_checks

DIST = Path("dist")
IN_WHEEL = {
    "metadata": "prowler_access_keys",
    "checks": "prowler_access_keys/services/iam",
    "key_ranking": "key_ranking",
    "prowler_org": "prowler_org",
}
"""Where a folder of the repository is in the wheel."""
DEMOS = ("demo", "demo.organization")


def main() -> None:
    """Build into the folder ``dist``. Ends this process if something is wrong."""
    if subprocess.call(["git", "diff", "--quiet", "HEAD"]):  # noqa: S607
        sys.exit("Not built: there are changes that are not committed.")
    shutil.rmtree(DIST, ignore_errors=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        wheel, sdist = build(folder)
        try_out(wheel, sdist, folder)
        DIST.mkdir()
        ready = [shutil.copy(path, DIST) for path in (wheel, sdist)]
    print("\nReady to be released:", *ready, sep="\n  ")


def build(folder: Path) -> tuple[Path, Path]:
    """Build the sdist, and from that the wheel, and check both. Returns the wheel and the sdist."""
    sources, dist, expected = folder / "sources", folder / "built", folder / "expected"
    _run("git", "clone", "--quiet", ".", str(sources))
    _run(sys.executable, "-m", "build", "--outdir", str(dist), str(sources))
    (wheel,), (sdist,) = dist.glob("*.whl"), dist.glob("*.tar.gz")
    _run(sys.executable, "-m", "twine", "check", "--strict", str(wheel), str(sdist))
    _run(sys.executable, "-m", "check_sdist", "--source-dir", str(sources))
    for name, place in IN_WHEEL.items():
        shutil.copytree(sources / name, expected / place)
    options = ("--ignore", "W009", "--src-dir", str(expected))  # two packages are at the top
    _run(sys.executable, "-m", "check_wheel_contents", *options, str(wheel))
    return wheel, sdist


def try_out(wheel: Path, sdist: Path, folder: Path) -> None:
    """Install the wheel into a new environment, and run both demos there."""
    environment = folder / "environment"
    venv.create(environment)
    python = str(environment / "bin" / "python")
    # Not compiled: what Python has compiled afterwards is what has run.
    options = ("--quiet", "--no-compile-bytecode", "--python", python)
    _run(sys.executable, "-m", "uv", "pip", "install", *options, f"{wheel}[demo]")
    shutil.unpack_archive(sdist, folder / "unpacked")
    (unpacked,) = (folder / "unpacked").iterdir()
    for name in ("demo", "embedded_aws"):
        shutil.copytree(unpacked / name, folder / "work" / name)
    for demo in DEMOS:
        output = str(folder / f"{demo}-output")
        _run(python, "-m", demo, "--output-directory", output, directory=folder / "work")
    for check in sorted(our_checks()):
        compiled = f"lib/*/site-packages/{IN_WHEEL['checks']}/{check}/__pycache__/{check}.*"
        if not any(environment.glob(compiled)):
            sys.exit(f"Not to be released: {check} did not run from the wheel.")


def _run(*command: str, directory: Path | None = None) -> None:
    """Run a program that sees nothing of this repository, and end if it fails."""
    print(f"$ {' '.join(command)}", flush=True)
    variables = {name: os.environ[name] for name in os.environ if not name.startswith("PYTHON")}
    if subprocess.call(command, cwd=directory, env=variables):
        sys.exit(f"Not to be released: {' '.join(command[:3])} failed.")


if __name__ == "__main__":
    main()
