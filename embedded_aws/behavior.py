"""How awkward the embedded AWS is: calls take time, fail, are denied, or are throttled.

Errors are as AWS documents them: ``Throttling`` (400), ``ServiceFailure`` (500), ``AccessDenied``
(403), ``ExpiredToken`` (403).
https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html
https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
https://docs.aws.amazon.com/organizations/latest/APIReference/CommonErrors.html
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from .answers import Rewrite
from .server import Call, Error

MOST_USERS_ON_A_PAGE = 1000

DENIED = Error("403 Forbidden", "AccessDenied")
_BROKEN = Error("500 Internal Server Error", "ServiceFailure")


@dataclass
class Behavior:
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
    """Names of users: every call about one of them is denied."""
    denied_calls: frozenset[tuple[str, str]] = frozenset()
    """Pairs of an IAM action and the name of a user about whom it is denied, and no other."""
    unknown: frozenset[str] = frozenset()
    """Actions that the partition does not have."""
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
    root_password: bool = False
    """Whether the root users have a password."""
    root_mfa_devices: int = 0
    """How many MFA devices they have."""
    root_signing_certificates: int = 0
    """How many signing certificates they have."""
    disabled_regions: frozenset[str] = frozenset()
    """Opt-in Regions in which STS gives no sessions of root users."""
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
    _dice: random.Random = field(default_factory=lambda: random.Random(7))
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def reset(self) -> None:
        """Begin anew: nothing is awkward."""
        vars(self).update(vars(Behavior()))

    def error(self, call: Call) -> Error | None:
        """The error that a call ends with, if any. Takes the time that the call takes."""
        time.sleep(self.latency)
        if call.action == "sts:AssumeRole":
            account = call.parameters["RoleArn"].split(":")[4]
            time.sleep(self.seconds_to_assume.get(account, 0))
            without = self.accounts_without_role | self.keys_without_role
            if not without.isdisjoint({account, call.access_key_id}):
                return DENIED
        if self.credentials_expired:
            return Error("403 Forbidden", "ExpiredToken")
        if call.action in self.unknown:
            return Error("400 Bad Request", "InvalidAction")
        user = call.parameters.get("UserName", "")
        denied = call.action in self.denied or (call.action, user) in self.denied_calls
        if denied or user in self.denied_users:
            return DENIED
        if call.action in self.broken:
            return _BROKEN
        with self._lock:
            if self.throttle_next.get(call.action, 0) > 0:
                self.throttle_next[call.action] -= 1
                return Error("400 Bad Request", "ThrottlingException")
            dice = self._dice.random() if call.service == "iam" else 1
        if dice < self.throttled:
            return Error("400 Bad Request", "Throttling")
        return _BROKEN if dice < self.throttled + self.failing else None
