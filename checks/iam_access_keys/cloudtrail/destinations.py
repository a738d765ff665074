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
from .user_agents import BROWSER, UNKNOWN, RunsOn

SMTP, NEWER_KEY = "ses-api", "newer-key"
_EC2 = "AWSEC2/latest/UserGuide/iam-roles-for-amazon-ec2.html"
_IAM = "IAM/latest/UserGuide/"


@dataclass(frozen=True)
class Row:
    """A destination, and evidence for it: any of what follows the page."""

    destination: str
    because: str
    """A clause about ``{}``, the key."""
    confidence: Literal["high", "medium"]
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
    SMTP: Row("the API of Amazon SES with an IAM role", "a program sends mail over SMTP with {}",
        "high", "ses/latest/dg/smtp-credentials.html"),
    NEWER_KEY: Row("the newer key", "the programs that use {} use the user's newer key too, from "
        "the same addresses", "medium", f"{_IAM}id-credentials-access-keys-update.html"),
    "lambda-role": Row("the function's execution role", "a program on AWS Lambda uses {}",
        "high", "lambda/latest/dg/lambda-intro-execution-role.html", (RunsOn.LAMBDA,)),
    "ecs-task-role": Row("a task role", "a program on Amazon ECS uses {}",
        "high", "AmazonECS/latest/developerguide/task-iam-roles.html", (RunsOn.ECS,)),
    "codebuild-role": Row("the project's service role", "a program on AWS CodeBuild uses {}",
        "high", "codebuild/latest/userguide/setting-up-service-role.html", (RunsOn.CODEBUILD,)),
    "eks-pod-role": Row("an IAM role for the pod", "a program for Kubernetes uses {}",
        "medium", "eks/latest/userguide/pod-identities.html", (),
        ("AWS Load Balancer Controller", "ExternalDNS", "Kubernetes")),
    "oidc-role": Row("OpenID Connect with an IAM role", "GitHub or GitLab uses {}",
        "medium", f"{_IAM}id_roles_providers_create_oidc.html", (), ("GitHub", "GitLab")),
    "instance-role": Row("an IAM role for the instance", "a program on Amazon EC2 uses {}",
        "high", _EC2, (RunsOn.EC2,)),
    "vendor-role": Row("an IAM role with an external ID", "a vendor's product uses {}",
        "medium", f"{_IAM}id_roles_common-scenarios_third-party.html", (),
        ("CloudHealth", "Datadog", "Grafana", "Talend", "Veeam")),
    "sign-in": Row("aws login or IAM Identity Center", "a person seems to use {}",
        "medium", "signin/latest/userguide/command-line-sign-in.html",
        (RunsOn.CLOUDSHELL, RunsOn.MACOS, RunsOn.WINDOWS, RunsOn.WSL),
        (BROWSER, "AWS Toolkit", "Cyberduck", "S3 Browser", "VS Code", "WinSCP")),
    "role-in-network": Row("an IAM role for what runs there",
        "the account has an address from which {} was used",
        "medium", _EC2, (), (), ("i-", "nat-", "eni-")),
}  # fmt: skip
"""By name, as data have it. The first row that fits a program counts."""
_ATTACK = Row(
    "", "", "medium", "", (RunsOn.KALI, RunsOn.PARROT),
    ("ElasticWolf", "Pacu", "Scout Suite", "Stratus Red Team", "TruffleHog"),
)  # fmt: skip
"""Evidence that this is perhaps an incident, in which nothing is to be moved."""


def destinations(
    usage: Mapping[AccessKey, Usage], keep: AccessKey | None
) -> dict[AccessKey, tuple[str, ...]]:
    """Names of rows by key: for each of its programs, that with the most events first.

    ``usage`` is that of a user's keys that are to be moved, with their last use; ``keep`` the one
    that stays, if the advice is to move what uses the others to it.
    """
    kept = _places(usage[keep]) if keep and keep in usage else frozenset()
    found = {}
    for key, of_key in usage.items():
        if any(map(_ATTACK.fits, of_key.used_by)):
            continue
        places = _places(of_key)
        is_rotated = key != keep and bool(places) and places <= kept
        names = [SMTP] * key.is_for_smtp + [NEWER_KEY] * is_rotated
        rows = [[name for name, row in TABLE.items() if row.fits(user)] for user in of_key.used_by]
        names += [fitting[0] for fitting in rows if fitting]
        found[key] = tuple(dict.fromkeys(names))
    return found


def _places(usage: Usage) -> frozenset[tuple[str, str]]:
    """The programs with their addresses; none if one of them has no known address."""
    places = frozenset((user.program, user.source) for user in usage.used_by)
    tells_nothing = {AWS_SERVICE, CONSOLE, UNKNOWN, UNKNOWN_SOURCE}
    return frozenset() if any(tells_nothing & set(place) for place in places) else places
