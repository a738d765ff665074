"""Makes ``aws_managed_policies.json``: what AWS's own policies say of becoming an administrator.

    python -m scripts.aws_managed_policies

From moto's copy of AWS's policies, without those that users cannot have. A statement keeps the
actions that ``administrator.py`` asks about, written out unless it names all of IAM.
"""

from __future__ import annotations

import json
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from moto.iam.aws_managed_policies import aws_managed_policies_data

SHARED = Path(__file__).parents[1] / "checks" / "iam_access_keys"
FILE = SHARED / "reading" / "aws_managed_policies.json"
NOT_GRANTED = {"AWSMcpServiceActionsFullAccess"}
"""Allows everything under a condition that no call of IAM meets."""
ACTIONS = (
    *(f"iam:{verb}{kind}Policy" for verb in ("Attach", "Put") for kind in ("User", "Group")),
    *("iam:CreatePolicyVersion", "iam:AddUserToGroup", "iam:CreateUser", "iam:CreateAccessKey"),
    *("iam:CreateLoginProfile", "iam:DeleteUserPermissionsBoundary"),
    "iam:PutUserPermissionsBoundary",
)


def relevant(statement: dict[str, Any]) -> dict[str, Any] | None:
    """A statement with the actions that decide. None if it names none of them."""
    element = "Action" if "Action" in statement else "NotAction"
    value = statement[element]
    patterns = value if isinstance(value, list) else [value]

    def is_named(action: str) -> bool:
        fits = any(fnmatchcase(action.lower(), pattern.lower()) for pattern in patterns)
        return fits == (element == "Action")

    actions = ["iam:*"] if is_named("iam:NewAction") else list(filter(is_named, ACTIONS))
    kept = {key: value for key, value in statement.items() if key not in ("Sid", element)}
    return {"Action": ["*"] if "*" in patterns else actions, **kept} if actions else None


def policies() -> dict[str, list[dict[str, Any]]]:
    """By name, the statements that decide, of each policy that has one."""
    found = {}
    for name, policy in json.loads(aws_managed_policies_data).items():
        statements = policy["Document"]["Statement"]
        statements = statements if isinstance(statements, list) else [statements]
        kept = [statement for statement in map(relevant, statements) if statement]
        if kept and policy["Path"] != "/root-task/" and name not in NOT_GRANTED:
            found[name] = kept
    return found


if __name__ == "__main__":
    lines = (f'  "{name}": {json.dumps(found)}' for name, found in sorted(policies().items()))
    FILE.write_text("{\n" + ",\n".join(lines) + "\n}\n")
