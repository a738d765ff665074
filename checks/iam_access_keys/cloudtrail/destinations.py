"""Where what uses a key could go: a table from evidence to destination. Pure.

It grants nothing: which permissions a destination needs is for a person to decide.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from ..facts import AccessKey
from .events import AWS_SERVICE, CONSOLE, UNKNOWN_SOURCE
from .evidence import Usage, UsedBy
from .user_agents import BROWSER, RunsOn

SMTP, OTHER_KEY = "ses-api", "newer-key"
_EC2 = "AWSEC2/latest/UserGuide/iam-roles-for-amazon-ec2.html"
_IAM = "IAM/latest/UserGuide/"


@dataclass(frozen=True)
class Row:
    """A destination, and evidence for it: any of what follows the page."""

    destination: str
    because: str
    confidence: Literal["high", "medium", "low"]
    page: str
    """AWS's, below https://docs.aws.amazon.com/."""
    runs_on: tuple[RunsOn, ...] = ()
    programs: tuple[str, ...] = ()
    """What names of programs begin with."""
    resources: tuple[str, ...] = ()
    """What IDs of the account's resources with the address begin with."""

    def fits(self, user: UsedBy) -> bool:
        """Whether this is evidence for the destination."""
        return (
            user.runs_on in self.runs_on
            or user.program.strip('"').startswith(self.programs)
            or user.resource.startswith(self.resources)
        )


TABLE: Mapping[str, Row] = {
    SMTP: Row("an IAM role and the API of Amazon SES", "it sends mail over SMTP",
        "high", "ses/latest/dg/smtp-credentials.html"),
    OTHER_KEY: Row("the user's newer key", "the same programs use both from the same places",
        "medium", f"{_IAM}id-credentials-access-keys-update.html"),
    "lambda-role": Row("the Lambda function's execution role", "it runs on AWS Lambda",
        "high", "lambda/latest/dg/lambda-intro-execution-role.html", (RunsOn.LAMBDA,)),
    "ecs-task-role": Row("an IAM role for the ECS task", "it runs on Amazon ECS",
        "high", "AmazonECS/latest/developerguide/task-iam-roles.html", (RunsOn.ECS,)),
    "codebuild-role": Row("the service role of the project", "it runs on AWS CodeBuild",
        "high", "codebuild/latest/userguide/setting-up-service-role.html", (RunsOn.CODEBUILD,)),
    "eks-pod-role": Row("an IAM role for the pod", "a program for Kubernetes uses it",
        "medium", "eks/latest/userguide/pod-identities.html", (),
        ("AWS Load Balancer Controller", "ExternalDNS", "Kubernetes")),
    "oidc-role": Row("an IAM role for the pipeline, with OpenID Connect", "a pipeline uses it",
        "medium", f"{_IAM}id_roles_providers_create_oidc.html", (), ("GitHub", "GitLab", "gitlab")),
    "instance-role": Row("an IAM role for the instance", "it runs on Amazon EC2",
        "high", _EC2, (RunsOn.EC2,), (), ("i-",)),
    "vendor-role": Row("an IAM role with an external ID", "a vendor's product uses it",
        "medium", f"{_IAM}id_roles_common-scenarios_third-party.html", (),
        ("CloudHealth", "Datadog", "Grafana", "Talend", "Veeam")),
    "sign-in": Row("aws login or IAM Identity Center", "it seems to be used on a person's computer",
        "medium", "signin/latest/userguide/command-line-sign-in.html",
        (RunsOn.CLOUDSHELL, RunsOn.MACOS, RunsOn.WINDOWS, RunsOn.WSL),
        (BROWSER, "AWS Toolkit", "Cyberduck", "S3 Browser", "VS Code", "WinSCP")),
    "role-in-network": Row("an IAM role for what is behind it", "the account has its address",
        "medium", _EC2, (), (), ("nat-", "eni-", "eipalloc-")),
    "roles-anywhere": Row("IAM Roles Anywhere", "its address is not known to be the account's",
        "low", "rolesanywhere/latest/userguide/introduction.html", (), ("",)),
}  # fmt: skip
"""By name, as data have it. The first row that fits a program counts."""
_ATTACK = Row(
    "", "", "low", "", (RunsOn.KALI, RunsOn.PARROT),
    ("ElasticWolf", "Pacu", "Scout Suite", "Stratus Red Team", "TruffleHog"),
)  # fmt: skip
"""Evidence that there is nothing to move."""


def destinations(usage: Mapping[AccessKey, Usage]) -> dict[AccessKey, tuple[str, ...]]:
    """Names of rows by key: for each of its programs, that with the most events first.

    ``usage`` is that of all keys of a user that are in use, with their last use.
    """
    places = {
        key: {(user.program, user.source) for user in of_key.used_by}
        for key, of_key in usage.items()
    }
    newest = max(usage, key=lambda key: key.create_date, default=None)
    found = {}
    for key, of_key in usage.items():
        same = newest and key != newest and places[key] and places[key] <= places[newest]
        names = [SMTP] * key.is_for_smtp + [OTHER_KEY] * bool(same)
        names += [
            next(name for name, row in TABLE.items() if row.fits(user))
            for user in of_key.used_by
            if user.program not in (AWS_SERVICE, CONSOLE)
            and user.source != UNKNOWN_SOURCE
            and not _ATTACK.fits(user)
        ]
        found[key] = tuple(dict.fromkeys(names))
    return found
