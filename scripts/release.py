"""Build the wheel and the sdist, and run the wheel where nothing else of this repository is.

They are built from what git tracks, in a folder that has nothing else: the wheel from the sdist,
the sdist from there. The wheel must have every file of its folders, the sdist every file. Then
the wheel is installed into a new environment, which takes Prowler from PyPI, and both demos run
there, with their embedded AWS from the sdist.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import venv
import zipfile
from pathlib import Path, PurePosixPath

REPOSITORY = Path(__file__).parents[1]
IN_WHEEL = {
    "checks": "prowler_access_keys/services/iam",
    "metadata": "prowler_access_keys",
    "prowler_org": "prowler_org",
}
"""Where a folder of the repository is in the wheel."""
CHECKS = f"lib/python*/site-packages/{IN_WHEEL['checks']}"
MADE_BY_SETUPTOOLS = {"PKG-INFO", "setup.cfg"}


class ReleaseError(Exception):
    """Why the files must not be released."""


def main() -> int:
    """Build into the folder ``dist`` and try what was built. Returns 1 if it is not good."""
    parser = argparse.ArgumentParser(prog="python -m scripts.release", description=__doc__)
    parser.add_argument("--output-directory", type=Path, default=Path("dist"))
    dist: Path = parser.parse_args().output_directory.resolve()
    dist.mkdir(parents=True, exist_ok=True)
    for old in (*dist.glob("*.whl"), *dist.glob("*.tar.gz")):
        old.unlink()
    try:
        _refuse_changes()
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            files = copy_tracked(REPOSITORY, folder / "sources")
            wheel, sdist = build(folder / "sources", folder / "built")
            check_contents(files, wheel, sdist)
            _run(sys.executable, "-m", "twine", "check", "--strict", str(wheel), str(sdist))
            _try_out(wheel, sdist, folder)
            ready = [shutil.copy(path, dist) for path in (wheel, sdist)]
    except ReleaseError as error:
        print(f"Not to be released: {error}", file=sys.stderr)
        return 1
    print("\nReady to be released:", *ready, sep="\n  ")
    return 0


def _refuse_changes() -> None:
    """Raise ReleaseError if what would be built is not what a tag would name."""
    command = ["git", "diff", "--quiet", "HEAD"]
    if subprocess.run(command, cwd=REPOSITORY, check=False).returncode:
        raise ReleaseError("what git tracks has changes that are not committed")


def copy_tracked(repository: Path, folder: Path) -> set[str]:
    """Copy to ``folder`` the files that git tracks, as they are now. Returns their names."""
    command = ["git", "ls-files", "-z"]
    tracked = subprocess.run(command, cwd=repository, capture_output=True, text=True, check=True)
    names = set(filter(None, tracked.stdout.split("\0")))
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(repository / name, folder / name)
    return names


def build(sources: Path, dist: Path, *options: str) -> tuple[Path, Path]:
    """Build the sdist, and from that the wheel. Returns the wheel and the sdist."""
    _run(sys.executable, "-m", "build", "--outdir", str(dist), *options, str(sources))
    (wheel,), (sdist,) = dist.glob("*.whl"), dist.glob("*.tar.gz")
    return wheel, sdist


def check_contents(files: set[str], wheel: Path, sdist: Path) -> None:
    """Raise ReleaseError if one of the sources' files is missing, or there is another."""
    expected = {name for name in map(name_in_wheel, files) if name}
    if any(PurePosixPath(name).match("lib/__init__.py") for name in expected):
        raise ReleaseError("lib/ must not have an __init__.py: see docs/design.md")
    _compare(wheel, expected, names_in_wheel(wheel))
    _compare(sdist, files, names_in_sdist(sdist))


def name_in_wheel(name: str) -> str | None:
    """Where the wheel has a file of the repository; None if it has not."""
    folder, _, rest = name.partition("/")
    return f"{IN_WHEEL[folder]}/{rest}" if folder in IN_WHEEL else None


def names_in_wheel(wheel: Path) -> set[str]:
    """The files that a wheel installs, but for those about itself."""
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    return {name for name in names if not PurePosixPath(name).parts[0].endswith(".dist-info")}


def names_in_sdist(sdist: Path) -> set[str]:
    """The files of an sdist, but for those that setuptools makes."""
    with tarfile.open(sdist) as archive:
        names = {member.name.partition("/")[2] for member in archive if member.isfile()}
    return {name for name in names - MADE_BY_SETUPTOOLS if ".egg-info/" not in name}


def _compare(archive: Path, expected: set[str], found: set[str]) -> None:
    missing, unexpected = expected - found, found - expected
    if missing:
        raise ReleaseError(f"{archive.name} lacks {', '.join(sorted(missing))}")
    if unexpected:
        raise ReleaseError(f"{archive.name} should not have {', '.join(sorted(unexpected))}")


def _try_out(wheel: Path, sdist: Path, folder: Path) -> None:
    """Install the wheel into a new environment, and run both demos there."""
    environment, work = folder / "environment", folder / "work"
    venv.create(environment)
    python = environment / "bin" / "python"
    # Not compiled: what Python has compiled afterwards is what has run.
    install = ("install", "--quiet", "--no-compile-bytecode", "--python", str(python))
    _run(sys.executable, "-m", "uv", "pip", *install, f"{wheel}[demo]")
    _unpack_demo(sdist, work)
    for demo in ("demo", "demo.organization"):
        output = ("--output-directory", str(folder / f"{demo}-output"))
        _run(str(python), "-m", demo, *output, directory=work)
    for check in (REPOSITORY / "checks").glob("iam_*"):
        if not any(environment.glob(f"{CHECKS}/{check.name}/__pycache__/{check.name}.*.pyc")):
            raise ReleaseError(f"{check.name} did not run from the wheel")


def _unpack_demo(sdist: Path, folder: Path) -> None:
    """Unpack what the demos are made of from an sdist, and nothing else."""
    with tarfile.open(sdist) as archive:
        for member in archive:
            name = PurePosixPath(member.name.partition("/")[2])
            if name.parts[0] in ("demo", "embedded_aws") and (
                content := archive.extractfile(member)
            ):
                path = folder / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content.read())


def _run(*command: str, directory: Path | None = None) -> None:
    """Run a program which sees nothing of this repository but what it is given."""
    print(f"$ {' '.join(command)}", flush=True)
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("PYTHON")
    }
    if subprocess.run(command, cwd=directory, env=environment, check=False).returncode:
        raise ReleaseError(f"{' '.join(command[:3])} ended with an error")


if __name__ == "__main__":
    sys.exit(main())
