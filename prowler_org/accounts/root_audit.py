"""What root users have, read in sessions of ``AssumeRoot``: here, and in no process that scans.

A session may do what AWS's policy for one task allows, for 15 minutes. Its credentials are in the
client that asks about one account, for as long as that takes, and nowhere else.
https://docs.aws.amazon.com/IAM/latest/UserGuide/id_root-user-privileged-task.html
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timezone
from functools import partial
from time import monotonic
from typing import Any, TypeVar

from botocore import xform_name
from botocore.config import Config

from prowler_access_keys.services.iam.iam_access_keys import aws_failures, facts
from prowler_access_keys.services.iam.iam_access_keys.facts import RootAudit, Unreadable
from prowler_access_keys.services.iam.iam_access_keys.findings.wording import comma_and

from ..errors import StartError
from .account_list import AccountList, with_role
from .sign_in import DEFAULT_REGION

ASSUME = "sts:AssumeRoot"
TASK = "arn:{}:iam::aws:policy/root-task/IAMAuditRootUserCredentials"
GLOBAL_ENDPOINT = "https://sts.amazonaws.com"
"""The endpoint of STS that does not offer AssumeRoot; a setting of botocore's may choose it."""
FEATURES = ("RootCredentialsManagement", "RootSessions")
"""Of centralized root access. AWS does not document which of them an audit needs."""
NOT_TRUSTED = ("ServiceAccessNotEnabled", "ServiceAccessNotEnabledException")
TURN_ON = (
    "aws organizations enable-aws-service-access --service-principal iam.amazonaws.com; "
    "aws iam enable-organizations-root-credentials-management; "
    "aws iam enable-organizations-root-sessions"
)
AHEAD = 16
"""How many accounts are audited at a time, ahead of their scans."""
SECONDS_OF_ROLE = 2700.0
"""After how long to assume the organization's role again: its session lasts an hour."""
CONFIG = Config(
    connect_timeout=5, read_timeout=10, retries={"mode": "standard", "total_max_attempts": 4}
)

Answer = TypeVar("Answer")


class RootAudits:
    """Audits root users some accounts ahead of their scans. To be closed."""

    def __init__(
        self, session: Any, role: str | None, listed: AccountList, accounts: Iterable[str]
    ) -> None:
        """``accounts`` are the IDs of those to scan, in that order. Raises StartError."""
        self._session, self._role = session, role
        self._region = session.region_name or DEFAULT_REGION
        self._task = TASK.format(listed.partition)
        self._management_account = listed.management_account
        self._lock = threading.Lock()
        try:
            self._connect()
        except aws_failures.FAILURES as error:
            raise StartError(f"prowler-org could not sign in for --audit-root: {error}") from error
        features = _ask("iam:ListOrganizationsFeatures", self._features)
        not_trusted = isinstance(features, Unreadable) and features.error_code in NOT_TRUSTED
        self._is_off = features == [] or not_trusted
        self.problem = _describe(features)
        """What may keep AWS from giving sessions, and what to do; empty if nothing is known."""
        self._accounts = iter(tuple(accounts))
        self._audits: dict[str, Future[RootAudit]] = {}
        self._executor = ThreadPoolExecutor(AHEAD, thread_name_prefix="root")

    def of(self, account: str) -> RootAudit:
        """What the root user of an account has. Begins with the accounts that follow."""
        for following in self._accounts:
            self._audits[following] = self._executor.submit(self._audit, following)
            if len(self._audits) >= AHEAD and account in self._audits:
                break
        return self._audits.pop(account).result()

    def close(self) -> None:
        """Begin with no further account."""
        self._executor.shutdown(cancel_futures=True)

    def _connect(self) -> None:
        self._own = with_role(self._session, self._role)
        self._connected = monotonic()
        sts = self._own.client("sts", self._region, config=CONFIG)
        if sts.meta.endpoint_url == GLOBAL_ENDPOINT:
            regional = f"https://sts.{self._region}.amazonaws.com"
            sts = self._own.client("sts", self._region, endpoint_url=regional, config=CONFIG)
        self._sts = sts

    def _features(self) -> list[str]:
        """The features of centralized root access that are on."""
        iam = self._own.client("iam", self._region, config=CONFIG)
        return list(iam.list_organizations_features().get("EnabledFeatures", ()))

    def _audit(self, account: str) -> RootAudit:
        """What the root user of an account has, by six calls at most that AWS does not refuse."""
        now = datetime.now(timezone.utc)
        if account == self._management_account:
            return RootAudit(account, Unreadable(ASSUME, facts.MANAGEMENT_ACCOUNT), now)
        if self._is_off:
            return RootAudit(account, Unreadable(ASSUME, facts.ROOT_ACCESS_OFF), now)
        iam = _ask(ASSUME, lambda: self._session_of(account))
        if isinstance(iam, Unreadable):
            return RootAudit(account, iam, now)
        with closing(iam):
            return _read(iam, account, now)

    def _session_of(self, account: str) -> Any:
        """A client of IAM that is the root user of an account, for this task."""
        with self._lock:  # making clients is not safe in several threads
            if self._role and monotonic() - self._connected > SECONDS_OF_ROLE:
                self._connect()
        answer = self._sts.assume_root(
            TargetPrincipal=account, TaskPolicyArn={"arn": self._task}, DurationSeconds=900
        )["Credentials"]
        with self._lock:
            return self._own.client(
                "iam", self._region, config=CONFIG,
                aws_access_key_id=answer["AccessKeyId"],
                aws_secret_access_key=answer["SecretAccessKey"],
                aws_session_token=answer["SessionToken"],
            )  # fmt: skip


