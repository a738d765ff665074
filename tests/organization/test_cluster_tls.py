"""The page's cluster with TLS: its shell block, with certificates made for this test."""

from __future__ import annotations

import datetime
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
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


@dataclass(frozen=True)
class SecureCluster:
    """A cluster with TLS that has no worker yet, with the environment that the page sets."""

    cluster: EmbeddedCluster
    folder: Path
    environment: dict[str, str]


def make_certificates(folder: Path) -> None:
    """Write ``cert.pem``, its ``key.pem``, and ``ca.pem``, which is the same certificate."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "cluster")])
    start = datetime.datetime(2026, 1, 1)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start.replace(year=2126))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
        .public_bytes(serialization.Encoding.PEM)
    )
    (folder / "cert.pem").write_bytes(certificate)
    (folder / "ca.pem").write_bytes(certificate)
    secret = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    (folder / "key.pem").write_bytes(secret)


def exported(settings: str, environment: dict[str, str]) -> dict[str, str]:
    """The environment after the settings of a shell block."""
    shell = subprocess.run(
        ["bash", "-ec", f"{settings}\nenv -0"],  # noqa: S607
        env=environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return dict(line.split("=", 1) for line in shell.stdout.split("\0") if line)


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecureCluster]:
    folder = tmp_path_factory.mktemp("tls")
    make_certificates(folder)
    settings, _, _ = block("dask scheduler --protocol tls").partition("dask scheduler")
    ca, cert, key = (str(folder / f"{name}.pem") for name in ("ca", "cert", "key"))
    security = Security(  # type: ignore[no-untyped-call]
        require_encryption=True, tls_ca_file=ca, tls_client_cert=cert, tls_client_key=key
    )
    with EmbeddedAWS() as aws:
        EmbeddedOrganization(aws).add_account("account")
        environment = exported(settings, aws.environment())
        scheduler = command("dask scheduler --protocol tls")
        with EmbeddedCluster(folder, scheduler, environment, security) as cluster:
            yield SecureCluster(cluster, folder, environment)


def test_prowler_org_reaches_the_scheduler_and_its_workers_through_tls(
    secure: SecureCluster,
) -> None:
    address = secure.cluster.address
    assert address.startswith("tls://")
    scan = arguments_of(at_address(address, ADDRESS_ON_THE_PAGE, command("--scheduler tls:")))
    refused = run(*scan, environment=secure.environment, directory=secure.folder / "output")
    assert refused.returncode == 1
    assert f"has no workers: start some with `dask worker {address}`" in refused.output

    worker = at_address(address, ADDRESS_ON_THE_PAGE, command("dask worker tls:"))
    secure.cluster.add_worker(secure.environment, worker=worker)
    ready = subprocess.run(
        [sys.executable, "-c", CONNECT, address],
        env=secure.environment, cwd=secure.folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ready.returncode == 0, ready.stderr
