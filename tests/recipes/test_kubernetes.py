"""The CronJob is one that Kubernetes knows, and starts a prowler-org that exists."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from kubernetes.client import ApiClient

from prowler_org.cli import NOT_ALL_SCANNED, NOT_STARTED, SOMETHING_FAILED, WRONG_USAGE
from prowler_org.options import parse

from ..pages import RECIPES

MANIFESTS: list[dict[str, Any]] = [
    *yaml.safe_load_all((RECIPES / "kubernetes.yaml").read_text("utf-8"))
]
JOB = MANIFESTS[-1]["spec"]["jobTemplate"]["spec"]
POD = JOB["template"]["spec"]
(CONTAINER,) = POD["containers"]
(CLEANER,) = POD["initContainers"]


@pytest.mark.parametrize("manifest", MANIFESTS, ids=lambda manifest: str(manifest["kind"]))
def test_a_manifest_has_only_fields_that_kubernetes_knows(manifest: dict[str, Any]) -> None:
    client = ApiClient()
    answer = SimpleNamespace(data=json.dumps(manifest))  # as if a cluster had sent it
    read = client.deserialize(answer, f"V1{manifest['kind']}")  # drops what it does not know
    assert client.sanitize_for_serialization(read) == manifest


def test_the_arguments_are_those_of_prowler_org() -> None:
    assert CONTAINER["command"] == ["prowler-org"]
    assert str(parse(CONTAINER["args"]).output_directory) == "/reports"


def test_every_folder_that_is_written_to_is_mounted() -> None:
    assert CONTAINER["securityContext"]["readOnlyRootFilesystem"]
    mounted = {mount["name"]: mount["mountPath"] for mount in CONTAINER["volumeMounts"]}
    assert {volume["name"] for volume in POD["volumes"]} == mounted.keys()
    assert set(mounted.values()) == {"/reports", "/tmp"}  # noqa: S108


def test_old_reports_are_removed_and_nothing_else(tmp_path: Path) -> None:
    old = (
        "prowler-org-o-1.csv",
        "accounts/1/prowler-output-1.csv",
        "compliance/prowler-org-o-1.csv",
    )
    others = ("keys/prowler-org-o-1.json", "notes.csv", "prowler-org-state.json")
    for number, name in enumerate((*old, *others, "prowler-org-o-2.csv")):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        if number < len(old) + len(others):
            os.utime(path, (1, 1))
    (text,) = CLEANER["args"]
    shell = [*CLEANER["command"], text.replace("/reports", str(tmp_path))]
    assert subprocess.check_output(shell, stderr=subprocess.STDOUT) == b""
    left = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    assert left == {*others, "prowler-org-o-2.csv"}


def test_there_is_a_processor_for_each_job() -> None:
    assert CONTAINER["resources"]["requests"]["cpu"] == str(parse(CONTAINER["args"]).jobs)


def test_only_a_run_that_did_not_start_is_retried() -> None:
    (not_retried,) = (
        rule["onExitCodes"]["values"]
        for rule in JOB["podFailurePolicy"]["rules"]
        if rule["action"] == "FailJob"
    )
    assert not_retried == [WRONG_USAGE, SOMETHING_FAILED, NOT_ALL_SCANNED]
    assert NOT_STARTED not in not_retried
    assert POD["restartPolicy"] == "Never"  # podFailurePolicy needs it


def test_two_runs_do_not_overlap() -> None:
    assert MANIFESTS[-1]["spec"]["concurrencyPolicy"] == "Forbid"
