"""Who is an administrator: AWS's evaluation of one concrete request after another.

Written from the pages of AWS's user guide of IAM, not from the checks' code: "Policy evaluation
logic", "Permissions boundaries for IAM entities", "IAM JSON policy elements: Resource",
"NotResource", "NotAction", and "Policy variables". The user makes every change that AWS would
allow, until it may do everything or no change is left. As in the check, conditions are met, nobody
denies anything, and what the value of a policy variable would allow, it allows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

ACCOUNT = "arn:aws:iam::123456789012"
NOBODY = "=+=+=+="
"""A name that no pattern names without a wildcard."""
EVERYTHING = {"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}


@dataclass(frozen=True)
class Holder:
    """A user and what decides about its calls."""

    name: str
    path: str = "/"
    groups: tuple[str, ...] = ()
    """With their paths: ``/admins/g``."""
    unmanaged: tuple[Mapping[str, Any], ...] = ()
    """Documents that the user cannot write new versions of: inline ones, and AWS's own."""
    managed: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """By ARN, documents of the account's own policies."""
    boundary: Mapping[str, Any] | None = None
    boundary_arn: str = ""
    """Empty for one of AWS's own."""

    @property
    def arn(self) -> str:
        return f"{ACCOUNT}:user{self.path}{self.name}"

    def may(self, action: str, resource: str) -> bool:
        """Whether AWS allows a call."""
        documents = (*self.unmanaged, *self.managed.values())
        granted = any(self._allowed(document, action, resource) for document in documents)
        limit = self.boundary
        return granted and (limit is None or self._allowed(limit, action, resource))

    def _allowed(self, document: Mapping[str, Any], action: str, resource: str) -> bool:
        version = document.get("Version", "2008-10-17")
        for statement in _list(document["Statement"]):
            if statement["Effect"] != "Allow":
                continue
            if _only_grants_little(statement) and action != "iam:DeleteUserPermissionsBoundary":
                continue
            applies = []
            for name, value in (("Action", action.lower()), ("Resource", resource)):
                opposite = f"Not{name}" in statement
                patterns = _list(statement[f"Not{name}" if opposite else name])
                if name == "Action":
                    patterns = [pattern.lower() for pattern in patterns]
                elif version == "2012-10-17":
                    patterns = [self._with_values(pattern, opposite) for pattern in patterns]
                applies.append(opposite != any(_matches(pattern, value) for pattern in patterns))
            if all(applies):
                return True
        return False

    def _with_values(self, pattern: str, opposite: bool) -> str:
        for key, value in (("username", self.name), ("principalaccount", "123456789012")):
            pattern = re.sub(rf"\$\{{aws:{key}\}}", value, pattern, flags=re.IGNORECASE)
        return re.sub(r"\$\{aws:.+?\}", "#" if opposite else "*", pattern)

    def changes(self) -> Iterator[Holder]:
        """What the user would be after each change that AWS allows it to make."""
        targets = [("User", self.arn), *(("Group", f"{ACCOUNT}:group{g}") for g in self.groups)]
        granted = replace(self, unmanaged=(EVERYTHING,))
        for kind, target in targets:
            if self.may(f"iam:Attach{kind}Policy", target):
                yield granted
            if self.may(f"iam:Put{kind}Policy", target):
                yield granted
        for arn in self.managed:
            if self.may("iam:CreatePolicyVersion", arn):
                yield replace(self, managed={**self.managed, arn: EVERYTHING})
        if self.may("iam:AddUserToGroup", f"{ACCOUNT}:group/{NOBODY}"):
            yield granted
        unlimited = replace(self, boundary=None)
        if self.may("iam:DeleteUserPermissionsBoundary", self.arn):
            yield unlimited
        if self.may("iam:PutUserPermissionsBoundary", self.arn):
            yield unlimited
        if self.boundary_arn and self.may("iam:CreatePolicyVersion", self.boundary_arn):
            yield replace(self, boundary=EVERYTHING)

    def has_power(self) -> bool:
        """Whether the user may do whatever IAM can do, or make somebody who may do everything."""
        other = f"{ACCOUNT}:user/{NOBODY}"
        return self.may("iam:ZzzZzzz", f"{ACCOUNT}:{NOBODY}") or (
            self.may("iam:CreateUser", other)
            and (self.may("iam:AttachUserPolicy", other) or self.may("iam:PutUserPolicy", other))
            and (
                self.may("iam:CreateAccessKey", other) or self.may("iam:CreateLoginProfile", other)
            )
        )


def becomes_administrator(holder: Holder) -> bool:
    """Whether some changes that AWS allows, one after another, give the user power."""
    seen: list[Holder] = []
    ahead = [holder]
    while ahead:
        current = ahead.pop()
        if current.has_power():
            return True
        if current not in seen:
            seen.append(current)
            ahead += current.changes()
    return False


def _only_grants_little(statement: Mapping[str, Any]) -> bool:
    """Whether the policy or the permissions boundary of a change must be a harmless one."""
    little = ("iam:PolicyARN", "iam:PermissionsBoundary")
    named = statement.get("Condition", {}).get("ArnEquals", {})
    return any(named.get(key) == f"{ACCOUNT}:policy/harmless" for key in little)


def _matches(pattern: str, value: str) -> bool:
    if not value.startswith(re.split("[*?]", pattern)[0]):
        return False
    wildcards = {"*": "(?s:.*)", "?": "(?s:.)"}
    return bool(re.fullmatch("".join(wildcards.get(c, re.escape(c)) for c in pattern), value))


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
