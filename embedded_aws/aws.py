"""An AWS to scan without an AWS account: a moto server on loopback, made as awkward as AWS is.

moto answers as AWS does on a good day. This class stands in for what moto leaves out, each as
AWS documents it:

* Pages. ``ListUsers`` and ``GetAccountAuthorizationDetails`` answer at most ``MaxItems`` (100 if
  not given, never more than 1,000) users, with ``IsTruncated`` and ``Marker``; AWS may answer
  fewer. ``ListUsers`` leaves out tags.
  https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListUsers.html
  https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountAuthorizationDetails.html
* The credential report. ``GenerateCredentialReport`` answers ``STARTED``, then ``INPROGRESS``,
  then ``COMPLETE``; a report less than four hours old is handed out again as it was, and its
  first row is the root user's.
  https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_getting-report.html
* Details of users, groups, and customer managed policies, with documents and boundaries.
* CloudTrail's event history: see ``cloudtrail.py``.
* Service-specific credentials, of one user or of all.
  https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListServiceSpecificCredentials.html
* An answer to ``GetServiceLastAccessedDetails``, which Prowler's own IAM service asks for each
  user: nothing was accessed.
* Trouble. Answers are odd (see ``answers.py``), a user is renamed between two calls, calls take
  time, are throttled (``Throttling``, 400), fail (``ServiceFailure``, 500) or are denied
  (``AccessDenied``, 403).
  https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html
* Trouble with an organization: an account without the scan role, a role that is slow to assume,
  a number of throttled calls.
  https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
  https://docs.aws.amazon.com/organizations/latest/APIReference/CommonErrors.html
* The root user's access keys, which no call but the report shows; ``GetAccountSummary`` says
  whether there are any.
  https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountSummary.html
"""

from __future__ import annotations

import csv
import io
import json
import logging
import os
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest import mock
from urllib.parse import parse_qs, quote

import boto3
from moto import settings
from moto.backends import get_backend
from moto.cloudtrail.responses import CloudTrailResponse
from moto.core.authorization import ActionAuthenticatorMixin
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.core.responses import ActionResult
from moto.iam.exceptions import IAMException
from moto.iam.models import (
    AccessKey,
    AccessKeyLastUsed,
    AWSManagedPolicy,
    Group,
    IAMBackend,
    ManagedPolicy,
    User,
    iam_backends,
)
from moto.iam.responses import IamResponse
from moto.iam.utils import random_resource_id
from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from werkzeug.serving import BaseWSGIServer, make_server

from .answers import Rewrite
from .cloudtrail import EmbeddedCloudTrail
from .tls import HOST, make_certificate

REPORT_LIFETIME = timedelta(hours=4)
MOST_USERS_ON_A_PAGE = 1000
USERS_ON_A_PAGE = 100

REPORT_COLUMNS = (
    "user",
    "arn",
    "user_creation_time",
    "password_enabled",
    "password_last_used",
    "password_last_changed",
    "password_next_rotation",
    "mfa_active",
    "access_key_1_active",
    "access_key_1_last_rotated",
    "access_key_1_last_used_date",
    "access_key_1_last_used_region",
    "access_key_1_last_used_service",
    "access_key_2_active",
    "access_key_2_last_rotated",
    "access_key_2_last_used_date",
    "access_key_2_last_used_region",
    "access_key_2_last_used_service",
    "cert_1_active",
    "cert_1_last_rotated",
    "cert_2_active",
    "cert_2_last_rotated",
)

_JSON_ERROR = '{{"__type": "{code}", "message": "{code} in the embedded AWS"}}'
_ERROR = (
    "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{code} in the embedded "
    "AWS</Message></Error><RequestId>0</RequestId></ErrorResponse>"
)


class _KeepsConnections(MotoRequestHandler):
    protocol_version = "HTTP/1.1"


Environ = dict[str, Any]
StartResponse = Callable[[str, list[tuple[str, str]]], Any]


