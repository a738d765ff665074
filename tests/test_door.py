"""What a check may import, and what its class must say: the rules of CONTRIBUTING.md."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from .known_facts import check_named
from .scanning import FAMILY

CHECKS = Path(__file__).parents[1] / "checks"
MODULES = [path for check in FAMILY for path in (CHECKS / check).glob("*.py")]
SHARED = "iam_access_keys"


def shared_imports(source: str) -> Iterator[str]:
    """What the module imports of the shared room: its modules, from that room on."""
    for node in ast.walk(ast.parse(source)):
        names = [alias.name for alias in getattr(node, "names", ())]
        if isinstance(node, ast.ImportFrom):
            module = node.module or ""
            names = [module] if SHARED in module else [f"{module}.{name}" for name in names]
        elif not isinstance(node, ast.Import):
            continue
        yield from (name[name.index(SHARED) :] for name in names if SHARED in name)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_a_check_imports_the_door_and_nothing_else_of_the_shared_room(path: Path) -> None:
    door = "fixing.fixer" if path.stem.endswith("_fixer") else "for_checks"
    assert set(shared_imports(path.read_text("utf-8"))) <= {f"{SHARED}.{door}"}


@pytest.mark.parametrize(
    "line",
    [
        "from ..iam_access_keys.facts import User",
        "from .. import iam_access_keys",
        "import prowler_access_keys.services.iam.iam_access_keys.facts",
        "def f():\n    from ..iam_access_keys import facts",
    ],
)
def test_no_way_to_import_another_module_is_overlooked(line: str) -> None:
    assert set(shared_imports(line)) - {f"{SHARED}.for_checks"}


@pytest.mark.parametrize("check", FAMILY)
def test_a_check_with_a_verdict_on_the_root_user_gives_it(check: str) -> None:
    kind = type(check_named(check))
    assert getattr(kind, "judges_root", hasattr(kind, "judge_root")) == ("judge_root" in vars(kind))
