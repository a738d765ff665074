"""Which program a user agent names, where it keeps its key, and what it runs on."""

from __future__ import annotations

import csv
import json
import os
import random
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from botocore.useragent import _USERAGENT_FEATURE_MAPPINGS
from hypothesis import given
from hypothesis import strategies as st

from embedded_aws.aws import EmbeddedAWS
from prowler_access_keys.services.iam.iam_access_keys.cloudtrail.events import event_of
from prowler_access_keys.services.iam.iam_access_keys.cloudtrail.evidence import (
    EventsFound,
    usage_of,
)
from prowler_access_keys.services.iam.iam_access_keys.cloudtrail.user_agents import (
    AWS_ITSELF,
    BROWSER,
    LONGEST_NAME,
    UNKNOWN,
    Agent,
    KeptIn,
    RunsOn,
    agent_of,
)
from prowler_access_keys.services.iam.iam_access_keys.findings.evidence_wording import word_usage

from .events import AWS_CLI, TERRAFORM, event
from .pages import program

KEY = "AKIAIOSFODNN7EXAMPLE"
LAMBDA = "AWS_Lambda_python3.12"


# The name of the program


@pytest.mark.parametrize(
    ("user_agent", "name"),
    [
        (AWS_CLI, "aws-cli"),
        (f"[{AWS_CLI}]", "aws-cli"),
        # The first product, before the SDK behind it
        ("jenkins/2.426.3 aws-sdk-java/1.12.600 Linux/5.15.0", "Jenkins"),
        ("eksctl/0.150 aws-sdk-go/1.44", '"eksctl"'),
        ("Airflow/2.6 Boto3/1.28 Botocore/1.31", '"Airflow"'),
        # What a program adds to its SDK
        ("Boto3/1.28 Python/3.9 Linux/5 Botocore/1.31 Airflow/2.6 AmPP/8.3", '"Airflow"'),
        ("aws-sdk-go/1.25.41 (go1.13.5; linux; amd64) kubernetes/v1.16.6", '"kubernetes"'),
        ("Boto3/1.40.0 ua/2.1 Botocore/1.40.0 APN_1826889", "Prowler"),
        ("aws-sdk-nodejs/2 promise AWS-Toolkit-For-VSCode/1 X/2", "AWS Toolkit for VS Code"),
        ("Boto3/1.34.2 md/Botocore#1.34.2 ua/2.0 os/linux lang/python#3.11", "Boto3"),
        ("aws-sdk-ruby3/3.1 ruby/3.1 x86_64-linux aws-sdk-s3/1.120", "AWS SDK for Ruby"),
        ("aws-sdk-java/2.21.1 Linux/5.15 OpenJDK_64-Bit_Server_VM/17", "AWS SDK for Java"),
        ("aws-sdk-go-v2/1.24.0 os/linux lang/go#1.21.5 api/s3#1.47.5", "AWS SDK for Go"),
        ("aws-sdk-dotnet-coreclr/3.7 aws-sdk-dotnet-core/3.7 .NET_Core/3.1", "AWS SDK for .NET"),
        # app/NAME
        ("aws-sdk-js/3.1 ua/2.0 os/linux app/grafana", "Grafana"),
        ("aws-cli/2.1 ua/2.1 app/backup-nightly m/g", '"backup-nightly"'),
        ("Boto3/1.40 ua/2.1 app/APN_1.1/pc_x$ Botocore/1.40.0", "Boto3"),
        ("Boto3/1.40 ua/2.1 app/<b> Botocore/1.40.0", "Boto3"),
        # Partners of AWS
        (TERRAFORM, "Terraform"),
        ("APN/1.0 Veeam/1.0 Backup/10.0", '"Veeam Backup"'),
        ("APN/1.0 Commvault/11.0", '"Commvault"'),
        ("APN/1.0 Commvault/1.0 aws-sdk-java/1.2", '"Commvault"'),
        ("APN/1.0 Pulumi/1.0 PulumiAWS/6.66 (+https://www.pulumi.com)", "Pulumi"),
        ("APN/1.0 HashiCorp/1.0 packer-plugin-amazon/1.2 aws-sdk-go/1.44", "Packer"),
        ("APN/1.1 aws-sdk-java/2.1", "AWS SDK for Java"),
        ("APN/1.0", UNKNOWN),
        # Names of several words
        ("S3 Browser 9.5.5 https://s3browser.com", "S3 Browser"),
        ("Chrome Browser", '"Chrome Browser"'),
        ("QNAP Hybrid Backup Sync 3.0", '"QNAP Hybrid Backup Sync"'),
        ("my tool aws-sdk-go/1.2", '"my tool"'),
        ("a b c d e f g", '"a"'),
        # AWS's own
        ("AWS Internal", AWS_ITSELF),
        ("AWS Internal/3", AWS_ITSELF),
        ("[S3Console/0.4, aws-internal/3 aws-sdk-java/1.12.488 Linux/5.4]", AWS_ITSELF),
        ("cloudformation.amazonaws.com", AWS_ITSELF),
        ("signin.amazonaws.com", AWS_ITSELF),
        ("evil/1 x.cloudformation.amazonaws.com", '"evil"'),
        # A browser only if no other program is named
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/5 (KHTML, like Gecko) Safari/5", BROWSER),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15", BROWSER),
        ("Mozilla/5.0 (Windows NT 10.0; en-US) WindowsPowerShell/5.1", "PowerShell"),
        ("Mozilla/5.0 (X11) AppleWebKit/5 Code/1.78 Chrome/1 Electron/22 Safari/5", "VS Code"),
        ("Mozilla/5.0 (X11) AppleWebKit/5 Chrome/1 Electron/22 Safari/5", '"Electron"'),
        # PHP
        ("aws-sdk-php2/2.8.31 Guzzle/3.9.3 curl/7.47.0 PHP/7.0.33", "AWS SDK for PHP"),
        ("GuzzleHttp/6.3.3 curl/7.58.0 PHP/7.2", '"GuzzleHttp"'),
        ("curl/7.58.0 PHP/7.2", '"PHP"'),
        ("curl/7.58.0", "curl"),
        # Names that are not well known, as far as they do nothing on a page
        ("configure-aws-credentials-for-github-actions", "GitHub Actions"),
        ("Go-http-client/1.1", '"Go-http-client"'),
        ("inventory_sync.py/2.0 (internal)", '"inventory_sync"'),
        ("unpacker/1.0", '"unpacker"'),
        ("my-prowler-killer/1", '"my-prowler-killer"'),
        ("vault-sync/1", '"vault-sync"'),
        ("code-deployer/1", '"code-deployer"'),
        ("3cx-backup/1.0", '"3cx-backup"'),
        ("www.evil.example.com/login", '"www"'),
        ("a" * 60, f'"{"a" * LONGEST_NAME}"'),
        ("<script>alert(1)</script>", UNKNOWN),
        ("<script>alert(1)</script> aws-sdk-go/1.2", "AWS SDK for Go"),
        ("\x1b[31m", UNKNOWN),
        ("", UNKNOWN),
        (None, UNKNOWN),
        ({"a": 1}, UNKNOWN),
    ],
)  # fmt: skip
def test_a_user_agent_names_a_program(user_agent: Any, name: str) -> None:
    assert agent_of(user_agent).program == name


