"""What scans share of the libraries: they find it done, and it changes nothing else.

Each test warms the libraries in a process of its own, which ends with it.
"""

from __future__ import annotations

import multiprocessing
import ssl
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from typing import Any, TypeVar
from unittest import mock

import boto3
import pytest
import yaml
from botocore import httpsession, loaders
from botocore import session as botocore_session
from botocore.config import Config
from botocore.exceptions import SSLError
from prowler.lib.outputs.html.html import HTML

from embedded_aws.aws import EmbeddedAWS
from prowler_org.running_prowler import warm_libraries as subject
from prowler_org.running_prowler.warm_libraries import warm_libraries

Answer = TypeVar("Answer")
KEYS = {
    "aws_access_key_id": "AKIAIOSFODNN7EXAMPLE",
    "aws_secret_access_key": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "region_name": "us-east-1",
}


def in_a_fork(function: Callable[..., Answer], *arguments: Any) -> Answer:
    """What a function returns in a process that ends with it."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("fork")) as executor:
        return executor.submit(function, *arguments).result(60)


def test_the_installed_libraries_are_as_expected() -> None:
    assert in_a_fork(warm_libraries) == ()


@pytest.mark.parametrize(
    ("owner", "name", "problem"),
    [
        (yaml, "CSafeLoader", "this PyYAML has no libyaml"),
        (botocore_session, "create_loader", "botocore.session.create_loader is different"),
        (httpsession, "get_cert_path", "botocore.httpsession.get_cert_path is different"),
        (HTML, "process_markdown", "HTML.process_markdown is different"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_library_that_differs_is_named_and_left_alone(
    owner: object, name: str, problem: str
) -> None:
    def warm_without_it() -> tuple[str, ...]:
        with mock.patch.object(owner, name):
            delattr(owner, name)
            return warm_libraries()

    (said,) = _in_a_fork_of(warm_without_it)
    assert problem in said


def _in_a_fork_of(function: Callable[[], object]) -> Any:
    """The same for a function that cannot be sent: the fork has it already."""
    with mock.patch.object(subject, "here", function, create=True):
        return in_a_fork(_call_here)


def _call_here() -> Any:
    return subject.here()  # type: ignore[attr-defined]


def test_a_module_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subject, "MODULES", ("html", "no_such_module"))
    assert in_a_fork(warm_libraries) == ("there is no module no_such_module",)


def _files_that_clients_read() -> list[str]:
    warm_libraries()
    read, load_file = [], loaders.JSONFileLoader.load_file

    def noted(self: loaders.JSONFileLoader, path: str) -> object:
        content = load_file(self, path)
        read.extend([path] if content is not None else [])
        return content

    with mock.patch.object(loaders.JSONFileLoader, "load_file", noted):
        for service in subject.SERVICES:
            boto3.Session(**KEYS).client(service)
    return read


def test_clients_read_no_file_again() -> None:
    assert in_a_fork(_files_that_clients_read) == []


def _connections(endpoint: str, bundle: str) -> list[str]:
    """What comes of calls that trust the bundle, nobody, anybody, and the bundle again."""
    warm_libraries()
    ends = []
    for verify in (bundle, True, False, bundle, True):
        client = boto3.client(
            "sts", endpoint_url=endpoint, verify=verify, config=Config(retries={"max_attempts": 0}),
            **KEYS,
        )  # fmt: skip
        try:
            client.get_caller_identity()
            ends.append("trusted")
        except SSLError:
            ends.append("refused")
    return ends


@pytest.mark.filterwarnings("ignore:Unverified HTTPS request")
def test_a_shared_tls_context_trusts_no_other_authority() -> None:
    with EmbeddedAWS(tls=True) as aws:
        bundle = aws.environment()["AWS_CA_BUNDLE"]
        ends = in_a_fork(_connections, aws.endpoint, bundle)
    assert ends == ["trusted", "refused", "trusted", "trusted", "refused"]


def _bundles_read(bundle: str) -> int:
    """How often connections of three clients have a bundle read."""
    read = []

    class Context(ssl.SSLContext):
        def load_verify_locations(self, *arguments: Any) -> None:
            read.append(arguments)

    with mock.patch.object(httpsession, "create_urllib3_context") as create:
        create.side_effect = lambda: Context(ssl.PROTOCOL_TLS_CLIENT)
        subject.share_tls_contexts()
        before = len(read)
        for _ in range(3):
            client = httpsession.URLLib3Session(verify=bundle)
            context = client._manager.connection_pool_kw["ssl_context"]
            for _ in range(2):  # as urllib3 does for each connection
                context.load_verify_locations(bundle, None, None)
    return len(read) - before


def test_clients_that_verify_alike_read_their_authorities_once() -> None:
    with EmbeddedAWS(tls=True) as aws:
        assert in_a_fork(_bundles_read, aws.environment()["AWS_CA_BUNDLE"]) == 1
