"""Live frameworks: what they share with Prowler's own, how to choose them, what can go wrong."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from pkgutil import resolve_name
from types import SimpleNamespace
from typing import Any

import prowler
import pytest
from prowler.config import config
from prowler.lib.check.compliance_config_eval import evaluate_config_constraints
from prowler.lib.check.compliance_models import (
    get_bulk_compliance_frameworks_universal,
    load_compliance_framework_universal,
)
from prowler.lib.outputs.compliance import compliance

from prowler_access_keys.compliance import live, live_frameworks
from prowler_access_keys.compliance.live_frameworks import SIBLINGS, twin_name, up_to_date
from prowler_access_keys.ranking.cli import main
from prowler_access_keys.services.iam.iam_access_keys.catalogue import our_checks
from prowler_access_keys.services.iam.iam_access_keys.requirements_about_users import (
    WRAPPED,
    leave_out_root,
)

INSTALLED = Path(prowler.__path__[0], "compliance")
CIS = "cis_6.0_aws"
PLUG_IN = "prowler-access-keys"


def load(path: Path) -> Any:
    return load_compliance_framework_universal(str(path))


FRAMEWORKS = {
    path.stem: path
    for path in sorted((*INSTALLED.glob("aws/*.json"), *INSTALLED.glob("*.json")))
    if any(f'"{sibling}"' in path.read_text("utf-8") for sibling in SIBLINGS)
}
"""The frameworks of the installed Prowler that have a live twin."""


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that has one folder for each pair of versions."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "prowler-access-keys" / "live-frameworks"


@pytest.fixture(scope="module")
def twins(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder with the twin of every framework."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        assert choose(*FRAMEWORKS) == 0
        yield up_to_date()


def choose(*names: str) -> object:
    """Run prowler-access-keys. Returns its exit code."""
    with pytest.raises(SystemExit) as ended:
        main(["--live-frameworks", *names])
    return ended.value.code


def offered() -> list[str]:
    """The names of the live frameworks that a start of Prowler would see."""
    return sorted(path.stem for path in up_to_date().glob("*.json"))


# A twin and its original, by Prowler's own loader


def test_most_frameworks_have_a_twin() -> None:
    assert len(FRAMEWORKS) >= 40


@pytest.mark.parametrize("name", FRAMEWORKS)
def test_a_twin_differs_from_its_original_in_the_replaced_checks_only(
    name: str, twins: Path
) -> None:
    original, twin = load(FRAMEWORKS[name]), load(twins / f"{twin_name(name)}.json")
    for same in ("framework", "name", "version", "attributes_metadata"):
        assert getattr(twin, same) == getattr(original, same)
    assert twin.description.startswith(original.description)
    assert twin.get_providers() == ["aws"]
    assert twin.outputs.table_config
    assert len(twin.requirements) == len(original.requirements)
    for mine, theirs in zip(twin.requirements, original.requirements, strict=True):
        checks = theirs.checks.get("aws", [])
        assert mine.checks.get("aws", []) == [SIBLINGS.get(check, check) for check in checks]
        if set(checks).isdisjoint(SIBLINGS):
            assert mine.config_requirements == theirs.config_requirements
        changed = {"checks", "config_requirements"}
        assert json.loads(mine.json(exclude=changed)) == json.loads(theirs.json(exclude=changed))


@pytest.mark.parametrize("name", FRAMEWORKS)
def test_a_looser_setting_fails_the_replaced_requirements(name: str, twins: Path) -> None:
    loose = {
        "iam_user_multiple_active_keys": {"multiple_active_keys_grace_days": 1},
        "iam_user_unrotated_active_keys": {"max_unrotated_access_keys_days": 91},
        "iam_user_unused_active_keys": {"max_unused_access_keys_days": 91},
        "iam_root_user_active_keys": {},
    }
    seen = set()
    for requirement in load(twins / f"{twin_name(name)}.json").requirements:
        for check in our_checks().intersection(requirement.checks.get("aws", ())):
            limits = requirement.config_requirements
            assert evaluate_config_constraints(limits, {}, "aws")[0]
            assert evaluate_config_constraints(limits, loose[check], "aws")[0] != bool(loose[check])
            seen.add(check)
    assert seen


def test_a_number_of_the_standards_own_outranks_ours(twins: Path) -> None:
    framework = load(twins / "aws_foundational_security_best_practices_live_aws.json")
    numbers = {
        limit.Value
        for requirement in framework.requirements
        for limit in requirement.config_requirements or ()
        if limit.ConfigKey == "max_unused_access_keys_days"
    }
    assert numbers == {45, 90}


@pytest.mark.parametrize("name", FRAMEWORKS)
def test_every_twin_has_a_console_table(
    name: str, twins: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    twin = twin_name(name)
    requirements = load(twins / f"{twin}.json").requirements
    checks = {check for each in requirements for check in each.checks.get("aws", ())}
    statuses = ("PASS", "FAIL", "MANUAL")
    table(twin, twins, *((check, "name", status) for check in checks for status in statuses))
    assert f"_{twin}.csv" in capsys.readouterr().out


def table(twin: str, folder: Path, *findings: tuple[str, str, str]) -> None:
    """Have Prowler print a twin's table: of each finding, check, name, and status."""
    framework = load(folder / f"{twin}.json")
    compliance.display_compliance_table(
        [
            SimpleNamespace(
                check_metadata=SimpleNamespace(CheckID=check),
                resource_id=name, status=status, muted=False,
            )
            for check, name, status in findings
        ],
        {check: None for check, _, _ in findings},
        twin, "name", "output", False, {twin: framework}, "aws",
    )  # fmt: skip


