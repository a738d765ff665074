"""Build the wheel and the sdist, and run the wheel where nothing else of this repository is.

They are built from the last commit. The sdist must have what git has, the wheel what its folders
have. Then the wheel is installed into a new environment, with Prowler from PyPI. A bill of
materials says what came with it, and both demos run there on an embedded AWS from the sdist.
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

ROOT = Path(__file__).parents[1]
DIST = Path("dist")
"""For what is uploaded, and nothing else."""
SBOM = Path("build/sbom.cdx.json")
CYCLONEDX = "cyclonedx-bom>=7,<8"
"""It needs another jsonschema than Prowler does, so it runs in an environment of its own."""
IN_WHEEL = {
    "metadata": "prowler_access_keys",
    "checks": "prowler_access_keys/services/iam",
    "key_ranking": "prowler_access_keys/ranking",
    "prowler_org": "prowler_org",
}
"""Where a folder of the repository is in the wheel."""
BUILT_FROM = (*IN_WHEEL, "pyproject.toml", "setup.py", "README.md", "LICENSE")
"""The folders and files that the wheel is built from."""
DEMOS = ("demo", "demo.organization")


def main() -> None:
    """Build into the folder ``dist``. Ends this process if something is wrong."""
    if subprocess.call(["git", "diff", "--quiet", "HEAD"]):  # noqa: S607
        sys.exit("Not built: there are changes that are not committed.")
    shutil.rmtree(DIST, ignore_errors=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        wheel, sdist = build(folder)
        install(wheel, folder / "environment", folder / "sources" / "pyproject.toml")
        try_out(wheel, sdist, folder)
        DIST.mkdir()
        ready = [shutil.copy(path, DIST) for path in (wheel, sdist)]
    print("\nReady to be released:", *ready, SBOM, sep="\n  ")


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


def install(wheel: Path, environment: Path, project: Path) -> None:
    """Install the wheel into a new environment, and write down what came with it."""
    venv.create(environment)
    _install(str(wheel), environment)
    SBOM.parent.mkdir(exist_ok=True)
    describe = ("cyclonedx-py", "environment", "--output-reproducible", "--pyproject", str(project))
    tool = (sys.executable, "-m", "uv", "tool", "run", "--from", CYCLONEDX)
    _run(*tool, *describe, "--output-file", str(SBOM), str(environment))


def try_out(wheel: Path, sdist: Path, folder: Path) -> None:
    """Run both demos in the environment that has the wheel."""
    environment = folder / "environment"
    _install(f"{wheel}[demo]", environment)
    python = str(environment / "bin" / "python")
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


def copy_sources(folder: Path) -> Path:
    """Copy what the wheel is built from into a folder. Returns the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in (ROOT / name for name in BUILT_FROM):
        if path.is_dir():
            shutil.copytree(path, folder / path.name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(path, folder)
    return folder


def _install(what: str, environment: Path) -> None:
    # Not compiled: what Python has compiled afterwards is what has run.
    options = ("--quiet", "--no-compile-bytecode", "--python", str(environment))
    _run(sys.executable, "-m", "uv", "pip", "install", *options, what)


def _run(*command: str, directory: Path | None = None) -> None:
    """Run a program that sees nothing of this repository, and end if it fails."""
    print(f"$ {' '.join(command)}", flush=True)
    variables = {name: os.environ[name] for name in os.environ if not name.startswith("PYTHON")}
    if subprocess.call(command, cwd=directory, env=variables):
        sys.exit(f"Not to be released: {' '.join(command[:3])} failed.")


if __name__ == "__main__":
    main()
