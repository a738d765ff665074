"""The commands that deliver findings do what the page says."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator

import pytest

from embedded_aws.aws import EmbeddedAWS

from ..end_to_end.environments import Run
from ..end_to_end.loaded import LoadedProwler
from ..pages import command

BUCKET = "my-bucket"


@pytest.fixture(scope="module")
def aws() -> Iterator[EmbeddedAWS]:
    with EmbeddedAWS() as embedded:
        embedded.client("s3").create_bucket(Bucket=BUCKET)
        embedded.add_key(embedded.add_user("alice"))
        yield embedded


@pytest.fixture(scope="module")
def delivered(
    aws: EmbeddedAWS, loaded: LoadedProwler, tmp_path_factory: pytest.TempPathFactory
) -> Run:
    folder = tmp_path_factory.mktemp("deliveries")
    words = command(f"-o reports -B {BUCKET}")
    run = loaded.run(words, environment=aws.environment(), directory=folder)
    return Run(run.returncode, run.output, folder / "reports")


def test_the_reports_are_in_the_bucket(aws: EmbeddedAWS, delivered: Run) -> None:
    objects = aws.client("s3").list_objects_v2(Bucket=BUCKET)["Contents"]
    assert {one["Key"].rpartition("/")[0] for one in objects} == {
        "reports/csv", "reports/html", "reports/json-ocsf"
    }, delivered.output  # fmt: skip


@pytest.mark.skipif(not shutil.which("jq"), reason="needs jq")
def test_jq_gives_a_finding_a_line(delivered: Run) -> None:
    text = command("jq --compact-output '.[]' output/*.ocsf.json > findings.ndjson")
    assert text[0] == "jq"
    report = delivered.report("*.ocsf.json")
    lines = subprocess.check_output([*text[:3], str(report)], text=True).splitlines()
    assert [json.loads(line) for line in lines] == json.loads(report.read_text("utf-8"))
