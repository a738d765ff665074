"""What the wheel and the sdist hold. ``make dist`` runs the wheel too, which needs PyPI."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from scripts.release import REPOSITORY, ReleaseError, build, check_contents, copy_tracked

pytestmark = pytest.mark.skipif(
    not (REPOSITORY / ".git").exists(), reason="git says which files the sdist has to have"
)


@dataclass(frozen=True)
class Built:
    """What git tracks of this repository, and what was built of it."""

    files: set[str]
    wheel: Path
    sdist: Path


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """Built without a network."""
    folder = tmp_path_factory.mktemp("release")
    files = copy_tracked(REPOSITORY, folder / "sources")
    return Built(files, *build(folder / "sources", folder / "dist", "--no-isolation"))


def test_the_wheel_has_every_file_of_its_folders_and_the_sdist_has_all(built: Built) -> None:
    check_contents(built.files, built.wheel, built.sdist)


@pytest.mark.parametrize(
    "needed",
    [
        "prowler_access_keys/compliance/aws/access_key_hygiene_1.0_aws.json",
        "prowler_access_keys/permissions/scan.json",
        "prowler_access_keys/py.typed",
        "prowler_org/page.html.j2",
    ],
)
def test_a_wheel_without_one_of_its_files_is_refused(
    built: Built, tmp_path: Path, needed: str
) -> None:
    without = _rewritten(built.wheel, tmp_path, lambda name: name != needed)
    with pytest.raises(ReleaseError, match=re.escape(f"lacks {needed}")):
        check_contents(built.files, without, built.sdist)


def test_a_wheel_with_tests_is_refused(built: Built, tmp_path: Path) -> None:
    more = _rewritten(built.wheel, tmp_path, lambda name: True)
    with zipfile.ZipFile(more, "a") as archive:
        archive.writestr("tests/keys.py", "")
    with pytest.raises(ReleaseError, match=r"should not have tests/keys\.py"):
        check_contents(built.files, more, built.sdist)


def test_an_sdist_that_lacks_a_file_is_refused(built: Built) -> None:
    with pytest.raises(ReleaseError, match=r"tar\.gz lacks docs/new\.md"):
        check_contents(built.files | {"docs/new.md"}, built.wheel, built.sdist)


def test_lib_as_a_package_is_refused(built: Built) -> None:
    package = "checks/iam_user_multiple_active_keys/lib/__init__.py"
    with pytest.raises(ReleaseError, match="lib/ must not have"):
        check_contents(built.files | {package}, built.wheel, built.sdist)


def _rewritten(wheel: Path, folder: Path, keep: Callable[[str], bool]) -> Path:
    """The wheel with those of its files only that are to be kept."""
    path = folder / wheel.name
    with zipfile.ZipFile(wheel) as original, zipfile.ZipFile(path, "w") as archive:
        for name in filter(keep, original.namelist()):
            archive.writestr(name, original.read(name))
    return path
