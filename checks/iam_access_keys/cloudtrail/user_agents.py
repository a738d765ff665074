"""The program that a user agent names, where it keeps its key, and what it runs on. Pure.

A user agent is what the caller says of itself: other people's input, of any length and content.
Its products come in the order of their significance, the program before the SDK that it uses.
https://www.rfc-editor.org/rfc/rfc9110#field.user-agent
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

UNKNOWN = "an unnamed program"
"""The program of a user agent without a name that could be printed."""
AWS_ITSELF = "the AWS console or an AWS service"
BROWSER = "a browser"
LONGEST = 2_000
"""Characters of a user agent that are read."""


class KeptIn(str, Enum):
    """Where a program keeps the key that it signs with."""

    ENVIRONMENT = "environment variables"
    FILE = "a credentials file"
    PROGRAM = "its own code or configuration"
    COMMAND = "a command"


class RunsOn(str, Enum):
    """What a program runs on."""

    LAMBDA = "AWS Lambda"
    ECS = "Amazon ECS"
    CODEBUILD = "AWS CodeBuild"
    CLOUDSHELL = "AWS CloudShell"
    EC2 = "Amazon EC2"
    WSL = "a Windows computer with WSL"
    KALI = "Kali Linux"
    PARROT = "Parrot OS"
    WINDOWS = "a Windows computer"
    MACOS = "a macOS computer"


@dataclass(frozen=True)
class Agent:
    """What a user agent says of the caller."""

    program: str
    kept_in: KeptIn | None = None
    """None if it does not say."""
    runs_on: RunsOn | None = None
    """None if it does not say."""


_SDKS = {
    "aws-cli": "aws-cli", "aws-sdk-android": "AWS SDK for Android",
    "aws-sdk-cpp": "AWS SDK for C++", "aws-sdk-dotnet": "AWS SDK for .NET",
    "aws-sdk-go": "AWS SDK for Go", "aws-sdk-ios": "AWS SDK for iOS",
    "aws-sdk-java": "AWS SDK for Java", "aws-sdk-js": "AWS SDK for JavaScript",
    "aws-sdk-kotlin": "AWS SDK for Kotlin", "aws-sdk-net": "AWS SDK for .NET",
    "aws-sdk-nodejs": "AWS SDK for JavaScript", "aws-sdk-php": "AWS SDK for PHP",
    "aws-sdk-ruby": "AWS SDK for Ruby", "aws-sdk-rust": "AWS SDK for Rust",
    "aws-sdk-swift": "AWS SDK for Swift", "awspowershell": "AWS Tools for PowerShell",
    "boto": "Boto", "boto3": "Boto3", "botocore": "Botocore",
}  # fmt: skip
_PROGRAMS = {
    "ansible": "Ansible", "apache-beam-sdk-for-java": "Apache Beam",
    "amazon-ssm-agent": "SSM agent", "apn-1826889": "Prowler", "aws-cdk": "AWS CDK",
    "aws-sam-cli": "AWS SAM CLI", "aws-toolkit": "AWS Toolkit",
    "aws-toolkit-for-vscode": "AWS Toolkit for VS Code", "awslabs": "awslabs MCP server",
    "cloudcustodian": "Cloud Custodian", "cloudhealth": "CloudHealth",
    "cluster-autoscaler": "Kubernetes Cluster Autoscaler",
    "configure-aws-credentials-for-github-actions": "GitHub Actions", "crossplane": "Crossplane",
    "cyberduck": "Cyberduck", "datadog": "Datadog", "elasticwolf": "ElasticWolf",
    "elbv2": "AWS Load Balancer Controller", "external-dns": "ExternalDNS",
    "fluent-bit": "Fluent Bit", "gitlab": "GitLab", "grafana": "Grafana", "hadoop": "Hadoop",
    "hashicorp-terraform-exec": "Terraform", "jenkins": "Jenkins", "minio": "MinIO",
    "opentofu": "OpenTofu", "packer": "Packer", "pacu": "Pacu", "postmanruntime": "Postman",
    "prowler": "Prowler", "pulumi": "Pulumi", "pulumiaws": "Pulumi", "rclone": "rclone",
    "s3-browser": "S3 Browser", "s3cmd": "s3cmd", "s5cmd": "s5cmd", "scout-suite": "Scout Suite",
    "scoutsuite": "Scout Suite", "steampipe": "Steampipe", "stratus-red-team": "Stratus Red Team",
    "terraform": "Terraform", "trufflehog": "TruffleHog", "velero": "Velero", "winscp": "WinSCP",
}  # fmt: skip
_FIRST = {
    "code": "VS Code", "curl": "curl", "python-requests": "Python Requests",
    "vault": "HashiCorp Vault", "windowspowershell": "PowerShell",
}  # fmt: skip
"""Words of these names are common: they count only as the whole name of the first product."""


def _pattern_of(names: Mapping[str, str]) -> re.Pattern[str]:
    """Also parts of a program (terraform-provider-aws), and versions (aws-sdk-ruby3)."""
    longest_first = sorted(names, key=len, reverse=True)
    return re.compile(rf"({'|'.join(longest_first)})\d*(?=-|\Z)")


_SDK, _PROGRAM = _pattern_of(_SDKS), _pattern_of(_PROGRAMS)
_NO_PROGRAM = re.compile(
    "applewebkit|(?:headless)?chrome|edge?|firefox|gecko|java|mobile|mozilla|opr|php|python|"
    "safari|test|version"
)
"""Products that a program is built from, before any SDK."""
_AWS = re.compile(
    r"(?:AWS|Amazon) Internal(?:/\d+)?\Z|[a-z0-9.-]+\.amazonaws\.com(?:\.cn)?\Z|"
    r"(?:.*[\s,])?aws-internal/|(?:AWS|Amazon) (?:\w+ )?Console\b|S3Console/|Coral/|"
    r"Jersey/\$\{project\.version\} ",
    re.ASCII | re.DOTALL,
)
"""AWS's own programs."""
_COMMENT = re.compile(r"\([^()]*(?:\)(/)?|\Z)")
"""Also within a product: CloudCustodian(policy)/0.9."""
_BETWEEN = re.compile(r"[\[\](),;]")
_VERSION = re.compile(r"v?\d[\w.-]*", re.ASCII)
_PRINTABLE = re.compile(r"(?=[\d_-]*[A-Za-z])[A-Za-z0-9][\w-]*(?: [\w-]+)*", re.ASCII)
"""A name in characters that do nothing on a page or a terminal, and without what makes a link."""
_PARTNER = re.compile(r"(?<!\S)APN/1\.0 ([^\s/]+)/(?:1\.0(?: ([^\s/;]+)/)?)?")
"""A partner of AWS and its product: https://github.com/pulumi/pulumi-aws/issues/1553"""
_PARTNER_ID = re.compile(r"(?<!\S)APN(?!_1826889\b)\S*")
_APP = re.compile(r"(?<!\S)app/(?!APN)(\S+)")
"""The field of SDKs for the name of the program."""
_ADDED = re.compile(
    r"(?:aws-sdk-go/[\d.]+\s*;|\sbotocore/[\d.]+)\s+([A-Z][\w-]*)/v?\d|"
    r"\s(?!apache-httpclient|aws-sdk|java|openjdk|\S+-(?:darwin|gnu|linux|mingw|musl))"
    r"([A-Z]\w*-[\w-]*)(?:/v?\d\S*|/)?\s*\Z",
    re.ASCII | re.IGNORECASE,
)
"""What programs add to their SDK's user agent: after the SDK's own products, or at its end."""
LONGEST_NAME, MOST_WORDS = 40, 4

