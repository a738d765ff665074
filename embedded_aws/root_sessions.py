"""Centralized root access, which moto does not have: ``AssumeRoot`` and what its sessions may read.

* ``AssumeRoot`` is for users and roles of the management account and of the delegated administrator
  for IAM, and for one of five tasks in a member account. A session lasts for 15 minutes at most.
  The global endpoint does not know the call.
  https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoot.html
* A session may do what the policy of its task does not deny. That of an audit denies all other
  actions, and those that it names about anybody but the root user.
  https://docs.aws.amazon.com/IAM/latest/UserGuide/security-iam-awsmanpol.html
* ``ListOrganizationsFeatures``.
  https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListOrganizationsFeatures.html
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from fnmatch import fnmatchcase
from typing import Any

from moto.core.responses import ActionResult
from moto.iam.access_control import CreateAccessKeyFailure, create_access_key
from moto.iam.exceptions import IAMException
from moto.iam.models import iam_backends
from moto.iam.responses import IamResponse
from moto.organizations.models import organizations_backends
from moto.sts.exceptions import STSClientError
from moto.sts.responses import TokenResponse

from .behavior import DENIED, Behavior
from .server import Call, Error

AUDIT = "IAMAuditRootUserCredentials"
TASKS = (
    AUDIT, "IAMCreateRootUserPassword", "IAMDeleteRootUserCredentials", "S3UnlockBucketPolicy",
    "SQSUnlockQueuePolicy",
)  # fmt: skip
CREDENTIALS_MANAGEMENT, SESSIONS = "RootCredentialsManagement", "RootSessions"
AUDIT_ACTIONS = frozenset(
    {
        "iam:GetAccessKeyLastUsed", "iam:GetAccountSummary", "iam:GetLoginProfile", "iam:GetUser",
        "iam:ListAccessKeys", "iam:ListMFADevices", "iam:ListSigningCertificates",
    }
)  # fmt: skip
CREATED = datetime(2023, 1, 24, 12, tzinfo=timezone.utc)
"""When all keys of root users were created."""
GLOBAL_HOST = "sts.amazonaws.com"


@dataclass(frozen=True)
class _Session:
    account: str
    task: str
    expires: datetime


def root_key_ids(account: str, number: int) -> tuple[str, ...]:
    """The IDs of so many access keys of an account's root user."""
    return tuple(f"AKIAROO{count}{account}" for count in range(1, number + 1))