@dataclass
class Behaviour:
    """How awkward the embedded AWS is. Everything may be changed while it runs."""

    latency: float = 0.0
    """Seconds that each call takes on top of moto's own time."""
    throttled: float = 0.0
    """Share of IAM calls, 0 to 1, that are throttled."""
    failing: float = 0.0
    """Share of IAM calls, 0 to 1, that end with a 500."""
    denied: frozenset[str] = frozenset()
    """IAM actions (``iam:ListUsers``) that are denied, every time."""
    denied_users: frozenset[str] = frozenset()
    """Names of users about whom every call is denied."""
    denied_calls: frozenset[tuple[str, str]] = frozenset()
    """Pairs of an IAM action and the name of a user about whom it is denied, and no other."""
    broken: frozenset[str] = frozenset()
    """IAM actions that end with a 500, every time."""
    page_size: int = MOST_USERS_ON_A_PAGE
    """The most users on one page, whatever the caller asks for."""
    rewrite: Mapping[str, Rewrite] = field(default_factory=dict)
    """By IAM action, what changes its answers: see ``answers.py``."""
    renames: dict[str, tuple[str, str]] = field(default_factory=dict)
    """By IAM action, the old and the new name of a user that is renamed before its next call."""
    credentials_expired: bool = False
    """Whether every call of every service is refused with ``ExpiredToken``."""
    unlisted: frozenset[str] = frozenset()
    """Names of users that no listing shows, though GetAccountSummary counts them."""
    report_polls: int = 1
    """How often GenerateCredentialReport is to be called until a new report is complete."""
    root_keys_active: tuple[bool, ...] = ()
    """The root user's access keys: whether each is active."""
    root_key_last_used: datetime | None = None
    """When they were last used (UTC)."""
    refuses_all_users: bool = False
    """Whether ListServiceSpecificCredentials answers about one user only."""
    accounts_without_role: frozenset[str] = frozenset()
    """IDs of accounts in which no role can be assumed."""
    keys_without_role: frozenset[str] = frozenset()
    """IDs of access keys that no role can be assumed with."""
    seconds_to_assume: Mapping[str, float] = field(default_factory=dict)
    """Seconds that AssumeRole takes on top of ``latency``, by the account's ID."""
    throttle_next: dict[str, int] = field(default_factory=dict)
    """How many of the next calls are throttled, by action; counts down."""
    rewrite_report: Callable[[str], str] = field(default=lambda report: report)
    """Changes the text of a credential report before it is handed out."""


@dataclass(frozen=True)
class _Report:
    text: str
    generated: datetime
    polls_left: int = 0


