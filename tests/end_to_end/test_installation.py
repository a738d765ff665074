"""The ways to give Prowler the check, by the README's commands; each leaves Prowler as it was."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from importlib.metadata import packages_distributions, requires, version
from pathlib import Path
from threading import Event

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from embedded_aws.aws import EmbeddedAWS
from scripts.release import IN_WHEEL, copy_sources

from .. import loaded
from ..pages import REPOSITORY, block, command
from ..permissions import actions, user_credentials
from ..scanning import CHECK, ROOT
from .environments import PATIENCE, Environment

TRUTH = {ROOT: "FAIL", "alice": "FAIL", "bob": "FAIL", "break-glass-1": "FAIL", "carol": "PASS"}
NOW = datetime.now(timezone.utc)


@pytest.fixture
def aws() -> Iterator[EmbeddedAWS]:
    """Alice has a key unused for 400 days, and so has a muted user; bob uses both of his."""
    with EmbeddedAWS() as embedded:
        embedded.behavior.root_keys_active = (True, True)
        for name, unused in (("alice", 400), ("bob", 1), ("break-glass-1", 400)):
            user = embedded.add_user(name, "/people/")
            for age, idle in ((900, unused), (300, 1)):
                created, used = NOW - timedelta(days=age), NOW - timedelta(days=idle)
                embedded.add_key(user, created=created, last_used=used)
        embedded.add_key(embedded.add_user("carol"))
        yield embedded


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A working directory with the folders that the README's commands name."""
    for name in ("checks", "metadata"):
        (tmp_path / name).symlink_to(REPOSITORY / name)
    return tmp_path


@pytest.mark.parametrize(
    "install", [command("pip install ."), command("pip install -e .")], ids=" ".join
)
def test_uninstalling_leaves_nothing_behind(tmp_path: Path, install: list[str]) -> None:
    environment, sources = Environment(tmp_path / "venv"), copy_sources(tmp_path / "sources")
    before = environment.installed_files()
    removed = sources / "build" / "lib" / "prowler_org" / "removed.py"
    removed.parent.mkdir(parents=True)
    removed.touch()  # as an earlier build of an earlier version leaves it
    environment.install_plugin(install, sources)
    assert environment.installed_files() != before
    assert "prowler_org/removed.py" not in environment.installed_files()
    _, *uninstall = command("pip uninstall prowler-access-keys")
    environment.pip(*uninstall, "--yes")
    assert environment.installed_files() == before


def test_every_file_of_the_folders_is_installed(installed: Environment) -> None:
    for folder, place in IN_WHEEL.items():
        for path in (REPOSITORY / folder).rglob("*"):
            if path.is_file() and path.suffix != ".pyc":
                assert (installed.packages / place / path.relative_to(REPOSITORY / folder)).exists()


def imported() -> set[str]:
    """The distributions that the product imports, without itself and Python."""
    nodes = [
        node
        for folder in IN_WHEEL
        for path in (REPOSITORY / folder).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
    ]
    names = {
        *(alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names),
        *(
            node.module or ""
            for node in nodes
            if isinstance(node, ast.ImportFrom)
            if not node.level
        ),
    }
    packages = {name.partition(".")[0] for name in names} - {*sys.stdlib_module_names, *IN_WHEEL}
    places = packages_distributions()
    return {canonicalize_name(places[name][0]) for name in packages - {"prowler_access_keys"}}


def required(distribution: str, *extras: str) -> set[str]:
    """The distributions that this one requires, with these extras."""
    found = [Requirement(text) for text in requires(distribution) or ()]
    return {
        canonicalize_name(requirement.name)
        for requirement in found
        if not requirement.marker
        or any(requirement.marker.evaluate({"extra": extra}) for extra in ("", *extras))
    }


def test_it_requires_what_it_imports_and_prowler_does_not_require() -> None:
    # What both require, pip looks for among all versions before it comes to Prowler's pin.
    assert required("prowler-access-keys", "dask") == imported() - required("prowler")