def real_user_agents() -> list[dict[str, str]]:
    """User agents from public sources, which are named, with the program that each really is."""
    with Path(__file__).with_name("user_agents.tsv").open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))


def test_real_user_agents_are_named_right_and_none_is_named_wrong() -> None:
    counts = Counter[str]()
    for real in real_user_agents():
        name = agent_of(real["user_agent"]).program
        right = AWS_ITSELF if real["kind"] == "aws" else real["what_it_is"]
        is_own = name == UNKNOWN or name.strip('"').lower() in real["user_agent"].lower()
        outcome = "right" if name.strip('"') == right else "hidden" if is_own else "false"
        assert outcome != "false", (name, real)
        counts[outcome] += 1
    assert counts["right"] >= 93, counts


# Where the key is kept, and what the program runs on


def features(letters: str) -> str:
    return f"Boto3/1.40.0 md/Botocore#1.40.0 ua/2.1 os/linux#6.1 m/{letters} cfg/x Botocore/1.40.0"


@pytest.mark.parametrize(
    ("letters", "kept_in"),
    [
        ("g", KeptIn.ENVIRONMENT),
        ("Z,b,n,E", KeptIn.FILE),
        ("x", KeptIn.FILE),
        ("y", KeptIn.FILE),
        ("D,e", KeptIn.PROGRAM),
        ("f", KeptIn.PROGRAM),
        ("v,w", KeptIn.COMMAND),
        ("Z,b,D", None),
        ("g,n", None),
        ("n,o,i", None),
        ("n,AC", None),
        ("0", None),
        ("G", None),
        ("gn", None),
        ("", None),
    ],
)
def test_credential_letters_name_where_the_key_is_kept(
    letters: str, kept_in: KeptIn | None
) -> None:
    assert agent_of(features(letters)).kept_in is kept_in


