"""The page's cluster with TLS: its shell block, with certificates made for this test."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from distributed.security import Security

from embedded_aws.aws import EmbeddedAWS
from embedded_aws.dask_cluster import EmbeddedCluster
from embedded_aws.organization import EmbeddedOrganization

from ..pages import block, command
from .commands import arguments_of, at_address, run

ADDRESS_ON_THE_PAGE = "tls://scheduler:8786"
CONNECT = """
import sys
from prowler_org.backends.dask_cluster import DaskCluster
from prowler_org.state import installed_versions
DaskCluster(sys.argv[1], installed_versions())
"""
"""What prowler-org does before it scans. Raises if it refuses the workers."""


def certificates(folder: Path) -> Security:
    """Certificates for a cluster, also written to the files that the page names."""
    security: Security = Security.temporary()  # type: ignore[no-untyped-call]
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


def test_prowler_org_reaches_the_scheduler_and_its_workers_through_tls(
    organization: EmbeddedOrganization, aws: EmbeddedAWS, tmp_path: Path
) -> None:
    organization.add_account("account")
    security = certificates(tmp_path)
    settings, _, _ = block("dask scheduler --protocol tls").partition("dask scheduler")
    environment = exported(settings, aws.environment())
    scheduler = command("dask scheduler --protocol tls")
    with EmbeddedCluster(tmp_path, scheduler, environment, security) as cluster:
        address = cluster.address
        assert address.startswith("tls://")
        scan = arguments_of(at_address(address, ADDRESS_ON_THE_PAGE, command("--scheduler tls:")))
        refused = run(*scan, environment=environment, directory=tmp_path / "output")
        assert refused.returncode == 1
        assert f"has no workers: start some with `dask worker {address}`" in refused.output

        worker = at_address(address, ADDRESS_ON_THE_PAGE, command("dask worker tls:"))
        cluster.add_worker(environment, worker=worker)
        connected = subprocess.run(
            [sys.executable, "-c", CONNECT, address],
            env=environment, cwd=tmp_path, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert connected.returncode == 0, connected.stderr
