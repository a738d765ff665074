"""The page's cluster with TLS: its shell block, with certificates made for this test."""

from __future__ import annotations

import datetime
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from embedded_aws.aws import EmbeddedAWS
from embedded_aws.organization import EmbeddedOrganization

from ..pages import block, command
from .commands import PATIENCE, OrgRun, arguments_of, run, wait_until

ADDRESS_ON_THE_PAGE = "tls://scheduler:8786"
IS_READY = f"""
import sys, distributed
from prowler_org.cluster import Cluster
from prowler_org.state import installed_versions
with distributed.Client(sys.argv[1]) as client:
    client.wait_for_workers(1, timeout={PATIENCE})
Cluster(sys.argv[1], installed_versions())
"""
"""Waits for a worker, then does what prowler-org does before it scans: it raises if refused."""


@dataclass(frozen=True)
class Secured:
    """A scheduler with TLS, and a run of prowler-org before it had a worker."""

    address: str
    folder: Path
    environment: dict[str, str]
    run: OrgRun


def make_certificates(folder: Path) -> None:
    """Write ``cert.pem``, ``key.pem``, and the ``ca.pem`` that vouches for it: the same one."""
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


def here(words: Sequence[str], address: str) -> list[str]:
    """A command of the page, with this scheduler's address for the page's."""
    return [word.replace(ADDRESS_ON_THE_PAGE, address) for word in words]


def exported(settings: str, environment: Mapping[str, str]) -> dict[str, str]:
    """The environment after the settings of a shell block."""
    shell = subprocess.run(
        ["bash", "-ec", f"{settings}\nenv -0"],  # noqa: S607
        env=dict(environment), capture_output=True, text=True, check=True,
    )  # fmt: skip
    return dict(line.split("=", 1) for line in shell.stdout.split("\0") if line)


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    folder = tmp_path_factory.mktemp("tls")
    make_certificates(folder)
    text = block("dask scheduler --protocol tls")
    settings, _, _ = text.partition("dask scheduler")
    with EmbeddedAWS() as aws, ExitStack() as stack:
        EmbeddedOrganization(aws).add_account("account")
        environment = exported(settings, aws.environment())
        file = folder / "scheduler.json"
        options = ("--port", "0", "--scheduler-file", str(file))
        start(stack, command("dask scheduler --protocol tls"), options, folder, environment)
        wait_until(file.exists, "the scheduler")
        address = address_in(file)
        scan = arguments_of(here(command("--scheduler tls:"), address))
        done = run(*scan, environment=environment, directory=folder / "output")
        yield Secured(address, folder, environment, done)


def start(
    stack: ExitStack,
    words: Sequence[str],
    options: Sequence[str],
    folder: Path,
    environment: Mapping[str, str],
) -> None:
    """Start a scheduler or a worker on loopback, until the stack is closed."""
    process = subprocess.Popen(
        [sys.executable, "-m", *words, "--host", "127.0.0.1", "--no-dashboard", *options],
        env=dict(environment), cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        start_new_session=True,
    )  # fmt: skip
    stack.callback(process.wait)
    stack.callback(os.killpg, process.pid, 9)


def address_in(file: Path) -> str:
    """The address in a scheduler's file, which may be half written."""
    found: list[str] = []

    def read() -> bool:
        try:
            found.append(json.loads(file.read_text("utf-8"))["address"])
        except ValueError:
            return False
        return True

    wait_until(read, "the scheduler's address")
    return found[0]


def test_prowler_org_reaches_the_scheduler_through_tls(secured: Secured) -> None:
    assert secured.address.startswith("tls://")
    assert secured.run.returncode == 1
    assert f"has no workers: start some with `dask worker {secured.address}`" in secured.run.output


def test_a_worker_that_came_through_tls_is_one_that_prowler_org_would_scan_on(
    secured: Secured,
) -> None:
    words = here(command("dask worker tls:"), secured.address)
    with ExitStack() as stack:
        start(stack, words, (), secured.folder, secured.environment)
        ready = subprocess.run(
            [sys.executable, "-c", IS_READY, secured.address],
            env=secured.environment, cwd=secured.folder, capture_output=True, text=True,
            check=False,
        )  # fmt: skip
    assert ready.returncode == 0, ready.stderr