class RootSessions:
    """The sessions of root users, and what they read."""

    def __init__(self, behavior: Behavior) -> None:
        self._behavior = behavior
        self.features = {CREDENTIALS_MANAGEMENT, SESSIONS}
        """The features of centralized root access that are on; without any, no trusted access."""
        self.delegated_administrator = ""
        """The account that is IAM's delegated administrator."""
        self.secrets: set[str] = set()
        """The key IDs, secrets, and tokens of all sessions."""
        self._sessions: dict[str, _Session] = {}

    def reset(self) -> None:
        """Begin anew: centralized root access is on, and nobody has a session."""
        vars(self).update(vars(RootSessions(self._behavior)))

    # moto takes functions for actions, and no bound methods.

    def of_sts(self) -> dict[str, Callable[[TokenResponse], ActionResult]]:
        """The methods to add to moto's ``TokenResponse``."""
        return {"assume_root": lambda response: self._assume_root(response)}

    def of_iam(self) -> dict[str, Callable[[IamResponse], ActionResult]]:
        """The methods of moto's ``IamResponse`` to replace or to add, by name."""
        own = {
            "list_access_keys": self._list_access_keys,
            "get_access_key_last_used": self._last_used,
            "get_login_profile": self._login_profile,
            "list_mfa_devices": lambda _: {
                "MFADevices": _items("SerialNumber", self._behavior.root_mfa_devices)
            },
            "list_signing_certificates": lambda _: {
                "Certificates": _items("CertificateId", self._behavior.root_signing_certificates)
            },
        }
        answers = {name: self._in_session(name, answer) for name, answer in own.items()}
        features = {"list_organizations_features": lambda response: self._list_features(response)}
        return {**answers, **features}

    def error(self, call: Call) -> Error | None:
        """The error of a call that the session it is signed with may not make."""
        session = self._sessions.get(call.access_key_id)
        if session is None:
            return None
        if session.expires < datetime.now(timezone.utc):
            return Error("403 Forbidden", "ExpiredToken")
        if _master(session.account) == session.account:  # it has left; AWS does not say what then
            return DENIED
        allowed = session.task == AUDIT and call.action in AUDIT_ACTIONS
        key = call.parameters.get("AccessKeyId", "")
        others = key and key not in root_key_ids(session.account, 2)
        return DENIED if not allowed or others or "UserName" in call.parameters else None

    # AssumeRoot

    def _assume_root(self, response: TokenResponse) -> ActionResult:
        if response.headers.get("Host") == GLOBAL_HOST:
            raise _refused("InvalidAction")
        if response.region in self._behavior.disabled_regions:
            raise _refused("RegionDisabledException")
        target = str(response._get_param("TargetPrincipal"))
        account = target.split(":")[4] if target.startswith("arn:") else target
        policy = str(response._get_param("TaskPolicyArn", {}).get("arn"))
        task = policy.removeprefix(f"arn:{response.partition}:iam::aws:policy/root-task/")
        seconds = int(response._get_param("DurationSeconds", 900))
        if task not in TASKS or not 0 <= seconds <= 900:
            raise _refused("ValidationError")
        if not (self._may(response, account, policy) and self._is_on(task)):
            raise _refused("AccessDenied")
        key = iam_backends[account][response.partition].create_temp_access_key()
        expires = datetime.now(timezone.utc) + timedelta(seconds=seconds)
        self._sessions[key.access_key_id] = _Session(account, task, expires)
        token = f"root-session-{key.secret_access_key[::-1]}"
        self.secrets.update((key.access_key_id, key.secret_access_key, token))
        credentials = {
            "AccessKeyId": key.access_key_id,
            "SecretAccessKey": key.secret_access_key,
            "SessionToken": token,
            "Expiration": expires,
        }
        return ActionResult({"Credentials": credentials})

    def _is_on(self, task: str) -> bool:
        """Whether the feature is on that a task needs, as seen with AWS."""
        return (CREDENTIALS_MANAGEMENT if task.startswith("IAM") else SESSIONS) in self.features

    def _may(self, response: TokenResponse, target: str, policy: str) -> bool:
        """Whether the caller may assume the root user of an account for a task."""
        caller, key = response.current_account, response.get_access_key()
        master = _master(caller)
        backend = organizations_backends[master][response.partition]
        members = {account.id for account in backend.accounts} - {master}
        if caller not in (master, self.delegated_administrator) or target not in members:
            return False
        if key in root_key_ids(caller, 2) or key in self._sessions:
            return False
        try:
            held = create_access_key(caller, response.partition, key, response.headers)
        except CreateAccessKeyFailure:  # the key that may do everything
            return True
        root = f"arn:{response.partition}:iam::{target}:root"
        return any(
            _allows(statement, root, policy)
            for document in held.collect_policies()
            for statement in json.loads(_text(document))["Statement"]
        )

    # Reading

    def _in_session(
        self, name: str, answer: Callable[[str], Mapping[str, Any]]
    ) -> Callable[[IamResponse], ActionResult]:
        """An answer to sessions of root users, and moto's own to all others."""
        plain: Callable[[IamResponse], ActionResult] = getattr(IamResponse, name)

        def answering(response: IamResponse) -> ActionResult:
            session = self._sessions.get(response.get_access_key())
            if session is None:
                return plain(response)
            return ActionResult(answer(session.account))

        return answering

    def _list_access_keys(self, account: str) -> dict[str, Any]:
        active = self._behavior.root_keys_active
        return {
            "AccessKeyMetadata": [
                {
                    "AccessKeyId": key,
                    "Status": "Active" if is_active else "Inactive",
                    "CreateDate": CREATED,
                }
                for key, is_active in zip(root_key_ids(account, len(active)), active, strict=True)
            ],
            "IsTruncated": False,
        }

    def _last_used(self, account: str) -> dict[str, Any]:
        date = self._behavior.root_key_last_used
        service, region = ("s3", "us-east-1") if date else ("N/A", "N/A")
        used = {"LastUsedDate": date, "ServiceName": service, "Region": region}
        return {"AccessKeyLastUsed": used}

    def _login_profile(self, account: str) -> dict[str, Any]:
        if not self._behavior.root_password:
            raise IAMException("NoSuchEntity", "The root user has no password.")
        return {"LoginProfile": {"CreateDate": CREATED, "PasswordResetRequired": False}}

    def _list_features(self, response: IamResponse) -> ActionResult:
        caller = response.current_account
        if caller not in (_master(caller), self.delegated_administrator):
            raise IAMException("AccountNotManagementOrDelegatedAdministratorException", caller)
        if not self.features:
            raise IAMException("ServiceAccessNotEnabledException", "IAM is not trusted.")
        return ActionResult({"EnabledFeatures": sorted(self.features)})


def _refused(code: str) -> STSClientError:
    return STSClientError(code, f"{code} in the embedded AWS")


def _master(account: str) -> str:
    """The management account of an account's organization."""
    return str(organizations_backends.master_accounts.get(account, (account,))[0])


def _allows(statement: Mapping[str, Any], root: str, policy: str) -> bool:
    """Whether a statement allows AssumeRoot of a root user for the task of a policy."""
    conditions = [
        (key, pattern)
        for operator in statement.get("Condition", {}).values()
        for key, pattern in operator.items()
    ]
    return (
        statement["Effect"] == "Allow"
        and any(fnmatchcase("sts:AssumeRoot", action) for action in _list(statement["Action"]))
        and any(fnmatchcase(root, resource) for resource in _list(statement["Resource"]))
        and all(
            key == "sts:TaskPolicyArn"
            and any(fnmatchcase(policy, allowed) for allowed in _list(pattern))
            for key, pattern in conditions
        )
    )


def _items(member: str, number: int) -> list[dict[str, Any]]:
    return [{member: f"{member}{count}"} for count in range(number)]


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _text(policy: Any) -> str:
    document = getattr(policy, "document", policy)
    return str(document["policy_document"] if isinstance(document, dict) else document)
