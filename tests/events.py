"""Events as CloudTrail gives them, for tests that need no AWS."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from prowler_access_keys.services.iam.iam_access_keys.cloudtrail.events import event_of
from prowler_access_keys.services.iam.iam_access_keys.cloudtrail.evidence import EventsFound

from .keys import NOW

TERRAFORM = (
    "APN/1.0 HashiCorp/1.0 Terraform/1.6.6 (+https://www.terraform.io) "
    "terraform-provider-aws/5.31.0 (+https://registry.terraform.io) aws-sdk-go-v2/1.24.0 os/macos"
)
AWS_CLI = "aws-cli/2.15.30 Python/3.11.8 Linux/6.1.0 exe/x86_64 prompt/off command/s3.ls"


def event(
    name: str = "ListBuckets",
    service: str = "s3",
    *,
    hours: float = 1,
    text: str | None = None,
    at: datetime | None = None,
    **record: Any,
) -> Mapping[str, Any]:
    """An event of ``hours`` ago, or what there is instead of its ``CloudTrailEvent``."""
    whole = {
        "userIdentity": {"type": "IAMUser", "sessionContext": {"sessionIssuer": "SECRET"}},
        "eventSource": f"{service}.amazonaws.com",
        "eventName": name,
        "sourceIPAddress": "203.0.113.7",
        "userAgent": AWS_CLI,
        "requestParameters": {"password": "SECRET"},
        **record,
    }
    return {
        "EventTime": at or NOW - timedelta(hours=hours),
        "EventName": name,
        "CloudTrailEvent": json.dumps(whole) if text is None else text,
    }


def creation(
    access_key_id: str, arn: str | None = "arn:aws:iam::123456789012:user/mallory", **record: Any
) -> Mapping[str, Any]:
    """The event of a key's creation."""
    identity = {"arn": arn, "sessionContext": {"sessionIssuer": "SECRET"}}
    made = {"accessKey": {"accessKeyId": access_key_id, "userName": "alice"}}
    return event(
        "CreateAccessKey", "iam", **{"userIdentity": identity, "responseElements": made, **record}
    )


def assumption(
    access_key_id: str,
    *,
    role: str = "Admin",
    account: str = "123456789012",
    name: str = "AssumeRole",
    **record: Any,
) -> Mapping[str, Any]:
    """The event of a session that began, with its key; of the user itself without a role."""
    asked = {"roleArn": f"arn:aws:iam::{account}:role/a!b/{role}"} if role else None
    answer = {"credentials": {"accessKeyId": access_key_id, "sessionToken": "SECRET"}}
    return event(
        name, "sts", requestParameters=asked, responseElements=answer, awsRegion="us-east-1",
        recipientAccountId="123456789012", **record,
    )  # fmt: skip


def looked(*events: Mapping[str, Any], region: str = "us-east-1", **more: Any) -> EventsFound:
    """The answer to a look-up: these events and no more."""
    return EventsFound(region, [event_of(given) for given in events], **more)