def _read(iam: Any, account: str, now: datetime) -> RootAudit:
    """The facts. No call names a user: it would be about an IAM user, and denied."""

    def ask(operation: str, parse: Callable[[Any], Answer], **about: str) -> Answer | Unreadable:
        def question() -> Answer:
            answer = getattr(iam, xform_name(operation))(**about)
            if answer.get("IsTruncated"):  # a page has room for a hundred
                raise ValueError
            return parse(answer)

        return _ask(f"iam:{operation}", question)

    answer = ask("ListAccessKeys", lambda answer: (aws_failures.answered_at(answer), _keys(answer)))
    if isinstance(answer, Unreadable):
        return RootAudit(account, answer, now)
    date, keys = answer
    last_use = partial(ask, "GetAccessKeyLastUsed", aws_failures.last_use)
    keys = tuple(replace(key, last_use=last_use(AccessKeyId=key.access_key_id)) for key in keys)
    password = ask("GetLoginProfile", lambda answer: bool(answer["LoginProfile"]))
    if isinstance(password, Unreadable) and password.gone:
        password = False
    devices = ask("ListMFADevices", lambda answer: len(answer["MFADevices"]))
    certificates: int | Unreadable | None = None
    if len(keys) < 2:  # otherwise that were six calls, and no verdict depends on certificates
        certificates = ask("ListSigningCertificates", lambda answer: len(answer["Certificates"]))
    return RootAudit(
        account, keys, date, _if_read(password), _if_read(devices), _if_read(certificates)
    )


def _keys(answer: dict[str, Any]) -> facts.Keys:
    return facts.older_first(map(aws_failures.access_key, answer["AccessKeyMetadata"]))


def _if_read(answer: Answer | Unreadable) -> Answer | None:
    return None if isinstance(answer, Unreadable) else answer


def _describe(features: list[str] | Unreadable) -> str:
    """What is off, and how to turn it on, in sentences; empty if all is on."""
    off = features if isinstance(features, Unreadable) else {*FEATURES}.difference(features)
    if not off:
        return ""
    why = off if isinstance(off, Unreadable) else f"it lacks {comma_and(sorted(off))}"
    return (
        f"Centralized root access of this organization may be off: {why}. Findings about root "
        "users are then based on credential reports. To turn it on, run in the management account: "
        f"{TURN_ON}"
    )


def _ask(call: str, question: Callable[[], Answer]) -> Answer | Unreadable:
    """The answer to a question, or why there is none. Keeps nothing else of an exception."""
    try:
        return question()
    except aws_failures.CallFailedError as failed:
        return failed.unreadable
    except aws_failures.FAILURES as error:
        return aws_failures.failure_of(call, error)
    except Exception as error:  # whatever it is, the run goes on
        code = (
            "MalformedAnswer" if isinstance(error, aws_failures.MALFORMED) else type(error).__name__
        )
        return Unreadable(call, code)
