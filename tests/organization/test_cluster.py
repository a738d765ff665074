"""Scans on a Dask cluster: a real scheduler and real workers on loopback."""

from __future__ import annotations

import gc
import os
import pickle
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import Mock, patch

import psutil
import pytest
from distributed import LocalCluster, get_worker
from distributed.security import Security

from embedded_aws.aws import EmbeddedAWS
from embedded_aws.dask_cluster import EmbeddedCluster
from embedded_aws.organization import EmbeddedOrganization
from prowler_org.directory_lock import lock
from prowler_org.errors import StartError
from prowler_org.running_prowler import processes
from prowler_org.running_prowler.processes import ProwlerLauncher
from prowler_org.scanning.backends import BackendLostError, dask_cluster, dask_worker
from prowler_org.scanning.backends.dask_cluster import DaskCluster, is_on_this_machine
from prowler_org.scanning.backends.dask_worker import SentTask, scan_on_worker

from ..end_to_end.environments import PATIENCE, Environment
from ..exceptions import excepting
from ..mutelists import muting
from ..pages import block, command
from ..scanning import CHECK, environment_of
from .commands import (
    OrgRun,
    arguments_of,
    at_address,
    processes_with,
    results_in,
    run,
    scans_on_workers,
    start,
    wait_until,
)
from .examples import TASK

VERSIONS = {"prowler": "5.46.0", "prowler-access-keys": "0.1.0"}
NAMES = ("failing", "roleless", "slow", "endless")


@dataclass(frozen=True)
class ClusterRun:
    """A run whose only worker was killed, and which was then interrupted."""

    aws: EmbeddedAWS
    accounts: dict[str, str]
    """Account IDs by name."""
    cluster: EmbeddedCluster
    run: OrgRun
    assumed: dict[str, int]
    """How often workers tried to assume each account's role, by name."""
    refused: OrgRun
    """A run before there was a worker."""
    temporary: Path
    """The folder for temporary files of the workers."""


@pytest.fixture(scope="module")
def scanned(
    tmp_path_factory: pytest.TempPathFactory, starts_quickly: dict[str, str]
) -> Iterator[ClusterRun]:
    folder = tmp_path_factory.mktemp("cluster")
    (folder / "here").mkdir()
    (folder / "here" / "mutelist.yaml").write_text(muting("bob"))
    (folder / "here" / "exceptions.yaml").write_text(excepting("carol"))
    with EmbeddedAWS() as aws, ExitStack() as stack:
        organization = EmbeddedOrganization(aws)
        accounts = {name: organization.add_account(name) for name in NAMES}
        for user in ("alice", "bob", "carol"):
            organization.add_keys(accounts["failing"], user, 2)
        aws.behavior.accounts_without_role = frozenset({accounts["roleless"]})
        aws.behavior.seconds_to_assume = {accounts[name]: 600.0 for name in ("slow", "endless")}

        dask = stack.enter_context(EmbeddedCluster(folder, command("dask scheduler")))
        options = arguments_of(at_address(dask.address, command("--scheduler tcp://")))
        options += ["--access-key-exceptions", "exceptions.yaml"]
        options += ["--", "--checks", CHECK, "-w", "mutelist.yaml"]
        mine = aws.environment("AKIAOFTHISMACHINE")
        refused = run(*options, environment=mine, directory=folder / "here" / "refused")
        worker = at_address(dask.address, command("dask worker tcp://"))
        temporary = folder / "tmp"
        temporary.mkdir()
        theirs = aws.environment("AKIAOFTHEWORKERS", TMPDIR=str(temporary), **starts_quickly)
        dask.add_worker(theirs, worker=worker)

        directory = folder / "here" / "output"
        process = start(*options, environment=mine, directory=directory)
        stack.callback(process.kill)
        wait_until(lambda: len(results_in(directory)) == 2, "the results of the other accounts")
        wait_until(lambda: aws.assumed[accounts["slow"]], "a scan of the slow account")
        wait_until(lambda: aws.assumed[accounts["endless"]], "a scan of the endless account")
        aws.behavior.seconds_to_assume = {accounts["endless"]: 600.0}
        os.kill(dask.busy_worker(), signal.SIGKILL)
        wait_until(lambda: len(results_in(directory)) == 3, "the result of the slow account")
        wait_until(lambda: aws.assumed[accounts["endless"]] == 2, "the endless account again")
        assert scans_on_workers(aws)
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate()
        done = OrgRun(process.returncode, output, directory)
        assumed = {name: aws.assumed[account] for name, account in accounts.items()}
        yield ClusterRun(aws, accounts, dask, done, assumed, refused, temporary)


