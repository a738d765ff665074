"""The policies in ``metadata/permissions``, and credentials that allow no more than they do."""

from __future__ import annotations

import json
from pathlib import Path

from embedded_aws.aws import EmbeddedAWS

PERMISSIONS = Path(__file__).parents[1] / "metadata" / "permissions"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}],
}


def actions(policy: str) -> list[str]:
    """The actions that a policy file allows."""
    document = json.loads((PERMISSIONS / policy).read_text("utf-8"))
    allowed: list[str] = []
    for statement in document["Statement"]:
        action = statement["Action"]
        allowed += [action] if isinstance(action, str) else action
    return allowed


def user_credentials(aws: EmbeddedAWS, allowed: list[str]) -> dict[str, str]:
    """Credentials, as environment variables, of a user that may do this and nothing else."""
    iam = aws.client("iam")
    iam.create_user(UserName="prowler")
    iam.put_user_policy(UserName="prowler", PolicyName="allowed", PolicyDocument=policy(allowed))
    key = iam.create_access_key(UserName="prowler")["AccessKey"]
    return {
        "AWS_ACCESS_KEY_ID": key["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
    }


def role_credentials(aws: EmbeddedAWS, allowed: list[str]) -> dict[str, str]:
    """Credentials, as environment variables, of a role that may do this and nothing else."""
    return session_of(aws, role_that_may(aws, policy(allowed)))


def session_of(aws: EmbeddedAWS, role: str) -> dict[str, str]:
    """Credentials, as environment variables, of a role with this ARN."""
    answer = aws.client("sts").assume_role(RoleArn=role, RoleSessionName="test")["Credentials"]
    return {
        "AWS_ACCESS_KEY_ID": answer["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": answer["SecretAccessKey"],
        "AWS_SESSION_TOKEN": answer["SessionToken"],
    }


def role_that_may(aws: EmbeddedAWS, document: str) -> str:
    """The ARN of a role that may do what a policy document allows, and nothing else."""
    iam = aws.client("iam")
    role = iam.create_role(RoleName="Scan", AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]
    # Not with PutRolePolicy: moto does not take a root user for a resource.
    aws.iam().get_role("Scan").policies["allowed"] = document
    return str(role["Arn"])


def policy(allowed: list[str]) -> str:
    """A policy document that allows these actions on everything."""
    statement = {"Effect": "Allow", "Action": allowed, "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})