@pytest.mark.parametrize("twin", ["cis_6.0_live_aws", "nist_csf_2.0_live_aws"])
def test_only_a_requirement_about_iam_users_has_no_row_about_the_root_user(
    twin: str, twins: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for place, name in WRAPPED:
        owner = resolve_name(place)
        monkeypatch.setattr(owner, name, getattr(owner, name))
    monkeypatch.setattr(live, "__path__", [str(twins)])
    leave_out_root.cache_clear()
    leave_out_root("iam_user_multiple_active_keys")
    table(
        twin, twins,
        ("iam_user_multiple_active_keys", "alice", "PASS"),
        ("iam_user_multiple_active_keys", "bob", "PASS"),
        ("iam_user_multiple_active_keys", "<root_account>", "FAIL"),
        ("iam_root_user_active_keys", "<root_account>", "FAIL"),
    )  # fmt: skip
    assert ("(1) FAIL" in capsys.readouterr().out) == twin.startswith("cis")


# What the user chooses, and what Prowler offers


def test_none_is_offered_by_default(cache: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert offered() == []
    assert not cache.exists()
    assert capsys.readouterr() == ("", "")


def test_a_choice_replaces_the_one_before(cache: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert choose(CIS, "csa_ccm_4.0") == 0
    assert "prowler aws --compliance csa_ccm_4.0_live_aws" in capsys.readouterr().out
    assert offered() == ["cis_6.0_live_aws", "csa_ccm_4.0_live_aws"]
    assert choose("cis_5.0_live_aws") == 0
    assert offered() == ["cis_5.0_live_aws"]
    assert choose() == 0
    assert "Prowler now offers no live framework." in capsys.readouterr().out
    assert offered() == []
    assert choose(CIS) == 0  # one that was made before
    assert offered() == ["cis_6.0_live_aws"]
    assert not [path for path in cache.iterdir() if path.name.startswith(".")]


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("cis_60_aws", f"Prowler {version('prowler')} has no such framework for AWS"),
        ("../aws/cis_6.0_aws", "has no such framework for AWS"),
        ("cis_1.8_kubernetes", "has no such framework for AWS"),
        ("gxp_eu_annex_11_aws", "this plug-in replaces none of its checks"),
    ],
)
def test_a_framework_without_a_twin_is_named_with_the_reason_and_the_others_are_made(
    name: str, why: str, cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert choose(CIS, name) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"prowler-access-keys: There is no live framework for {name}: ")
    assert why in line
    assert offered() == ["cis_6.0_live_aws"]
    assert choose(name) == 1
    assert offered() == ["cis_6.0_live_aws"]


def damage(path: Path) -> None:
    path.write_text("{")


def change_schema(path: Path) -> None:
    framework = json.loads(path.read_text("utf-8"))
    del framework["Requirements"][0]["Checks"]
    path.write_text(json.dumps(framework))


def change_attributes(path: Path) -> None:
    framework = json.loads((INSTALLED / "csa_ccm_4.0.json").read_text("utf-8"))
    del framework["outputs"]
    for requirement in framework["requirements"]:
        requirement["attributes"]["Profile"] = ["one", "two"]
    path.write_text(json.dumps(framework))


@pytest.mark.parametrize("spoil", [damage, change_schema, change_attributes, Path.unlink])
def test_a_file_of_a_later_prowler_that_is_not_as_expected_costs_its_twin_only(
    spoil: Callable[[Path], None],
    cache: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert choose(CIS, "cis_5.0_aws") == 0
    later = tmp_path / "later"
    for name in (CIS, "cis_5.0_aws"):
        copy = later / "compliance" / "aws" / f"{name}.json"
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(FRAMEWORKS[name].read_bytes())
    spoil(later / "compliance" / "aws" / f"{CIS}.json")
    monkeypatch.setattr(prowler, "__path__", [str(later)])
    monkeypatch.setattr(live_frameworks, "version", {"prowler": "5.99", PLUG_IN: "0.2.0"}.get)
    capsys.readouterr()
    assert offered() == ["cis_5.0_live_aws"]
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("prowler-access-keys: There is no live framework for cis_6.0_live_aws: ")


@pytest.mark.parametrize("changed", ["prowler", PLUG_IN])
def test_another_version_makes_the_chosen_twins_anew_once_and_in_silence(
    changed: str, cache: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert choose(CIS) == 0
    before = up_to_date()
    versions = {"prowler": "5.46.0", PLUG_IN: "0.2.0", changed: "5.99"}
    monkeypatch.setattr(live_frameworks, "version", versions.get)
    capsys.readouterr()
    assert offered() == ["cis_6.0_live_aws"]
    (twin,) = up_to_date().iterdir()
    assert twin.parent != before
    assert before.is_dir()  # another environment may have that version
    made = twin.stat().st_mtime_ns
    up_to_date()
    assert twin.stat().st_mtime_ns == made
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("seconds", [-1, 1])
def test_a_file_that_was_changed_makes_its_twin_anew(
    seconds: int, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = tmp_path / "compliance" / "aws" / f"{CIS}.json"
    copy.parent.mkdir(parents=True)
    copy.write_bytes(FRAMEWORKS[CIS].read_bytes())
    monkeypatch.setattr(prowler, "__path__", [str(tmp_path)])
    assert choose(CIS) == 0
    copy.write_text(copy.read_text("utf-8").replace("Maintain", "Retain"))
    os.utime(copy, (copy.stat().st_mtime + seconds,) * 2)
    (twin,) = up_to_date().iterdir()
    assert "Retain" in load(twin).requirements[0].description


def test_a_choice_made_while_prowler_starts_is_kept(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert choose(CIS) == 0
    versions = {"prowler": "5.99", PLUG_IN: "0.2.0"}
    monkeypatch.setattr(live_frameworks, "version", versions.get)
    make = live_frameworks._make

    def choose_meanwhile(names: list[str]) -> object:
        monkeypatch.setattr(live_frameworks, "_make", make)
        assert choose("cis_5.0_aws") == 0
        assert offered() == ["cis_5.0_live_aws"]
        return make(names)

    monkeypatch.setattr(live_frameworks, "_make", choose_meanwhile)
    assert offered() == ["cis_6.0_live_aws"]  # what this start had begun with
    assert offered() == ["cis_5.0_live_aws"]


# A cache that cannot be used


def open_to_all(folder: Path) -> None:
    folder.chmod(0o777)


def link(folder: Path) -> None:
    folder.rename(folder.with_name("elsewhere"))
    folder.symlink_to("elsewhere")


def give_away(folder: Path) -> None:
    """Let another user own it."""
    if os.geteuid() == 0:
        os.chown(folder, 12345, -1)
    else:
        pytest.MonkeyPatch().setattr("os.geteuid", lambda: 12345)


@pytest.mark.parametrize("spoil", [open_to_all, link, give_away])
def test_no_framework_is_taken_from_a_folder_that_somebody_else_can_write_to(
    spoil: Callable[[Path], None],
    cache: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("os.geteuid", os.geteuid)
    assert choose(CIS) == 0
    spoil(cache)
    capsys.readouterr()
    assert offered() == []
    (line,) = capsys.readouterr().err.splitlines()
    assert "nobody but you can write. No live framework is offered." in line
    assert choose(CIS) == 1
    assert "No live framework was made." in capsys.readouterr().err


def test_a_cache_that_cannot_be_written_costs_the_twins_and_one_line(
    cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cache.parent.mkdir()
    cache.write_text("")  # a file in its place: nobody can write there, root neither
    assert choose(CIS) == 1
    out, err = capsys.readouterr()
    assert (out, len(err.splitlines())) == ("", 1)
    assert "No live framework was made." in err
    assert offered() == []


def test_a_start_of_prowler_that_cannot_make_a_twin_anew_says_so_in_one_line(
    cache: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert choose(CIS) == 0
    versions = {"prowler": "5.99", PLUG_IN: "0.2.0"}
    monkeypatch.setattr(live_frameworks, "version", versions.get)

    def full(*arguments: object, **named: object) -> None:
        raise OSError(28, "No space left on device", str(cache))

    monkeypatch.setattr("tempfile.TemporaryDirectory", full)
    capsys.readouterr()
    monkeypatch.setattr(live, "__path__", [str(up_to_date())])
    assert capsys.readouterr().err == (
        f"prowler-access-keys: [Errno 28] No space left on device: '{cache}'. "
        "No live framework is offered.\n"
    )
    assert "cis_6.0_aws" in config.get_available_compliance_frameworks("aws")
    assert not [name for name in get_bulk_compliance_frameworks_universal("aws") if "live" in name]


def test_without_a_home_directory_nothing_is_made(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    monkeypatch.setattr(Path, "home", no_home)
    assert choose(CIS) == 1
    assert capsys.readouterr().err.endswith(" No live framework was made.\n")
    assert offered() == []
    assert capsys.readouterr() == ("", "")


def no_home() -> Path:
    raise RuntimeError("Could not determine home directory.")