def test_after_a_worker_is_killed_only_its_scans_are_repeated(scanned: ClusterRun) -> None:
    assert scanned.run.results[scanned.accounts["slow"]].was_scanned, scanned.run.output
    assert scanned.assumed == {"failing": 1, "roleless": 1, "slow": 2, "endless": 2}


def test_an_interrupted_run_ends_its_scans_on_the_workers(scanned: ClusterRun) -> None:
    assert scanned.run.returncode == 130, scanned.run.output
    reason = scanned.run.results[scanned.accounts["endless"]].reason
    assert reason == "The run was interrupted."
    wait_until(lambda: not scans_on_workers(scanned.aws), "the end of the scan")


def test_a_worker_keeps_no_process_of_a_run(scanned: ClusterRun) -> None:
    wait_until(lambda: not fork_servers(scanned.temporary), "the end of what it forks from")


def fork_servers(temporary: Path) -> list[int]:
    """The processes that scans are forked from, on workers with this folder."""
    ours = processes_with(f"TMPDIR={temporary}")
    return [
        process for process in ours if "forkserver" in " ".join(psutil.Process(process).cmdline())
    ]


def test_the_reports_come_from_the_workers(scanned: ClusterRun) -> None:
    merged = scanned.run.merged(".csv").read_text("utf-8")
    for name in ("failing", "slow"):
        account = scanned.accounts[name]
        reports = scanned.run.results[account].reports
        assert [report.rpartition(".")[2] for report in reports] == ["csv", "html", "json"]
        assert all((scanned.run.directory / report).is_file() for report in reports)
        assert f";{account};" in merged
    # The worker got the mutelist that Prowler's arguments name, and the exceptions.
    counts = scanned.run.results[scanned.accounts["failing"]].counts
    assert (counts.failed, counts.muted) == (1, 2)


def test_workers_use_their_own_credentials_and_receive_none(scanned: ClusterRun) -> None:
    assert scanned.aws.assumed_by == {"AKIAOFTHEWORKERS"}
    assert "AKIAOFTHISMACHINE" in scanned.aws.callers
    with environment_of(scanned.aws):
        sent = pickle.dumps(SentTask("run", TASK, (), ()))
    environment = scanned.aws.environment()
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        assert environment[name].encode() not in sent


def test_no_worker_and_a_worker_without_the_plug_in_are_refused(
    scanned: ClusterRun, plain: Environment, tmp_path: Path
) -> None:
    scanned.cluster.add_worker(scanned.aws.environment(), str(plain.python))
    refused = run(
        "--scheduler", scanned.cluster.address,
        environment=scanned.aws.environment(), directory=tmp_path / "output",
    )  # fmt: skip
    assert refused.returncode == 1
    assert "has no prowler-access-keys. Install prowler " in refused.output
    assert not (tmp_path / "output").exists()
    assert "has no workers: start some with `dask worker tcp://" in scanned.refused.output


# Workers that hang, and that are signed in as somebody else


@dataclass(frozen=True)
class MixedRun:
    """A run with a worker that may scan, one that may not, and one that hangs."""

    aws: EmbeddedAWS
    accounts: list[str]
    without_role: str
    run: OrgRun