def test_every_letter_of_botocore_for_credentials_is_known_or_temporary() -> None:
    long_term = {"CODE", "ENV_VARS", "PROFILE", "PROFILE_PROCESS", "PROCESS", "BOTO2_CONFIG_FILE"}
    for feature, letter in _USERAGENT_FEATURE_MAPPINGS.items():
        kind, _, source = feature.partition("CREDENTIALS_")
        assert (agent_of(features(letter)).kept_in is not None) is (source in long_term), feature
        if source not in long_term:
            beside_a_file = agent_of(features(f"{letter},n")).kept_in
            assert beside_a_file is (KeptIn.FILE if kind else None), feature


@pytest.mark.parametrize(
    ("words", "runs_on"),
    [
        ("Linux/5.10 exec-env/AWS_Lambda_python3.12", RunsOn.LAMBDA),
        ("os/windows#10 exec-env/AWS_ECS_EC2", RunsOn.ECS),
        ("exec-env/AWS_ECS_FARGATE", RunsOn.ECS),
        ("exec-env/CloudShell", RunsOn.CLOUDSHELL),
        ("exec-env/AWS_CodeBuild", RunsOn.CODEBUILD),
        ("Windows/10 exec-env/EC2", RunsOn.EC2),
        ("os/linux#6.6.87.2-microsoft-standard-WSL2 md/distrib#kali.2024", RunsOn.WSL),
        ("Linux/4.4.0-19041-Microsoft", RunsOn.WSL),
        ("Linux/6.6.9-kali1-amd64", RunsOn.KALI),
        ("os/linux#6.1 md/distrib#kali.2024", RunsOn.KALI),
        ("Linux/6.0.0-2parrot1-amd64", RunsOn.PARROT),
        ("os/windows lang/rust", RunsOn.WINDOWS),
        ("(go1.23.7; windows; amd64)", RunsOn.WINDOWS),
        ("OS/Microsoft_Windows_10.0.17763", RunsOn.WINDOWS),
        ("Windows_Server_2016/10.0", RunsOn.WINDOWS),
        ("win32/v20.1.0", RunsOn.WINDOWS),
        ("os/macos#22.6.0", RunsOn.MACOS),
        ("(go1.13.7; darwin; amd64)", RunsOn.MACOS),
        ("(Mac OS X/14.0)", RunsOn.MACOS),
        ("(iPhone; CPU iPhone OS 13_2_3 like Mac OS X)", None),
        ("Linux/6.1.0 kalimba/1 parrot-feeder/2 windows-of-opportunity/3 exec-env/own", None),
        ("xexec-env/AWS_Lambda_go1.x", None),
    ],
)
def test_a_user_agent_says_what_the_program_runs_on(words: str, runs_on: RunsOn | None) -> None:
    assert agent_of(f"aws-sdk-x/1 {words}").runs_on is runs_on


# The strings of real programs