class EmbeddedAWS:
    """A context manager: AWS, on a free port of loopback, while it is entered.

    moto keeps its accounts in the process, so there can be one embedded AWS in a process at a
    time; it begins and ends empty.
    """

    def __init__(self, region: str = "us-east-1", *, tls: bool = False) -> None:
        """``tls``: whether it is reached as AWS is, with TLS and connections that are kept."""
        self.region = region
        self._tls = tls
        self._bundle: Path | None = None
        self.behaviour = Behaviour()
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
        self._report: _Report | None = None
        self._credentials: dict[str, list[dict[str, Any]]] = {}
        self._boundaries: dict[str, str] = {}
        self._dice = random.Random(7)
        self._lock = threading.Lock()
        self._stack = ExitStack()

    def __enter__(self) -> EmbeddedAWS:
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        # Prowler asks EC2 for the regions only; moto would load thousands of machine images.
        self._stack.enter_context(mock.patch.object(settings, "ec2_load_default_amis", _never))
        # moto's EC2 tells of regions that some of its services do not know.
        known = mock.patch.dict(os.environ, MOTO_ALLOW_NONEXISTENT_REGION="true")
        self._stack.enter_context(known)
        self._forget()
        self._stack.callback(self._forget)
        for name, answer in self._answers().items():
            self._stack.enter_context(mock.patch.object(IamResponse, name, answer, create=True))

        def look_up(response: CloudTrailResponse) -> str:
            return self.cloudtrail.look_up_events(response)

        looked_up = mock.patch.object(CloudTrailResponse, "lookup_events", look_up, create=True)
        self._stack.enter_context(looked_up)
        application = self._application()
        if self._tls:
            certificate = make_certificate(Path(self._stack.enter_context(TemporaryDirectory())))
            self._bundle = certificate.bundle
            server = make_server(
                HOST, 0, application, threaded=True, request_handler=_KeepsConnections,
                ssl_context=certificate.context,
            )  # fmt: skip
            self.endpoint = f"https://{HOST}:{server.port}"
        else:
            server = make_server(
                "127.0.0.1", 0, application, threaded=True, request_handler=MotoRequestHandler
            )
            self.endpoint = f"http://127.0.0.1:{server.port}"
        self._serve(server)
        return self

    def __exit__(self, *exception: object) -> None:
        self._stack.close()

    def _serve(self, server: BaseWSGIServer) -> None:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        self._stack.callback(thread.join)
        self._stack.callback(server.shutdown)

    def clear(self) -> None:
        """Begin anew: no users, no report, no events, no trouble, no calls counted."""
        self._forget()
        self.behaviour = Behaviour()
        self.cloudtrail = EmbeddedCloudTrail()
        self.calls.clear()
        self._report = None
        self._credentials.clear()
        self._boundaries.clear()

    @staticmethod
    def _forget() -> None:
        for service in ("iam", "sts", "organizations", "s3", "ec2"):
            get_backend(service).reset()

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

    @property
    def partition(self) -> str:
        """The partition of the region: ``aws``, ``aws-cn``, or ``aws-us-gov``."""
        partitions = {"us-gov": "aws-us-gov", "cn-": "aws-cn"}
        return next((p for start, p in partitions.items() if self.region.startswith(start)), "aws")

    def iam(self, account: str = DEFAULT_ACCOUNT_ID) -> IAMBackend:
        """What moto knows of an account's IAM, to set up users without a call for each."""
        return iam_backends[account][self.partition]

    def add_user(
        self,
        name: str,
        path: str = "/",
        tags: Mapping[str, str] | None = None,
        account: str = DEFAULT_ACCOUNT_ID,
    ) -> User:
        """Make an IAM user without an access key."""
        iam = self.iam(account)
        listed = [{"Key": key, "Value": value} for key, value in (tags or {}).items()]
        return iam.create_user(self.region, name, path, listed)

    @staticmethod
    def add_key(
        user: User,
        *,
        active: bool = True,
        created: datetime | None = None,
        last_used: datetime | None = None,
        service: str = "s3",
        region: str = "us-east-1",
    ) -> AccessKey:
        """Give a user an access key; times are UTC."""
        backend = iam_backends[user.account_id][user.arn.split(":")[1]]
        key = backend.create_access_key(user.name, status="Active" if active else "Inactive")
        key.create_date = created or datetime.now(timezone.utc)
        if last_used:
            key.last_used = AccessKeyLastUsed(last_used, service, region)
        return key

    def add_group(self, name: str, *members: User) -> Group:
        """Make a group of these users."""
        iam = self.iam()
        group = iam.create_group(name)
        group.users.extend(members)
        return group

    def attach(self, entity: User | Group, policy: str) -> None:
        """Attach a managed policy to a user or a group: one of AWS's by name, else by its ARN.

        moto loads AWS's policies on demand only, all 1,500; what one allows is left out.
        """
        iam = self.iam(entity.account_id)
        if policy.startswith("arn:"):
            iam.managed_policies[policy].attach_to(entity)
            return
        document = '{"Version": "2012-10-17", "Statement": []}'
        attached = AWSManagedPolicy(  # type: ignore[abstract]
            policy, entity.account_id, self.region, document=document
        )
        iam.managed_policies.setdefault(attached.arn, attached).attach_to(entity)

    def add_customer_policy(
        self, name: str, document: Mapping[str, Any], older_versions: Sequence[Any] = ()
    ) -> str:
        """Make a managed policy of the account with this default version. Returns its ARN."""
        iam = self.iam()
        first, *others = map(json.dumps, (*older_versions, document))
        arn = iam.create_policy("", "/", first, name, []).arn
        for version in others:
            iam.create_policy_version(arn, version, True)
        return arn

    @staticmethod
    def add_inline_policy(entity: User | Group, name: str, document: Mapping[str, Any]) -> None:
        """Give a user or a group an inline policy."""
        entity.policies[name] = json.dumps(document)

    def set_boundary(self, user: User, arn: str) -> None:
        """Set a user's permissions boundary."""
        self._boundaries[user.arn] = arn

    @staticmethod
    def add_password(user: User) -> None:
        """Give a user a console password."""
        user.password = "a password"  # noqa: S105

    def add_service_specific_credential(
        self,
        user: User,
        service: str,
        *,
        created: datetime,
        expires: datetime | None = None,
        active: bool = True,
    ) -> str:
        """Give a user a credential for one service; times are UTC. Returns its ID."""
        held = self._credentials.setdefault(user.name, [])
        credential: dict[str, Any] = {
            "UserName": user.name,
            "Status": "Active" if active else "Inactive",
            "CreateDate": created,
            "ServiceSpecificCredentialId": f"ACCA{random_resource_id(16)}",
            "ServiceName": service,
        }
        if expires:
            credential["ExpirationDate"] = expires
        held.append(credential)
        return str(credential["ServiceSpecificCredentialId"])

    def rename_user(self, old: str, new: str) -> None:
        """Give a user another name."""
        self.iam().update_user(old, new_user_name=new)
        for credential in self._credentials.get(old, ()):
            credential["UserName"] = new
        self._credentials[new] = self._credentials.pop(old, [])

    def hold_report(self, age: timedelta, polls_left: int = 0) -> None:
        """Make a credential report of the present state now, and let it be as old as ``age``.

        With ``polls_left``, it is still in progress for so many calls: another program asked.
        """
        self._report = _Report(self._report_text(), _now() - age, polls_left)

    def drop_report(self) -> None:
        """Let the account have no credential report, as when no program asked for four hours."""
        self._report = None

    @contextmanager
    def enforcing_policies(self) -> Iterator[None]:
        """While entered, moto denies what the caller's IAM policies do not allow."""
        with (
            mock.patch.object(settings, "INITIAL_NO_AUTH_ACTION_COUNT", 0),
            mock.patch.object(ActionAuthenticatorMixin, "request_count", 0),
        ):
            yield

    # Trouble on the way to moto

    def _application(self) -> Callable[[Environ, StartResponse], Iterable[bytes]]:
        moto = DomainDispatcherApplication(create_backend_app)

        def application(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
            body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
            environ["wsgi.input"] = io.BytesIO(body)
            service, access_key_id = _caller(environ.get("HTTP_AUTHORIZATION", ""))
            parameters = {k: v[0] for k, v in parse_qs(body.decode("utf-8", "replace")).items()}
            target = environ.get("HTTP_X_AMZ_TARGET", "").rpartition(".")[2]
            action = f"{service}:{parameters.get('Action') or target or environ['PATH_INFO']}"
            with self._lock:
                self.calls[action] += 1
                self.callers.add(access_key_id)
            if self.cloudtrail.records_calls:
                self.cloudtrail.add(
                    action.rpartition(":")[2], service, at=_now(), access_key_id=access_key_id,
                    user_agent=environ.get("HTTP_USER_AGENT", ""), source=environ["REMOTE_ADDR"],
                )  # fmt: skip
            time.sleep(self.behaviour.latency)
            trouble = self._trouble(action, parameters.get("UserName", ""))
            if action == "sts:AssumeRole":
                self.assumed_by.add(access_key_id)
                trouble = self._trouble_with_role(parameters["RoleArn"], access_key_id) or trouble
            if action in self.behaviour.renames:
                self.rename_user(*self.behaviour.renames.pop(action))
            if trouble is None:
                rewrite = self.behaviour.rewrite.get(action)
                try:
                    if rewrite:
                        marker = parameters.get("Marker", "")
                        return _rewritten(moto, environ, start_response, rewrite, marker)
                    return moto(environ, start_response)  # type: ignore[no-any-return]
                except NotImplementedError:
                    trouble = ("501 Not Implemented", "NotImplemented")
            status, code = trouble
            start_response(status, [("Content-Type", "text/xml")])
            return [(_JSON_ERROR if target else _ERROR).format(code=code).encode()]

        return application

    def _trouble(self, action: str, user: str) -> tuple[str, str] | None:
        behaviour = self.behaviour
        if behaviour.credentials_expired:
            return "403 Forbidden", "ExpiredToken"
        denied = action in behaviour.denied or (action, user) in behaviour.denied_calls
        if denied or user in behaviour.denied_users:
            return "403 Forbidden", "AccessDenied"
        if action in behaviour.broken:
            return "500 Internal Server Error", "ServiceFailure"
        with self._lock:
            if behaviour.throttle_next.get(action, 0) > 0:
                behaviour.throttle_next[action] -= 1
                return "400 Bad Request", "ThrottlingException"
        if not action.startswith("iam:"):
            return None
        with self._lock:
            dice = self._dice.random()
        if dice < behaviour.throttled:
            return "400 Bad Request", "Throttling"
        if dice < behaviour.throttled + behaviour.failing:
            return "500 Internal Server Error", "ServiceFailure"
        return None

    def _trouble_with_role(self, arn: str, access_key_id: str) -> tuple[str, str] | None:
        account = arn.split(":")[4]
        with self._lock:
            self.assumed[account] += 1
        time.sleep(self.behaviour.seconds_to_assume.get(account, 0))
        without = self.behaviour.accounts_without_role | self.behaviour.keys_without_role
        if not without.isdisjoint({account, access_key_id}):
            return "403 Forbidden", "AccessDenied"
        return None

    # What moto leaves out

    def _answers(self) -> dict[str, Callable[[IamResponse], ActionResult]]:
        """Answer in place of moto: methods to replace or to add, by name."""

        def answering(
            answer: Callable[[IamResponse], dict[str, Any]],
        ) -> Callable[[IamResponse], ActionResult]:
            return lambda response: ActionResult(answer(response))

        return {
            "list_users": answering(self._list_users),
            "get_account_authorization_details": answering(self._authorization_details),
            "generate_credential_report": answering(self._generate_credential_report),
            "get_credential_report": answering(self._get_credential_report),
            "get_account_summary": answering(self._get_account_summary),
            # Prowler's own IAM service asks these of every user.
            "generate_service_last_accessed_details": answering(lambda _: {"JobId": "0" * 36}),
            "get_service_last_accessed_details": answering(_nothing_accessed),
            "list_service_specific_credentials": answering(self._list_credentials),
        }

    def _list_users(self, response: IamResponse) -> dict[str, Any]:
        page, more = self._page(response, self._listed(response))
        return {"Users": [_described(user) for user in page], **more}

    def _list_credentials(self, response: IamResponse) -> dict[str, Any]:
        if response._get_param("AllUsers") not in (None, "false", False):
            if self.behaviour.refuses_all_users:
                raise IAMException("ValidationError", "AllUsers is not supported.")
            held = [one for credentials in self._credentials.values() for one in credentials]
            page, more = self._page(response, held)
            return {"ServiceSpecificCredentials": page, **more}
        name = response._get_param("UserName")
        response.backend.get_user(name)
        return {"ServiceSpecificCredentials": self._credentials.get(name, [])}

    def _authorization_details(self, response: IamResponse) -> dict[str, Any]:
        kinds = set(response._get_param("Filter", []))
        if not kinds or kinds - {"User", "Group", "LocalManagedPolicy"}:
            raise NotImplementedError("the embedded AWS has no details of roles and AWS's policies")
        iam: IAMBackend = response.backend
        policies = [one for one in iam.managed_policies.values() if ":aws:policy/" not in one.arn]
        entries: list[User | Group | ManagedPolicy] = [
            *(self._listed(response) if "User" in kinds else ()),
            *(iam.groups.values() if "Group" in kinds else ()),
            *(policies if "LocalManagedPolicy" in kinds else ()),
        ]
        page, more = self._page(response, entries)
        groups_of: dict[str, list[str]] = {}
        for group in iam.groups.values():
            for user in group.users:
                groups_of.setdefault(user.name, []).append(group.name)
        return {
            "UserDetailList": [
                {
                    **_described(one),
                    "Tags": one.tags or [],
                    "GroupList": groups_of.get(one.name, []),
                    **_policies(one, "UserPolicyList"),
                    **self._boundary(one),
                }
                for one in page
                if isinstance(one, User)
            ],
            "GroupDetailList": [
                {
                    "GroupName": one.name,
                    "GroupId": one.id,
                    "Path": one.path,
                    "Arn": one.arn,
                    "CreateDate": one.create_date,
                    **_policies(one, "GroupPolicyList"),
                }
                for one in page
                if isinstance(one, Group)
            ],
            "RoleDetailList": [],
            "Policies": [_versions(one) for one in page if isinstance(one, ManagedPolicy)],
            **more,
        }

    def _boundary(self, user: User) -> dict[str, Any]:
        arn = self._boundaries.get(user.arn)
        kind = {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": arn}
        return {"PermissionsBoundary": kind} if arn else {}

    def _listed(self, response: IamResponse) -> list[User]:
        users = response.backend.users.values()
        return [user for user in users if user.name not in self.behaviour.unlisted]

    def _page(
        self, response: IamResponse, entries: Sequence[Any]
    ) -> tuple[list[Any], dict[str, Any]]:
        """A page of these entries, and whether and how it goes on."""
        behaviour = self.behaviour
        asked = int(response._get_param("MaxItems") or USERS_ON_A_PAGE)
        size = min(asked, behaviour.page_size, MOST_USERS_ON_A_PAGE)
        start = int(response._get_param("Marker") or 0)
        following = start + size
        page = list(entries[start : start + size])
        if following >= len(entries):
            return page, {"IsTruncated": False}
        return page, {"IsTruncated": True, "Marker": str(following)}

    def _generate_credential_report(self, response: IamResponse) -> dict[str, Any]:
        with self._lock:
            report = self._report
            if report is None or _now() - report.generated > REPORT_LIFETIME:
                self._report = _Report(
                    self._report_text(response.backend), _now(), self.behaviour.report_polls
                )
                return {"State": "STARTED", "Description": "No report exists."}
            if report.polls_left > 0:
                self._report = _Report(report.text, report.generated, report.polls_left - 1)
            state = "INPROGRESS" if report.polls_left > 1 else "COMPLETE"
            return {"State": state}

    def _get_credential_report(self, response: IamResponse) -> dict[str, Any]:
        report = self._report
        if report is None or report.polls_left > 0:
            code = "ReportNotPresent" if report is None else "ReportInProgress"
            raise IAMException(code, "There is no complete credential report.")
        return {
            "Content": self.behaviour.rewrite_report(report.text),
            "ReportFormat": "text/csv",
            "GeneratedTime": report.generated,
        }

    def _get_account_summary(self, response: IamResponse) -> dict[str, Any]:
        summary = dict(response.backend.get_account_summary().summary_map)
        summary["AccountAccessKeysPresent"] = int(bool(self.behaviour.root_keys_active))
        return {"SummaryMap": summary}

    def _report_text(self, iam: IAMBackend | None = None) -> str:
        iam = iam or self.iam()
        text = io.StringIO()
        rows = csv.writer(text, lineterminator="\n")
        rows.writerow(REPORT_COLUMNS)
        used = self.behaviour.root_key_last_used
        last_use = AccessKeyLastUsed(used, "s3", "us-east-1") if used else None
        root_keys = [(active, None, last_use) for active in self.behaviour.root_keys_active]
        root = f"arn:{iam.partition}:iam::{iam.account_id}:root"
        rows.writerow(_report_row("<root_account>", root, _now(), "not_supported", root_keys))
        for user in iam.users.values():
            keys = [(k.status == "Active", k.create_date, k.last_used) for k in user.access_keys]
            console = "true" if user.password else "false"
            rows.writerow(_report_row(user.name, user.arn, user.create_date, console, keys))
        return text.getvalue()


def _rewritten(
    application: Callable[[Environ, StartResponse], Iterable[bytes]],
    environ: Environ,
    start_response: StartResponse,
    rewrite: Rewrite,
    marker: str,
) -> list[bytes]:
    """The application's answer, rewritten."""
    status, headers = "", {}

    def hold(given: str, lines: list[tuple[str, str]], *_: object) -> None:
        nonlocal status, headers
        status, headers = given, dict(lines)

    text = b"".join(application(environ, hold)).decode()
    body = rewrite(text, marker).encode()
    start_response(status, list({**headers, "Content-Length": str(len(body))}.items()))
    return [body]


def _nothing_accessed(_: IamResponse) -> dict[str, Any]:
    now = _now()
    return {
        "JobStatus": "COMPLETED",
        "JobCreationDate": now,
        "JobCompletionDate": now,
        "ServicesLastAccessed": [],
    }


def _never() -> bool:
    return False


def _now() -> datetime:
    return datetime.now(timezone.utc)


def _caller(authorization: str) -> tuple[str, str]:
    """Service and access key ID from a signed request: Credential=ID/date/region/service/…"""
    credential = authorization.partition("Credential=")[2].split(",")[0].split("/")
    return (credential[3], credential[0]) if len(credential) > 3 else ("", "")


def _described(user: User) -> dict[str, Any]:
    return {
        "UserName": user.name,
        "UserId": user.id,
        "Path": user.path,
        "Arn": user.arn,
        "CreateDate": user.create_date,
    }


def _policies(entity: User | Group, inline: str) -> dict[str, Any]:
    """Attached and inline policies; IAM leaves out the latter if there are none."""
    managed = entity.managed_policies.values()
    documents = [
        {"PolicyName": name, "PolicyDocument": quote(document)}
        for name, document in entity.policies.items()
    ]
    return {
        "AttachedManagedPolicies": [
            {"PolicyName": policy.name, "PolicyArn": policy.arn} for policy in managed
        ],
        **({inline: documents} if documents else {}),
    }


def _versions(policy: ManagedPolicy) -> dict[str, Any]:
    return {
        "PolicyName": policy.name,
        "Arn": policy.arn,
        "DefaultVersionId": policy.default_version_id,
        "PolicyVersionList": [
            {
                "VersionId": version.version_id,
                "Document": quote(version.document),
                "IsDefaultVersion": version.version_id == policy.default_version_id,
            }
            for version in policy.versions
        ],
    }


def _report_row(
    name: str,
    arn: str,
    created: datetime,
    console: str,
    keys: Sequence[tuple[bool, datetime | None, AccessKeyLastUsed | None]],
) -> list[str]:
    row = [name, arn, _iso(created), console, "N/A", "N/A", "N/A", "false"]
    for active, key_created, last_used in [*keys, (False, None, None), (False, None, None)][:2]:
        row += [
            str(active).lower(),
            _iso(key_created),
            _iso(last_used.timestamp if last_used else None),
            last_used.region if last_used else "N/A",
            last_used.service if last_used else "N/A",
        ]
    return [*row, "false", "N/A", "false", "N/A"]


def _iso(moment: datetime | None) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S+00:00") if moment else "N/A"
