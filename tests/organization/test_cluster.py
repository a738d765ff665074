"""Scans on a Dask cluster: a real scheduler and real workers on loopback."""

from __future__ import annotations

import os
import pickle
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from demo.mutelist import muting
from embedded_aws.aws import EmbeddedAWS
from embedded_aws.dask_cluster import EmbeddedCluster
from embedded_aws.organization import EmbeddedOrganization
from prowler_org import cluster, processes
from prowler_org.cli import main
from prowler_org.cluster import ClusterTask, describe_misfits, with_files
from prowler_org.organization import Account
from prowler_org.processes import Launcher
from prowler_org.refusal import Refused
from prowler_org.scan import ScanTask

from ..end_to_end.environments import Environment
from ..pages import command
from ..scanning import CHECK, environment_of
from .commands import (
    OrgRun,
    arguments_of,
    outcomes_in,
    run,
    scans_on_workers,
    start,
    wait_until,
)

ADDRESS_ON_THE_PAGE = "tcp://scheduler:8786"
VERSIONS = {"prowler": "5.46.0", "prowler-access-keys": "0.1.0"}


@dataclass(frozen=True)
class Scanned:
    """An organization that was scanned on a cluster of which a worker was killed."""

    aws: EmbeddedAWS
    accounts: dict[str, str]
    cluster: EmbeddedCluster
    run: OrgRun
    refused: OrgRun
    """A run before there was any worker."""


@pytest.fixture(scope="module")
def scanned(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scanned]:
    folder = tmp_path_factory.mktemp("cluster")
    (folder / "here").mkdir()
    (folder / "here" / "mutelist.yaml").write_text(muting("bob"))
    with EmbeddedAWS() as aws, ExitStack() as stack:
        organization = EmbeddedOrganization(aws)
        names = ("failing", "slow", "third", "fourth", "roleless")
        accounts = {name: organization.add_account(name) for name in names}
        for user in ("alice", "bob"):
            organization.add_keys(accounts["failing"], user, 2)
        aws.behaviour.accounts_without_role = frozenset({accounts["roleless"]})
        aws.behaviour.seconds_to_assume = {accounts["slow"]: 600.0}

        dask = stack.enter_context(EmbeddedCluster(folder, command("dask scheduler")))
        scan = arguments_of(here(command("--scheduler tcp://"), dask))
        worker = here(command("dask worker tcp://"), dask)
        options = (*scan, "--", "--checks", CHECK, "-w", "mutelist.yaml")
        mine = aws.environment("AKIAOFTHISMACHINE")
        refused = run(*options, environment=mine, directory=folder / "here" / "refused")
        for _ in range(2):
            dask.add_worker(aws.environment("AKIAOFTHEWORKERS"), worker=worker)

        directory = folder / "here" / "output"
        process = start(*options, environment=mine, directory=directory)
        stack.callback(process.kill)
        wait_until(lambda: len(outcomes_in(directory)) == 4, "the other accounts' outcomes")
        wait_until(lambda: aws.assumed[accounts["slow"]], "a scan of the slow account")
        aws.behaviour.seconds_to_assume = {}
        os.kill(dask.busy_worker(), signal.SIGKILL)
        output, _ = process.communicate()
        yield Scanned(aws, accounts, dask, OrgRun(process.returncode, output, directory), refused)


def here(words: Sequence[str], dask: EmbeddedCluster) -> list[str]:
    """A command of the page, with this cluster's address for the page's."""
    return [word.replace(ADDRESS_ON_THE_PAGE, dask.address) for word in words]


def test_when_a_worker_is_killed_nothing_is_lost(scanned: Scanned) -> None:
    outcomes = {outcome.name: outcome for outcome in scanned.run.outcomes.values()}
    assert outcomes.pop("roleless").reason.startswith("The role could not be assumed")
    assert {outcome.status for outcome in outcomes.values()} == {"scanned"}, scanned.run.output
    assert scanned.aws.assumed[scanned.accounts["slow"]] == 2
    assert scanned.run.returncode == 4


def test_an_account_that_was_done_is_not_scanned_again(scanned: Scanned) -> None:
    times = {name: scanned.aws.assumed[account] for name, account in scanned.accounts.items()}
    assert (times["failing"], times["third"], times["fourth"]) == (1, 1, 1)


def test_the_reports_come_from_the_workers(scanned: Scanned) -> None:
    merged = scanned.run.merged(".csv").read_text("utf-8")
    for name in ("failing", "slow", "third", "fourth"):
        account = scanned.accounts[name]
        reports = scanned.run.outcomes[account].reports
        assert [report.rpartition(".")[2] for report in reports] == ["csv", "html", "json"]
        assert all((scanned.run.directory / report).is_file() for report in reports)
        assert f";{account};" in merged


def test_a_file_that_prowlers_arguments_name_is_at_hand_on_the_worker(scanned: Scanned) -> None:
    counts = scanned.run.outcomes[scanned.accounts["failing"]].counts
    assert (counts.failed, counts.muted) == (1, 1)


def test_workers_use_their_own_credentials(scanned: Scanned) -> None:
    assert scanned.aws.assumed_by == {"AKIAOFTHEWORKERS"}
    assert "AKIAOFTHISMACHINE" in scanned.aws.callers


