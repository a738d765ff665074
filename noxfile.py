"""``make test-matrix``: the end-to-end tests with old and new Prowlers on each Python.

Needs the interpreters on the PATH; one that is not there is left out.
"""

from __future__ import annotations

import nox

PYTHONS = ["3.10", "3.11", "3.12", "3.13"]
"""Those that Prowler supports."""
PROWLERS = {"oldest": "==5.37.1", "middle": "==5.42.0", "newest": "<6"}
TESTS = ("tests/end_to_end", "tests/test_permissions.py", "tests/test_prowler_internals.py")
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.error_on_missing_interpreters = False
nox.options.reuse_venv = "yes"


@nox.session(python=PYTHONS)
@nox.parametrize("prowler", [*PROWLERS.values()], ids=[*PROWLERS])
def end_to_end(session: nox.Session, prowler: str) -> None:
    """Run the tests that start the real ``prowler``."""
    compiled = {"UV_COMPILE_BYTECODE": "1"}  # as pip does; else every start of prowler compiles
    session.install("--upgrade", "--editable", ".[dev]", f"prowler{prowler}", env=compiled)
    session.run("python", "-m", "pytest", *TESTS)