@pytest.fixture(scope="module")
def mixed(
    tmp_path_factory: pytest.TempPathFactory, starts_quickly: dict[str, str]
) -> Iterator[MixedRun]:
    folder = tmp_path_factory.mktemp("mixed")
    with EmbeddedAWS() as aws, ExitStack() as stack:
        organization = EmbeddedOrganization(aws)
        accounts = [organization.add_account(f"account-{number}") for number in range(4)]
        aws.behavior.accounts_without_role = frozenset(accounts[:1])
        stranger = aws.add_key(aws.add_user("stranger")).access_key_id
        aws.behavior.keys_without_role = frozenset({stranger})
        dask = stack.enter_context(EmbeddedCluster(folder, command("dask scheduler")))
        dask.add_worker(aws.environment(stranger, **starts_quickly))
        dask.add_worker(aws.environment(**starts_quickly))
        before = set(dask.client.run(os.getpid).values())
        dask.add_worker(aws.environment())
        (hung,) = set(dask.client.run(os.getpid).values()) - before
        os.kill(hung, signal.SIGSTOP)
        options = ("--scheduler", dask.address)
        environment = aws.environment()
        running = start(
            *options, environment=environment, directory=folder / "output", prepare=impatience
        )
        output, _ = running.communicate()
        done = OrgRun(running.returncode, output, folder / "output")
        yield MixedRun(aws, accounts[1:], accounts[0], done)


def impatience() -> None:
    dask_cluster.SECONDS_TO_ANSWER = 10.0


def test_a_worker_that_hangs_is_named_and_the_others_scan(mixed: MixedRun) -> None:
    (line,) = (line for line in mixed.run.output.splitlines() if "It did not answer" in line)
    assert re.fullmatch(r"prowler-org: The worker tcp://\S+ is not used: .* 10 seconds\.", line)
    assert mixed.run.results.keys() == {*mixed.accounts, mixed.without_role}


def test_an_account_that_one_worker_may_not_scan_is_scanned_by_another(mixed: MixedRun) -> None:
    not_scanned = {
        account for account, result in mixed.run.results.items() if not result.was_scanned
    }
    assert not_scanned == {mixed.without_role}, mixed.run.output
    assert mixed.run.returncode == 4
    assert "could not assume the role" in mixed.run.results[mixed.without_role].reason


def test_workers_that_are_signed_in_differently_are_named(mixed: MixedRun) -> None:
    (line,) = (line for line in mixed.run.output.splitlines() if "not all signed in" in line)
    (strangers,) = re.findall(r"user/stranger \((.*?)\)", line)
    assert strangers.count("tcp://") == 1
    assert line.count("arn:aws:") == 2


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:9", "nonsense://x", "127.0.0.1:none"])
def test_a_scheduler_that_cannot_be_reached_is_refused(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dask_cluster, "SECONDS_TO_CONNECT", 1)
    with pytest.raises(StartError, match=f"Cannot reach the scheduler {address}"):
        DaskCluster(address, VERSIONS)


def test_without_dask_the_error_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(StartError, match="install the extra `dask` of the plug-in"):
        DaskCluster("tcp://127.0.0.1:9", VERSIONS)


@pytest.mark.parametrize(
    ("address", "here"),
    [
        ("tcp://127.0.0.1:8786", True),
        ("localhost:8786", True),
        ("tcp://[::1]:8786", True),
        ("tcp://203.0.113.7:8786", False),
        ("tcp://no-such-host.invalid:8786", False),
        ("tcp://", False),
    ],
)
def test_a_remote_scheduler_is_distinguished_from_a_local_one(address: str, here: bool) -> None:
    assert is_on_this_machine(address) is here


# On a worker


def test_the_last_run_on_a_worker_ends_its_process(monkeypatch: pytest.MonkeyPatch) -> None:
    launchers = {name: Mock() for name in ("first", "second")}
    monkeypatch.setattr(dask_worker, "_launchers", dict(launchers))
    monkeypatch.setattr(dask_worker, "_runs", set(launchers))
    ended = Mock()
    monkeypatch.setattr(dask_worker, "end_fork_server", ended)
    dask_worker.forget("first")
    assert not ended.called  # the other run still forks from it
    dask_worker.forget("second")
    assert ended.call_count == 1
    assert all(launcher.stop.called for launcher in launchers.values())