_FEATURES = re.compile(r"(?<!\S)m/(\S+)")
_KEPT_IN = {
    "g": KeptIn.ENVIRONMENT,
    **dict.fromkeys("nxy", KeptIn.FILE),  # also boto 2's, and the store of the SDK for .NET
    **dict.fromkeys("ef", KeptIn.PROGRAM),  # also properties of a Java virtual machine
    **dict.fromkeys("vw", KeptIn.COMMAND),
}
"""By the letters of SDKs' features: ``_USERAGENT_FEATURE_MAPPINGS`` in botocore/useragent.py."""
_TEMPORARY = frozenset("hijklmopqrstuz0") | {"AC", "AD"}
"""Letters of roles, sessions, and single sign-on: such a key is not a long-term one."""
_RUNS_ON = {
    RunsOn.LAMBDA: r"(?<!\S)exec-env/AWS_Lambda_",
    RunsOn.ECS: r"(?<!\S)exec-env/AWS_ECS_",
    RunsOn.CODEBUILD: r"(?<!\S)exec-env/(?:AWS_)?CodeBuild",
    RunsOn.CLOUDSHELL: r"(?<!\S)exec-env/(?:AWS_)?CloudShell",
    RunsOn.EC2: r"(?<!\S)exec-env/(?:AWS_)?EC2",
    RunsOn.WSL: r"linux[/#]\S*-microsoft\b",
    RunsOn.KALI: r"linux[/#]\S*-kali\d|distrib#kali",
    RunsOn.PARROT: r"linux[/#]\S*-\d*parrot\d|distrib#parrot",
    RunsOn.WINDOWS: r"os[/#](?:microsoft_)?windows|(?<![\w-])windows(?: nt|_\w+/|[/;])|\bwin32/v",
    RunsOn.MACOS: r"os[/#](?:macos|darwin)|(?<![\w-])darwin[/;]|(?<![\w-])(?<!like )mac[ _]os[ _]x",
}
"""The first counts. What is said of the environment comes before what is said of the system."""


