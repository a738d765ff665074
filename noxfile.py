"""``make test-matrix``: the end-to-end tests with old and new Prowlers on each Python.

Needs the interpreters on the PATH; one that is not there is left out, and so is its column of the
table that this writes into the README.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import nox

RESULTS = Path("build") / "test-matrix"
PYTHONS = ["3.10", "3.11", "3.12", "3.13"]
"""Those that Prowler supports."""
PROWLERS = {"oldest": "==5.37.1", "middle": "==5.42.0", "newest": "<6"}
TESTS = ("tests/end_to_end", "tests/test_permissions.py", "tests/test_prowler_internals.py")
VERSIONS = """
import importlib.metadata, platform
print(importlib.metadata.version("prowler") + "_" + platform.python_version())
"""

nox.options.default_venv_backend = "uv|virtualenv"
nox.options.error_on_missing_interpreters = False
nox.options.reuse_venv = "yes"


@nox.session(python=False)
def forget(_: nox.Session) -> None:
    """Remove the results of an earlier run."""
    shutil.rmtree(RESULTS, ignore_errors=True)


@nox.session(python=PYTHONS)
@nox.parametrize("prowler", [*PROWLERS.values()], ids=[*PROWLERS])
def end_to_end(session: nox.Session, prowler: str) -> None:
    """Run the tests that start the real ``prowler``, and keep the result."""
    compiled = {"UV_COMPILE_BYTECODE": "1"}  # as pip does; else every start of prowler compiles
    session.install("--upgrade", "--editable", ".[dev]", f"prowler{prowler}", env=compiled)
    versions = str(session.run("python", "-c", VERSIONS, silent=True)).strip()
    session.run("python", "-m", "pytest", f"--junit-xml={RESULTS / versions}.xml", *TESTS)


@nox.session(python=False)
def table(session: nox.Session) -> None:
    """Write the results into the README."""
    session.run("python", "-m", "scripts.matrix", str(RESULTS))