def test_a_worker_clears_what_a_killed_worker_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    names = ("left", "used", "new", "link", "finished")
    left, used, new, link, finished = (tmp_path / f"prowler-org-{name}" for name in names)
    for folder in (left, used, new, finished, tmp_path / "other"):
        (folder / "scan").mkdir(parents=True)
        if folder is not finished:  # a folder that an operator named like that
            (folder / dask_worker.MARK).touch()
    link.symlink_to(tmp_path / "other")
    with lock(used):
        for folder in (left, used, finished, tmp_path / "other"):
            os.utime(folder, times=(1, 1))
        dask_worker.clear_temporary_folders()
    assert not left.exists()
    assert all((folder / "scan").exists() for folder in (used, new, link, finished))


def test_a_worker_whose_disk_is_full_says_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(dask_worker._launchers, "run", Mock())
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "gone"))
    finished = scan_on_worker(SentTask("run", TASK, (), ()))
    assert finished.fault_of_machine
    assert finished.result.reason.startswith("The worker cannot write to its disk: No such file")


def test_a_worker_that_joined_with_another_version_does_not_scan() -> None:
    finished = scan_on_worker(SentTask("run", TASK, (), (("prowler", "4.0.0"),)))
    assert finished.result.reason.startswith("The worker has prowler 5.")
    assert finished.fault_of_machine  # another one may have the version


def test_a_worker_that_does_not_fork_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    cannot_fork = ("this system cannot fork", ())
    monkeypatch.setattr(processes, "load_beforehand", lambda: cannot_fork)
    launcher = ProwlerLauncher()
    launcher.stop()  # this needs no scan
    monkeypatch.setitem(dask_worker._launchers, "run", launcher)
    finished = scan_on_worker(SentTask("run", TASK, (), ()))
    assert finished.warnings[0].startswith("this system cannot fork, so Prowler starts anew")