def agent_of(user_agent: object) -> Agent:
    """What a ``userAgent`` of CloudTrail says. Whatever that is, this does not raise.

    The program is without its version: by its usual name if it is well known, AWS_ITSELF, or
    BROWSER; any other by the name that it gives itself, up to its first dot, in quotation marks
    and at most LONGEST_NAME letters, digits, spaces, ``_``, and ``-``; UNKNOWN without one.
    """
    if not isinstance(user_agent, str):
        return Agent(UNKNOWN)
    text = user_agent[:LONGEST].strip("[] ")  # CloudTrail puts some into brackets
    if _AWS.match(text):
        return Agent(AWS_ITSELF)
    plain = _COMMENT.sub(lambda comment: comment[1] or ";", text)
    places = (place for place, mark in _RUNS_ON.items() if re.search(mark, text, re.I | re.A))
    return Agent(_program(plain) or UNKNOWN, _kept_in(plain), next(places, None))


def _kept_in(text: str) -> KeptIn | None:
    letters = {letter for found in _FEATURES.findall(text) for letter in found.split(",")}
    kept_in = {_KEPT_IN[letter] for letter in letters & _KEPT_IN.keys()}
    return kept_in.pop() if len(kept_in) == 1 and not letters & _TEMPORARY else None


def _program(text: str) -> str:
    partner = _PARTNER.search(text)
    if partner:
        return _product_of(*partner.groups(""))
    names = _product_names(text)
    keys = [_key(name) for name in names]
    programs = [name for name in names if not _NO_PROGRAM.fullmatch(_key(name))]
    if not programs:
        return BROWSER if "mozilla" in keys else _quoted("".join(names[:1]))
    sdks = [_SDKS[found[1]] for found in map(_SDK.match, map(_key, programs)) if found]
    if sdks and _SDK.match(_key(programs[0])):
        app, added = _first_group(_APP, text), _first_group(_ADDED, text)
        known = next(filter(None, map(_usual_name, (app, *programs))), "")
        own = known or _quoted(app) or _quoted(added)
    else:
        own = _FIRST.get(_key(programs[0])) or _usual_name(programs[0]) or _quoted(programs[0])
    return own or "".join(sdks[:1])


def _first_group(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.search(text)
    return found[found.lastindex or 0] if found else ""


def _product_names(text: str) -> list[str]:
    """The names of all products. That of the first may have several words before its version."""
    if re.search(r"\bPHP/", text):  # names the library under it first
        text = re.sub(r"\bcurl/\S+", "", text)
    first, *others = _BETWEEN.split(_PARTNER_ID.sub("", text))
    words = first.split()
    end = _words_of_name(words)
    products = [" ".join(words[:end]), *words[end:], *" ".join(others).split()]
    return [name for name in (product.partition("/")[0] for product in products) if name]


def _words_of_name(words: Sequence[str]) -> int:
    for number, word in enumerate(words[: MOST_WORDS + 1]):
        if _VERSION.fullmatch(word) or (number and _SDK.match(_key(word.partition("/")[0]))):
            return number
        if "/" in word:
            return number + 1
    return len(words) if len(words) <= MOST_WORDS else 1


def _product_of(partner: str, product: str) -> str:
    if not product or _SDK.match(_key(product)):
        return _usual_name(partner) or _quoted(partner)
    whole = product if product.startswith(partner) else f"{partner} {product}"
    return _usual_name(product) or _usual_name(whole) or _quoted(whole)


def _key(name: str) -> str:
    return re.sub(r"[ _.]", "-", name.lower())


def _usual_name(name: str) -> str:
    """That of a well-known program; empty for others."""
    known = _PROGRAM.match(_key(name))
    return _PROGRAMS[known[1]] if known else ""


def _quoted(name: str) -> str:
    """The name as far as it can be printed; empty if it cannot."""
    printable = _PRINTABLE.match(name)
    return f'"{printable[0][:LONGEST_NAME].rstrip()}"' if printable else ""