@pytest.mark.parametrize("program", ["prowler-access-keys", "prowler-org"])
def test_the_version_of_prowler_is_known_if_it_comes_from_another_distribution(
    program: str, installed: Environment, tmp_path: Path
) -> None:
    (information,) = installed.packages.glob("prowler-*.dist-info")
    information.rename(tmp_path / information.name)  # as in prowler-cloud, which has another name
    try:
        run = installed.run([program, "--version"], environment={}, directory=tmp_path)
    finally:
        (tmp_path / information.name).rename(information)
    ours, prowlers = version("prowler-access-keys"), version("prowler")
    assert run.output == f"{program} {ours}, with Prowler {prowlers}\n"


def kill_a_run(aws: EmbeddedAWS, environment: Environment, directory: Path) -> None:
    """Kill Prowler when it has copied the checks into its own folder and begins to scan.

    A copy that a kill cuts off in its middle, such as a check without its metadata, stops the next
    start of Prowler.
    """
    words = [str(environment.prowler), *command("--checks-folder checks")[1:]]
    scans, killed = Event(), Event()

    def hold(answer: str, _: str) -> str:
        scans.set()
        killed.wait(PATIENCE)
        return answer

    aws.behavior.rewrite = dict.fromkeys(actions("scan.json"), hold)
    with subprocess.Popen(
        words, env=aws.environment(), cwd=directory, stdout=subprocess.DEVNULL
    ) as process:
        while not scans.wait(0.05):
            assert process.poll() is None
        process.kill()
        killed.set()
    aws.behavior.rewrite = {}
    assert (environment.packages / "prowler/providers/aws/services/iam" / CHECK).exists()


def test_a_checks_file_runs_the_check_from_an_s3_folder(
    aws: EmbeddedAWS, plain: Environment, tmp_path: Path
) -> None:
    before, s3 = plain.installed_files(), aws.client("s3")
    s3.create_bucket(Bucket="my-bucket")
    for path in (REPOSITORY / "checks").rglob("*"):
        if path.is_file() and path.suffix != ".pyc":
            s3.upload_file(str(path), "my-bucket", f"shared/{path.relative_to(REPOSITORY)}")
    shell = ("bash", "-ec", block("--checks-folder s3://"))
    run = plain.run(shell, environment=aws.environment(), directory=tmp_path)
    assert run.statuses() == TRUTH, run.output
    assert plain.installed_files() == before


@pytest.mark.parametrize("how", ["installed", "checks folder, after a killed run"])
def test_the_fixer_deactivates_what_is_safe_and_refuses_the_rest(
    how: str, aws: EmbeddedAWS, plain: Environment, clone: Path
) -> None:
    """With the rights of the policies in ``metadata/permissions`` and no others."""
    run_prowler = loaded.run
    options, before = (
        ["--mutelist-file", "metadata/examples/mutelist.yaml"],
        plain.installed_files(),
    )
    if how != "installed":
        run_prowler, options = plain.run, [*options, "--checks-folder", "checks"]
        kill_a_run(aws, plain, clone)
    credentials = user_credentials(aws, [*actions("scan.json"), *actions("fix.json")])
    rights = aws.environment() | credentials
    with aws.enforcing_policies():
        run = run_prowler(command("--fixer"), *options, environment=rights, directory=clone)
    states = {name: [k.status for k in user.access_keys] for name, user in aws.iam().users.items()}
    assert states == {
        "alice": ["Inactive", "Active"],
        "bob": ["Active", "Active"],
        "break-glass-1": ["Active", "Active"],
        "carol": ["Active"],
        "prowler": ["Active"],
    }
    assert "Refused: the finding about user break-glass-1 is muted." in run.output
    assert "1 findings fixed!" in run.output
    assert "Refused: arn:aws:iam::123456789012:root is not an IAM user of" in run.output
    assert without_key_ids(block("FIXING Resource")) <= without_key_ids(run.output)
    assert plain.installed_files() == before


def without_key_ids(output: str) -> set[str]:
    """The lines of an output, without colors, and with all access key IDs alike."""
    plain = re.sub(r"\x1b\[[\d;]*m", "", output)
    return {line.rstrip() for line in re.sub(r"\bAKIA\w+", "AKIA", plain).splitlines()}
