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
from time import monotonic
from typing import Any, TypeVar

from botocore.config import Config
from botocore.exceptions import ClientError

from prowler_access_keys.services.iam.iam_access_keys.aws_failures import (
    FAILURES,
    MALFORMED,
    CallFailedError,
    failure_of,
)
from prowler_access_keys.services.iam.iam_access_keys.facts import (
    MANAGEMENT_ACCOUNT,
    ROOT_ACCESS_OFF,
    Keys,
    LastUse,
    RootAudit,
    Unreadable,
    older_first,
)
from prowler_access_keys.services.iam.iam_access_keys.findings.wording import comma_and
from prowler_access_keys.services.iam.iam_access_keys.reading.key_answers import (
    access_key,
    answered_at,
    last_use,
)

from ..errors import StartError
from .account_list import AccountList, with_role
from .sign_in import DEFAULT_REGION

ASSUME, FEATURES = "sts:AssumeRoot", "iam:ListOrganizationsFeatures"
TASK = "arn:{}:iam::aws:policy/root-task/IAMAuditRootUserCredentials"
SECONDS = 900
"""How long AWS lets a session last at most."""
GLOBAL_ENDPOINT = "https://sts.amazonaws.com"
"""The endpoint of STS that does not offer AssumeRoot; a setting of botocore's may choose it."""
TRUST = "aws organizations enable-aws-service-access --service-principal iam.amazonaws.com"
TURN_ON = {
    "RootCredentialsManagement": "aws iam enable-organizations-root-credentials-management",
    "RootSessions": "aws iam enable-organizations-root-sessions",
}
"""By feature of centralized root access, the command that turns it on."""
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
        self,
        session: Any,
        organizations_role: str | None,
        listed: AccountList,
        accounts: Iterable[str],
    ) -> None:
        """``accounts`` are the IDs of those to scan, in that order. Raises StartError."""
        self._session, self._role = session, organizations_role
        self._region = session.region_name or DEFAULT_REGION
        self._task = TASK.format(listed.partition)
        self._management_account = listed.management_account
        self._lock = threading.Lock()
        try:
            self._connect()
        except FAILURES as error:
            raise StartError(f"prowler-org could not sign in for --audit-root: {error}") from error
        features = _ask(FEATURES, self._features)
        self._is_off = features == ()
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

    def _features(self) -> tuple[str, ...]:
        """The features of centralized root access that are on."""
        iam = self._own.client("iam", self._region, config=CONFIG)
        try:
            return tuple(iam.list_organizations_features().get("EnabledFeatures", ()))
        except ClientError as error:
            if error.response["Error"]["Code"].startswith("ServiceAccessNotEnabled"):
                return ()
            raise

    def _audit(self, account: str) -> RootAudit:
        """What the root user of an account has, by six calls at most that AWS does not refuse."""
        now = datetime.now(timezone.utc)
        if account == self._management_account:
            return RootAudit(account, Unreadable(ASSUME, MANAGEMENT_ACCOUNT), now)
        if self._is_off:
            return RootAudit(account, Unreadable(ASSUME, ROOT_ACCESS_OFF), now)
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
            TargetPrincipal=account, TaskPolicyArn={"arn": self._task}, DurationSeconds=SECONDS
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
    listing = _ask("iam:ListAccessKeys", lambda: _key_listing(iam.list_access_keys()))
    if isinstance(listing, Unreadable):
        return RootAudit(account, listing, now)
    keys, date = listing
    keys = tuple(replace(key, last_use=_last_use(iam, key.access_key_id)) for key in keys)
    profile = _ask("iam:GetLoginProfile", iam.get_login_profile)
    password = not isinstance(profile, Unreadable) or (False if profile.gone else None)
    devices = _number("iam:ListMFADevices", iam.list_mfa_devices, "MFADevices")
    audit = RootAudit(account, keys, date, password, devices)
    if len(keys) > 1:  # then that were six calls, and no verdict depends on certificates
        return audit
    number = _number("iam:ListSigningCertificates", iam.list_signing_certificates, "Certificates")
    return replace(audit, signing_certificates=number)


def _key_listing(answer: dict[str, Any]) -> tuple[Keys, datetime]:
    return older_first(map(access_key, _whole(answer, "AccessKeyMetadata"))), answered_at(answer)


def _last_use(iam: Any, access_key_id: str) -> LastUse | Unreadable | None:
    def read() -> LastUse | None:
        return last_use(iam.get_access_key_last_used(AccessKeyId=access_key_id))

    return _ask("iam:GetAccessKeyLastUsed", read)


def _number(call: str, question: Callable[[], dict[str, Any]], member: str) -> int | None:
    """How many items an answer lists; None if that could not be read."""
    number = _ask(call, lambda: len(_whole(question(), member)))
    return None if isinstance(number, Unreadable) else number


def _whole(answer: dict[str, Any], member: str) -> list[Any]:
    """What an answer lists. Raises ValueError if there is more: a page has room for a hundred."""
    if answer.get("IsTruncated"):
        raise ValueError("the list is cut off")
    items: list[Any] = answer[member]
    return items


def _describe(features: tuple[str, ...] | Unreadable) -> str:
    """What is off, and how to turn it on, in sentences; empty if all is on."""
    if isinstance(features, Unreadable):
        return f"Whether centralized root access is on could not be read: {features}."
    off = [feature for feature in TURN_ON if feature not in features]
    if not off:
        return ""
    commands = [*([] if features else [TRUST]), *(TURN_ON[feature] for feature in off)]
    return (
        f"Centralized root access of this organization lacks {comma_and(off)}, so findings about "
        "root users may go by credential reports. To turn on what is off, run in the management "
        f"account: {'; '.join(commands)}"
    )


def _ask(call: str, question: Callable[[], Answer]) -> Answer | Unreadable:
    """The answer to a question, or why there is none. Keeps nothing else of an exception."""
    try:
        return question()
    except CallFailedError as failed:
        return failed.unreadable
    except FAILURES as error:
        return failure_of(call, error)
    except Exception as error:  # whatever it is, the run goes on
        code = "MalformedAnswer" if isinstance(error, MALFORMED) else type(error).__name__
        return Unreadable(call, code)
