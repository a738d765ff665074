"""A new check takes a folder and one line: see CONTRIBUTING.md."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from embedded_aws.aws import EmbeddedAWS
from scripts.release import copy_sources

from ..scanning import CHECK
from .environments import Environment

NEW = "iam_user_no_active_keys"
CODE = f'''"""A check."""

from ..iam_access_keys.for_checks import UserCase, UserCheck, Verdict


class {NEW}(UserCheck):
    """An IAM user has no active access key."""

    def judge(self, user: UserCase) -> Verdict:
        return user.fails() if user.active_count() else user.passes()
'''
ENTRY_POINTS = '[project.entry-points."prowler.checks.aws"]\n'
LINE = f'{NEW} = "prowler_access_keys.services.iam.{NEW}.{NEW}"\n'


def with_a_new_check(sources: Path) -> Path:
    """A copy of the tree in this folder, with one more check."""
    copy_sources(sources)
    folder = sources / "checks" / NEW
    folder.mkdir()
    (folder / "__init__.py").touch()
    (folder / f"{NEW}.py").write_text(CODE)
    model = sources / "checks" / CHECK / f"{CHECK}.metadata.json"
    metadata = model.read_text("utf-8").replace(f'"CheckID": "{CHECK}"', f'"CheckID": "{NEW}"')
    (folder / f"{NEW}.metadata.json").write_text(metadata, "utf-8")
    project = sources / "pyproject.toml"
    project.write_text(project.read_text("utf-8").replace(ENTRY_POINTS, ENTRY_POINTS + LINE))
    return sources


@pytest.mark.parametrize("how", ["installed", "checks folder"])
def test_a_new_check_runs(how: str, aws: EmbeddedAWS, plain: Environment, tmp_path: Path) -> None:
    aws.add_user("alice")
    aws.add_key(aws.add_user("bob"))
    sources = with_a_new_check(tmp_path / "sources")
    words = ["prowler", "aws", "--checks", NEW, "--output-formats", "csv"]
    environment = plain
    if how == "installed":
        environment = Environment(tmp_path / "venv")
        environment.install_plugin(sources=sources)
        shutil.rmtree(sources)
    else:
        words += ["--checks-folder", str(sources / "checks")]
    before = environment.installed_files()
    run = environment.run(words, environment=aws.environment(), directory=tmp_path)
    assert run.statuses() == {"alice": "PASS", "bob": "FAIL"}, run.output
    assert environment.installed_files() == before