def test_an_ended_run_starts_no_scan_on_a_worker_that_is_loading_prowler(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    began, loaded = threading.Event(), threading.Event()

    def loads_for_long() -> tuple[None, tuple[()]]:
        began.set()
        assert loaded.wait(PATIENCE)
        return None, ()

    monkeypatch.setattr(processes, "load_beforehand", loads_for_long)
    monkeypatch.setattr(dask_worker, "_launchers", {})
    monkeypatch.setattr(dask_worker, "_ended", set())
    loading = threading.Thread(target=dask_worker.load_prowler, args=("run",))
    loading.start()
    assert began.wait(PATIENCE)
    dask_worker.forget("run")
    loaded.set()
    loading.join(PATIENCE)
    assert dask_worker._launchers == {}
    finished = scan_on_worker(SentTask("run", TASK, (), ()))
    assert finished.result.reason == "The run was interrupted."


# Which workers scan


def whoami(seconds: float) -> str:
    time.sleep(seconds)
    return str(get_worker().address)


@pytest.fixture(scope="module")
def placing() -> Iterator[tuple[DaskCluster, list[str]]]:
    """A cluster of two workers, which have the versions that they should have."""
    # A client that never connected is closed when it is collected; Dask then waits for a lock, for
    # ever if that happens while the same thread holds it, as it does when a cluster starts.
    gc.collect()
    with (
        patch.object(dask_cluster, "load_prowler", print),  # this scans nothing
        patch.object(dask_worker, "end_fork_server"),  # that of this process
        LocalCluster(  # type: ignore[no-untyped-call]
            n_workers=2,
            threads_per_worker=1,
            processes=False,
            dashboard_address=None,
            protocol="tcp://",
        ) as local,
    ):
        cluster = DaskCluster(local.scheduler_address, {})
        yield cluster, sorted(cluster._workers())
        cluster.close()


def test_a_run_that_is_killed_leaves_nothing_on_the_workers(
    placing: tuple[DaskCluster, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster, _ = placing
    launchers: dict[str, Mock] = {}

    def launch(run: str) -> Mock:
        dask_worker._runs.add(run)
        dask_worker._launchers[run] = launchers.setdefault(run, Mock())
        return launchers[run]

    monkeypatch.setattr(dask_worker, "_launcher_of", launch)
    code = "import sys, time; from prowler_org.scanning.backends.dask_cluster import DaskCluster"
    code += "; cluster = DaskCluster(sys.argv[1], {}); time.sleep(600)"
    address = cluster._client.scheduler.address
    with subprocess.Popen([sys.executable, "-c", code, address]) as process:
        try:
            wait_until(lambda: launchers or process.poll(), "a worker that has loaded Prowler")
            ((run, launcher),) = launchers.items()
            assert not launcher.stop.called
        finally:
            process.kill()
        wait_until(lambda: run in dask_worker._ended, "the end of the run on a worker")
    assert launcher.stop.called
    assert run not in {*dask_worker._launchers, *dask_worker._runs}


def test_a_worker_does_not_steal_scans_that_it_must_avoid(
    placing: tuple[DaskCluster, list[str]],
) -> None:
    cluster, (bad, good) = placing
    executor = cluster._executor(cluster._choose([bad]))
    done = [executor.submit(whoami, 0.2) for _ in range(8)]
    assert {future.result(60) for future in done} == {good}


def test_an_excluded_worker_gets_no_more_scans_and_excluding_the_last_ends_the_run(
    placing: tuple[DaskCluster, list[str]],
) -> None:
    cluster, (bad, good) = placing
    cluster.exclude(bad, "No credentials.")
    assert (cluster.capacity(), cluster._choose(())) == (1, (good,))
    with pytest.raises(BackendLostError, match="No worker can scan: No network"):
        cluster.exclude(good, "No network.")
    assert cluster.capacity() == 0


# With TLS: the shell block of the page, with certificates made for this test

CONNECT = """
import sys
from prowler_org.scanning.backends.dask_cluster import DaskCluster
from prowler_access_keys.ranking.versions import installed_versions
DaskCluster(sys.argv[1], installed_versions())
"""
"""What prowler-org does before it scans. Raises if it refuses the workers."""


def certificates(folder: Path) -> Any:
    """Certificates for a cluster, also written to the files that the page names."""
    security: Any = Security.temporary()  # type: ignore[no-untyped-call]
    (folder / "ca.pem").write_text(security.tls_ca_file)
    (folder / "cert.pem").write_text(security.tls_client_cert)
    (folder / "key.pem").write_text(security.tls_client_key)
    return security


def exported(settings: str, environment: dict[str, str]) -> dict[str, str]:
    """The environment after the settings of a shell block."""
    shell = subprocess.run(
        ["bash", "-ec", f"{settings}\nenv -0"],  # noqa: S607
        env=environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return dict(line.split("=", 1) for line in shell.stdout.split("\0") if line)


def test_prowler_org_connects_to_the_scheduler_and_workers_with_tls(
    organization: EmbeddedOrganization,
    aws: EmbeddedAWS,
    tmp_path: Path,
    starts_quickly: dict[str, str],
) -> None:
    organization.add_account("account")
    security = certificates(tmp_path)
    settings, _, _ = block("dask scheduler --protocol tls").partition("dask scheduler")
    environment = exported(settings, aws.environment(**starts_quickly))
    scheduler = command("dask scheduler --protocol tls")
    with EmbeddedCluster(tmp_path, scheduler, environment, security) as cluster:
        address = cluster.address
        assert address.startswith("tls://")
        scan = arguments_of(at_address(address, command("--scheduler tls:")))
        refused = run(*scan, environment=environment, directory=tmp_path / "output")
        assert refused.returncode == 1
        assert f"has no workers: start some with `dask worker {address}`" in refused.output

        worker = at_address(address, command("dask worker tls:"))
        cluster.add_worker(environment, worker=worker)
        connected = subprocess.run(
            [sys.executable, "-c", CONNECT, address],
            env=environment, cwd=tmp_path, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert connected.returncode == 0, connected.stderr