CREDENTIALS = {"AccessKeyId": KEY, "SecretAccessKey": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"}
BOTO3 = (
    "import boto3, sys;"
    "key = dict(zip(('aws_access_key_id', 'aws_secret_access_key'), sys.argv[1:]));"
    "boto3.client('sts', **key).get_caller_identity()"
)
JAVASCRIPT = (
    "const {STSClient, GetCallerIdentityCommand} = require('@aws-sdk/client-sts');"
    "const [accessKeyId, secretAccessKey] = process.argv.slice(1);"
    "const credentials = accessKeyId && {credentials: {accessKeyId, secretAccessKey}};"
    "new STSClient({...credentials}).send(new GetCallerIdentityCommand({}))"
)
PROGRAMS = {
    "Boto3": (sys.executable, "-c", BOTO3),
    "aws-cli": (program("aws"), "sts", "get-caller-identity"),
    "AWS SDK for JavaScript": ("node", "-e", JAVASCRIPT),
}


@pytest.fixture
def recording(aws: EmbeddedAWS) -> EmbeddedAWS:
    """The embedded AWS, with an event for each call."""
    aws.cloudtrail.records_calls = True
    return aws


def environment(aws: EmbeddedAWS, kept_in: KeptIn, folder: Path) -> dict[str, str]:
    """The environment of a program whose key is kept there."""
    environ = aws.environment()
    environ["AWS_REGION"] = environ["AWS_DEFAULT_REGION"]
    if kept_in is KeptIn.ENVIRONMENT:
        return environ
    secret = environ.pop("AWS_SECRET_ACCESS_KEY")
    key_id = environ.pop("AWS_ACCESS_KEY_ID")
    text = {
        KeptIn.FILE: f"aws_access_key_id={key_id}\naws_secret_access_key={secret}",
        KeptIn.COMMAND: f"credential_process=cat {folder}/answer.json",
    }.get(kept_in, "")
    (folder / "answer.json").write_text(json.dumps({"Version": 1, **CREDENTIALS}))
    config = folder / "config"
    config.write_text(f"[default]\n{text}\n")
    # A command is taken from either file by some SDKs, and from the config file by all.
    file = "AWS_CONFIG_FILE" if kept_in is KeptIn.COMMAND else "AWS_SHARED_CREDENTIALS_FILE"
    return {**environ, file: str(config)}


def skip_without(name: str) -> None:
    """JavaScript packages are not installed by these tests: NODE_PATH says where they are."""
    if name != "AWS SDK for JavaScript":
        return
    node = shutil.which("node")
    if not node:
        pytest.skip("needs Node.js")
    find = [node, "-e", "require.resolve('@aws-sdk/client-sts')"]
    if subprocess.run(find, stderr=subprocess.DEVNULL, check=False).returncode:
        pytest.skip("needs the npm package @aws-sdk/client-sts in NODE_PATH")


CASES = [
    (name, kept_in) for name in PROGRAMS for kept_in in KeptIn
    if (name, kept_in) != ("aws-cli", KeptIn.PROGRAM)
]  # fmt: skip


@pytest.mark.parametrize("on_lambda", [False, True], ids=["here", "on Lambda"])
@pytest.mark.parametrize(("name", "kept_in"), CASES)
def test_a_real_program_says_where_it_keeps_its_key_and_what_it_runs_on(
    recording: EmbeddedAWS, name: str, kept_in: KeptIn, on_lambda: bool, tmp_path: Path
) -> None:
    skip_without(name)
    environ = environment(recording, kept_in, tmp_path)
    if on_lambda:
        environ["AWS_EXECUTION_ENV"] = LAMBDA
    key = CREDENTIALS.values() if kept_in is KeptIn.PROGRAM else ()
    subprocess.run([*PROGRAMS[name], *key], env=environ, check=True, stdout=subprocess.DEVNULL)
    (recorded,) = recording.cloudtrail.events()
    assert recorded["AccessKeyId"] == KEY
    call = event_of(recorded).call
    assert call
    assert call.agent == Agent(name, kept_in, RunsOn.LAMBDA if on_lambda else call.agent.runs_on)
    assert on_lambda or call.agent.runs_on is not RunsOn.LAMBDA
    where = f"{kept_in.value} on AWS Lambda, from 127.0.0.1 (STS)."
    sentence = word_usage(KEY, usage_of([EventsFound("us-east-1", [event_of(recorded)])], 50))
    assert sentence.endswith(where) or not on_lambda


# Other people's input

MARKS = (
    "m/", "g", "n", ",", " ", "exec-env/", "AWS_Lambda_", "os/", "windows", "(", ")", "APN/1.0 ",
    "app/", "Botocore/1 ", "aws-internal/", "AWS Internal", "[", "/", "\x1b", "<b>", "=1+1",
)  # fmt: skip


@given(st.text(max_size=60) | st.lists(st.sampled_from(MARKS) | st.text(max_size=5)).map("".join))
def test_only_a_harmless_name_and_known_words_are_returned(text: str) -> None:
    agent = agent_of(text)
    assert {agent.kept_in, agent.runs_on} <= {None, *KeptIn, *RunsOn}
    name = agent.program.strip('"')
    if agent.program.startswith('"'):
        assert len(name) <= LONGEST_NAME
        assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_ -]*", name)


def bent(chance: random.Random, text: str) -> str:
    """The text, cut somewhere or with some characters replaced."""
    if chance.random() < 0.5:
        return text[: chance.randrange(len(text))]
    letters = list(text)
    for _ in range(chance.randint(1, 4)):
        letters[chance.randrange(len(letters))] = chance.choice(' /\\"{}[]();,#-\x00\x1b<é0aZ')
    return "".join(letters)


def test_damaged_events_name_only_programs_that_they_have() -> None:
    chance = random.Random(28)  # noqa: S311
    agents = [real["user_agent"] for real in real_user_agents()]
    for _ in range(int(os.environ.get("BENT_EVENTS", "300"))):
        agent = chance.choice(agents)
        whole = event(userAgent=agent)
        text = bent(chance, whole["CloudTrailEvent"])
        call = event_of({**whole, "CloudTrailEvent": text}).call
        if call is None:
            continue
        name, shown = call.agent.program, str(json.loads(text).get("userAgent"))
        if name.startswith('"'):
            assert all(word in shown for word in name.strip('"').split()), (name, shown)
        else:
            assert name in {*named_in(agent), UNKNOWN}, (name, shown)


def named_in(user_agent: str) -> set[str]:
    """The programs that a user agent names, wherever it begins and after a product or more."""
    begins = [0, *(place.end() for place in re.finditer(r"[ (\[]", user_agent))]
    parts = [user_agent[begin:] for begin in begins]
    return {agent_of(part).program for rest in parts for part in (rest, rest.partition(" ")[0])}
