"""The program that a user agent names. Pure.

A user agent is what the caller says of itself: other people's input, of any length and content.
"""

from __future__ import annotations

import re

UNKNOWN = "an unnamed program"
"""What a program is called whose user agent says nothing that could be printed."""
LONGEST = 2_000
"""Characters of a user agent that are looked at."""

_FAMILIES = {
    "terraform": "Terraform",
    "opentofu": "OpenTofu",
    "pulumi": "Pulumi",
    "packer": "Packer",
    "ansible": "Ansible",
    "crossplane": "Crossplane",
    "aws-cdk": "AWS CDK",
    "configure-aws-credentials-for-github-actions": "GitHub Actions",
    "gitlab": "GitLab",
    "jenkins": "Jenkins",
    "apn_1826889": "Prowler",
    "prowler": "Prowler",
    "steampipe": "Steampipe",
    "trufflehog": "TruffleHog",
    "elbv2.k8s.aws": "AWS Load Balancer Controller",
    "cluster-autoscaler": "Kubernetes Cluster Autoscaler",
    "external-dns": "ExternalDNS",
    "velero": "Velero",
    "vault": "HashiCorp Vault",
    "rclone": "rclone",
    "s3cmd": "s3cmd",
    "s5cmd": "s5cmd",
    "cyberduck": "Cyberduck",
    "winscp": "WinSCP",
    "fluent-bit": "Fluent Bit",
    "grafana": "Grafana",
    "datadog": "Datadog",
    "postmanruntime": "Postman",
    "awspowershell": "AWS Tools for PowerShell",
    "aws-cli": "aws-cli",
    "boto3": "Boto3",
    "botocore": "Botocore",
    "boto": "Boto",
    "aws-sdk-android": "AWS SDK for Android",
    "aws-sdk-cpp": "AWS SDK for C++",
    "aws-sdk-dotnet": "AWS SDK for .NET",
    "aws-sdk-go": "AWS SDK for Go",
    "aws-sdk-ios": "AWS SDK for iOS",
    "aws-sdk-java": "AWS SDK for Java",
    "aws-sdk-js": "AWS SDK for JavaScript",
    "aws-sdk-kotlin": "AWS SDK for Kotlin",
    "aws-sdk-nodejs": "AWS SDK for JavaScript",
    "aws-sdk-php": "AWS SDK for PHP",
    "aws-sdk-ruby": "AWS SDK for Ruby",
    "aws-sdk-rust": "AWS SDK for Rust",
    "aws-sdk-swift": "AWS SDK for Swift",
    "python-requests": "Python Requests",
    "curl": "curl",
    "mozilla": "a browser",
}
"""By the name of a product. The first counts, so tools come before the SDKs that they use."""
_BETWEEN_PRODUCTS = re.compile(r"[\s()\[\];,]+")
_OWN_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,39}(?=[./]|\Z)")
"""A name in characters that do nothing on a page or a terminal, and without what makes a link."""


def program_of(user_agent: object) -> str:
    """The program that a ``userAgent`` of CloudTrail names, without its version.

    A family that is known by its usual name; any other by the name that it gives itself, up to its
    first dot, in quotation marks and at most 40 characters of letters, digits, ``_``, and ``-``.
    UNKNOWN if it has no such name.
    """
    if not isinstance(user_agent, str):
        return UNKNOWN
    # CloudTrail puts some into brackets: [aws-cli/2.15.30 …].
    products = [one for one in _BETWEEN_PRODUCTS.split(user_agent[:LONGEST]) if one]
    names = [one.partition("/")[0].lower() for one in products]
    for mark, family in _FAMILIES.items():
        # Also parts of it, such as terraform-provider-aws.
        if any(name == mark or name.startswith(f"{mark}-") for name in names):
            return family
    own = _OWN_NAME.match(products[0]) if products else None
    return f'"{own[0]}"' if own else UNKNOWN
