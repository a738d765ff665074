"""An AWS to scan without an AWS account: a moto server on loopback, made as awkward as AWS is.

moto answers as AWS does on a good day. What it leaves out is in files beside this one:

* ``server.py``, ``tls.py``: HTTP.
* ``behavior.py``, ``answers.py``: calls that take time, fail, are denied or throttled; odd answers.
* ``population.py``: users, groups, policies, and what they have.
* ``iam_answers.py``, ``credential_report.py``: what moto's IAM does not answer, or not as AWS does.
* ``cloudtrail.py``: event history.
* ``root_sessions.py``: sessions of root users.
* ``organization.py``: an AWS organization. ``dask_cluster.py``: a cluster that scans it.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path
from subprocess import CompletedProcess
from tempfile import TemporaryDirectory
from typing import Any
from unittest import mock

import boto3
from moto import settings
from moto.backends import get_backend
from moto.cloudtrail.responses import CloudTrailResponse
from moto.core.authorization import ActionAuthenticatorMixin
from moto.ec2.models.elastic_network_interfaces import NetworkInterface
from moto.iam.responses import IamResponse
from moto.sts.responses import TokenResponse

from .answers import Rewrite
from .behavior import Behavior
from .cloudtrail import EmbeddedCloudTrail
from .credential_report import CredentialReports
from .iam_answers import TRANSFORMERS, IAMAnswers
from .population import Population
from .root_sessions import RootSessions
from .server import Call, Error, serving
from .tls import HOST, make_certificate


class EmbeddedAWS(Population):
    """A context manager: AWS, on a free port of loopback, while it is entered.

    moto keeps its accounts in the process, so there can be one embedded AWS in a process at a
    time; it begins and ends empty.
    """

    def __init__(self, region: str = "us-east-1", *, tls: bool = False) -> None:
        """``tls``: whether it is reached as AWS is, with TLS and connections that are kept."""
        super().__init__(region)
        self._tls = tls
        self._bundle: Path | None = None
        self.behavior = Behavior()
        self.cloudtrail = EmbeddedCloudTrail()
        """What CloudTrail recorded."""
        self.calls: Counter[str] = Counter()
        """Calls answered so far, by IAM action or ``service:Action``; failed ones included."""
        self.assumed: Counter[str] = Counter()
        """How often a role was to be assumed, by the account's ID; failed calls included."""
        self.assumed_by: set[str] = set()
        """The access key IDs that roles were to be assumed with."""
        self.callers: set[str] = set()
        """The access key IDs that calls were signed with."""
        self.endpoint = ""
        self.root_sessions = RootSessions(self.behavior)
        """Centralized root access."""
        self._reports = CredentialReports(self.behavior)
        self._lock = threading.Lock()
        self._stack = ExitStack()

    def __enter__(self) -> EmbeddedAWS:
        # Prowler asks EC2 for the regions only; moto would load thousands of machine images.
        self._replace(settings, "ec2_load_default_amis", lambda: False)
        # moto's EC2 lists regions that some of its services do not know.
        known = mock.patch.dict(os.environ, MOTO_ALLOW_NONEXISTENT_REGION="true")
        self._stack.enter_context(known)
        self._forget()
        self._stack.callback(self._forget)
        table = IamResponse.RESPONSE_KEY_PATH_TO_TRANSFORMER
        self._stack.enter_context(mock.patch.dict(table, TRANSFORMERS))
        answers = IAMAnswers(self, self.behavior, self._reports)
        for name, answer in (answers.by_name() | self.root_sessions.of_iam()).items():
            self._replace(IamResponse, name, answer)
        for name, session in self.root_sessions.of_sts().items():
            self._replace(TokenResponse, name, session)

        def look_up(response: CloudTrailResponse) -> str:
            return self.cloudtrail.look_up_events(response)

        self._replace(CloudTrailResponse, "lookup_events", look_up)
        moto_value = NetworkInterface.get_filter_value

        def filter_value(interface: NetworkInterface, name: str, method: str = "") -> Any:
            if name == "association.public-ip":  # the filter that moto does not know
                return interface.public_ip
            return moto_value(interface, name, method)

        self._replace(NetworkInterface, "get_filter_value", filter_value)
        certificate = None
        if self._tls:
            certificate = make_certificate(Path(self._stack.enter_context(TemporaryDirectory())))
            self._bundle = certificate.bundle
        self.endpoint = self._stack.enter_context(serving(self._receive, certificate))
        return self

    def __exit__(self, *exception: object) -> None:
        self._stack.close()

    def _replace(self, owner: object, name: str, replacement: object) -> None:
        self._stack.enter_context(mock.patch.object(owner, name, replacement, create=True))

    def clear(self) -> None:
        """Begin anew: no users, no report, no events, no trouble, no calls counted."""
        self._forget()
        self.behavior.reset()
        self.cloudtrail = EmbeddedCloudTrail()
        self.calls.clear()
        self._reports.drop()
        self.root_sessions.reset()
        self.service_specific_credentials.clear()

    @staticmethod
    def _forget() -> None:
        for service in ("iam", "sts", "organizations", "s3", "ec2"):
            get_backend(service).reset()

    def _receive(self, call: Call) -> Error | Rewrite | None:
        """Note a call, and say what is to happen to it."""
        now = datetime.now(timezone.utc)
        with self._lock:
            self.calls[call.action] += 1
            self.callers.add(call.access_key_id)
            if call.action == "sts:AssumeRole":
                self.assumed[call.parameters["RoleArn"].split(":")[4]] += 1
                self.assumed_by.add(call.access_key_id)
        if self.cloudtrail.records_calls:
            self.cloudtrail.add(
                call.name, call.service, at=now, access_key_id=call.access_key_id,
                user_agent=call.user_agent, source=call.source,
            )  # fmt: skip
        error = self.root_sessions.error(call) or self.behavior.error(call)
        if call.action in self.behavior.renames:
            self.rename_user(*self.behavior.renames.pop(call.action))
        return error or self.behavior.rewrite.get(call.action)

    # For those who scan it

    def environment(
        self, access_key_id: str = "AKIAIOSFODNN7EXAMPLE", **more: str
    ) -> dict[str, str]:
        """The environment for a child process that shall see this AWS and no other.

        None of the caller's own AWS settings come along. The credentials are AWS's documented
        example; moto takes any.
        """
        inherited = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("AWS_", "PROWLER_"))
        }
        return {
            **inherited,
            "AWS_ACCESS_KEY_ID": access_key_id,
            "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
            "AWS_DEFAULT_REGION": self.region,
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            "NO_PROXY": f"127.0.0.1,{HOST}",
            **({"AWS_CA_BUNDLE": str(self._bundle)} if self._bundle else {}),
            **more,
        }

    def run(self, program: str, *arguments: str, **how: Any) -> CompletedProcess[str]:
        """Run a program of this Python's environment that shall see this AWS and no other.

        ``how`` is as in ``subprocess.run``. Returns its exit code, and what it printed to a pipe.
        """
        command = [str(Path(sys.executable).with_name(program)), *arguments]
        return subprocess.run(command, env=self.environment(), text=True, check=False, **how)

    def client(self, service: str) -> Any:
        """A boto3 client of this AWS."""
        return boto3.client(
            service,
            region_name=self.region,
            endpoint_url=self.endpoint,
            aws_access_key_id="AKIAIOSFODNN7EXAMPLE",
            aws_secret_access_key="wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",  # noqa: S106
            verify=str(self._bundle) if self._bundle else None,
        )

    def hold_report(self, age: timedelta, polls_left: int = 0) -> None:
        """Make a credential report of the present state now, and let it be as old as ``age``.

        With ``polls_left``, it is still in progress for so many calls: another program asked.
        """
        self._reports.hold(self.iam(), age, polls_left)

    def drop_report(self) -> None:
        """Let the account have no credential report, as when no program asked for four hours."""
        self._reports.drop()

    @contextmanager
    def enforcing_policies(self) -> Iterator[None]:
        """While entered, moto denies what the caller's IAM policies do not allow."""
        with (
            mock.patch.object(settings, "INITIAL_NO_AUTH_ACTION_COUNT", 0),
            mock.patch.object(ActionAuthenticatorMixin, "request_count", 0),
        ):
            yield