def test_what_is_sent_holds_no_credentials(scanned: Scanned) -> None:
    task = ScanTask(Account("111111111111", "name"), ("-R", "arn"), 60.0)
    with environment_of(scanned.aws):
        sent = pickle.dumps(ClusterTask("run", task, (), tuple(VERSIONS.items())))
    environment = scanned.aws.environment()
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        assert environment[name].encode() not in sent


def test_a_scheduler_without_workers_is_refused(scanned: Scanned) -> None:
    assert scanned.refused.returncode == 1
    assert "has no workers: start some with `dask worker tcp://" in scanned.refused.output


def test_an_interrupted_run_ends_its_scans_on_the_workers(scanned: Scanned, tmp_path: Path) -> None:
    aws, slow = scanned.aws, scanned.accounts["slow"]
    before = aws.assumed[slow]
    aws.behaviour.seconds_to_assume = {slow: 600.0}
    process = start(
        "--scheduler", scanned.cluster.address, "--accounts", slow,
        environment=aws.environment(), directory=tmp_path / "output",
    )  # fmt: skip
    wait_until(lambda: aws.assumed[slow] > before, "a scan of the slow account")
    assert scans_on_workers(aws)
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate()
    aws.behaviour.seconds_to_assume = {}
    assert process.returncode == 130, output
    wait_until(lambda: not scans_on_workers(aws), "the end of the scan")


def test_a_worker_without_the_plug_in_is_refused(
    scanned: Scanned, plain: Environment, tmp_path: Path
) -> None:
    scanned.cluster.add_worker(scanned.aws.environment(), str(plain.python))
    refused = run(
        "--scheduler", scanned.cluster.address,
        environment=scanned.aws.environment(), directory=tmp_path / "output",
    )  # fmt: skip
    assert refused.returncode == 1
    assert "has no prowler-access-keys. On the workers: pip install" in refused.output
    assert not (tmp_path / "output").exists()


def test_another_version_on_a_worker_is_named() -> None:
    installed = {
        "prowler": {"tcp://a": "5.46.0", "tcp://b": "5.45.0"},
        "prowler-access-keys": {"tcp://a": "0.1.0", "tcp://b": "0.1.0"},
    }
    assert "but tcp://b has prowler 5.45.0. On the workers" in describe_misfits(VERSIONS, installed)
    installed["prowler"]["tcp://b"] = "5.46.0"
    assert describe_misfits(VERSIONS, installed) == ""


def test_a_worker_that_joined_with_another_version_does_not_scan() -> None:
    task = ScanTask(Account("111111111111", "name"), (), 60.0)
    delivery = cluster.scan_on_worker(ClusterTask("run", task, (), (("prowler", "4.0.0"),)))
    assert delivery.outcome.reason.startswith("The worker has prowler 5.")


def test_a_worker_that_does_not_fork_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "why_not_forked", lambda: "this system cannot fork")
    launcher = Launcher()
    launcher.stop()  # no scan is needed for this
    monkeypatch.setitem(cluster._launchers, "run", launcher)
    task = ScanTask(Account("111111111111", "name"), (), 60.0)
    delivery = cluster.scan_on_worker(ClusterTask("run", task, (), ()))
    assert delivery.not_forked == "this system cannot fork"


def test_scans_of_an_ended_run_do_not_start_on_a_worker_that_is_loading_prowler(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    began, loaded = threading.Event(), threading.Event()

    def loads_for_long() -> None:
        began.set()
        assert loaded.wait(60)

    monkeypatch.setattr(processes, "why_not_forked", loads_for_long)
    monkeypatch.setattr(cluster, "_launchers", {})
    monkeypatch.setattr(cluster, "_ended", set())
    warming = threading.Thread(target=cluster.warm_up, args=("run",))
    warming.start()
    assert began.wait(60)
    cluster.end_scans("run")
    loaded.set()
    warming.join()
    assert cluster._launchers["run"].stopped.is_set()


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:9", "nonsense://x", "127.0.0.1:none"])
def test_a_scheduler_that_cannot_be_reached_is_refused(
    scanned: Scanned,
    address: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(cluster, "SECONDS_TO_CONNECT", 1)
    with environment_of(scanned.aws):
        assert main(["--role", "R", "--scheduler", address]) == 1
    assert f"The scheduler {address} cannot be reached" in capsys.readouterr().err


def test_without_dask_it_is_said_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(Refused, match=r"pip install \"prowler-access-keys\[dask\]\""):
        cluster.Cluster("tcp://127.0.0.1:9", VERSIONS)


def test_files_are_named_where_they_are_on_the_worker(tmp_path: Path) -> None:
    files = (("--mutelist-file", "mute.yaml", b"m"), ("--config-file", "c.yaml", b"c"))
    given = ("-w", "a/mute.yaml", "--status", "FAIL")
    arguments = with_files(given, files, tmp_path)
    assert arguments[:4] == given
    _, muted, _, config = arguments[4:]
    assert (arguments[4], arguments[6]) == ("--mutelist-file", "--config-file")
    assert Path(muted).read_bytes() == b"m"
    assert Path(config).read_bytes() == b"c"
