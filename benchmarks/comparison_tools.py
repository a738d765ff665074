"""The tools of the comparison: how each is installed, run, and its output read.

Each is run by its own command, in an environment of its own, against the embedded AWS. The other
tools' code is installed from PyPI or npm, or read from a checkout that the user has; none of it
is part of this repository.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from botocore.exceptions import ClientError

from embedded_aws.aws import EmbeddedAWS

CACHE = Path(".comparison")
CUSTODIAN = "c7n==0.9.53"
SCOUTSUITE = "ScoutSuite==5.14.0"
PGLITE = "@electric-sql/pglite@0.5.16"

ROOT_USER_NAME = "<root_account>"
Command = list[str | Path]
Status = Literal["FAIL", "PASS", "UNKNOWN"]


@dataclass(frozen=True)
class Verdict:
    """What a tool says of a user."""

    status: Status
    says: str
    """Its own words, or the fields of its output that a reader sees."""


@dataclass(frozen=True)
class Answers:
    """What a run of a tool ended in."""

    verdicts: Mapping[str, Verdict] = field(default_factory=dict)
    """By the user's ARN."""
    account: str = ""
    """What it says of the account as a whole, if anything is wrong with it."""
    exit_code: int | None = None


@dataclass(frozen=True)
class Tool:
    """A tool, ready to run. ``run`` gets an empty folder to write to."""

    name: str
    run: Callable[[EmbeddedAWS, Path], Answers]
    calls_are_its_own: bool = True
    """Whether it is the tool that asks AWS, and not this script in its place."""


# Environments


def python_environment(requirement: str, python: str) -> Path:
    """The folder of programs of a virtual environment with this package, made if need be."""
    name = requirement.replace("==", "-")
    environment = CACHE.resolve() / name
    programs = environment / "bin"
    done = environment / "installed"
    if not done.exists():
        print(f"Installing {requirement} into {environment} ...", file=sys.stderr, flush=True)
        subprocess.run([python, "-m", "venv", "--clear", str(environment)], check=True)
        pip: Command = [programs / "python", "-m", "pip", "install", "--quiet"]
        subprocess.run([*pip, requirement], check=True)
        done.touch()
    return programs


def node_package(requirement: str) -> Path:
    """The ``node_modules`` folder with this npm package, made if need be."""
    folder = CACHE.resolve() / requirement.rpartition("/")[2].replace("@", "-")
    modules = folder / "node_modules"
    if not modules.exists():
        folder.mkdir(parents=True, exist_ok=True)
        npm: Command = [
            "npm",
            "install",
            "--prefix",
            folder,
            "--no-audit",
            "--no-fund",
            requirement,
        ]
        subprocess.run(npm, check=True, stdout=subprocess.DEVNULL)
    return modules


def installed_versions(programs: Path, *packages: str) -> str:
    """These packages of an environment with their versions, for the record."""
    code = (
        "import sys; from importlib.metadata import version; "
        "print(', '.join(f'{name} {version(name)}' for name in sys.argv[1:]))"
    )
    run = subprocess.run(
        [str(programs / "python"), "-c", code, *packages],
        check=True,
        capture_output=True,
        text=True,
    )
    return run.stdout.strip()


def _execute(
    command: Command, environment: dict[str, str], folder: Path, given: str | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        env=environment,
        cwd=folder,
        input=given,
        capture_output=True,
        text=True,
        check=False,
    )


# Prowler: this check and the built-in one


def prowler(check: str, name: str) -> Tool:
    """``prowler aws`` with one check, from the environment that this script runs in."""

    def run(aws: EmbeddedAWS, folder: Path) -> Answers:
        program = Path(sys.executable).with_name("prowler")
        command: Command = [
            program,
            "aws",
            "-c",
            check,
            "-M",
            "json-ocsf",
            "-o",
            folder,
            "--no-banner",
        ]
        done = _execute(command, aws.environment(), folder)
        reports = [path for path in folder.glob("*.ocsf.json") if path.stat().st_size]
        findings = json.loads(reports[0].read_text("utf-8")) if reports else []
        return read_prowler(findings, done.returncode)

    return Tool(name, run)


def read_prowler(findings: Iterable[dict[str, Any]], exit_code: int) -> Answers:
    """Prowler's OCSF findings; a finding about no user is about the account."""
    verdicts, account = {}, []
    statuses: dict[str, Status] = {"FAIL": "FAIL", "PASS": "PASS", "MANUAL": "UNKNOWN"}
    for finding in findings:
        name, arn = finding["resources"][0]["name"], finding["resources"][0]["uid"]
        verdict = Verdict(statuses[finding["status_code"]], finding["status_detail"])
        if ":user/" in arn or name == ROOT_USER_NAME:
            verdicts[arn] = verdict
        else:
            account.append(f"{finding['status_code']}: {verdict.says}")
    return Answers(verdicts, " ".join(account) or _silence(verdicts), exit_code)


def _silence(verdicts: Mapping[str, Verdict]) -> str:
    return "" if verdicts else "no findings"


# Cloud Custodian

_FILTERS = {
    "access-key": {"type": "access-key", "key": "Status", "value": "Active"},
    "credential": {"type": "credential", "key": "access_keys.active", "value": True},
}
# The way that its users found: https://github.com/cloud-custodian/cloud-custodian/issues/5583
_TWO_OF_THEM = {"type": "value", "key": 'length("c7n:matched-keys")', "op": "gte", "value": 2}


def custodian(programs: Path, filter_name: str) -> Tool:
    """``custodian run`` with a policy for users two of whose keys match a filter."""
    policy = {
        "name": "two-active-keys",
        "resource": "aws.iam-user",
        "filters": [_FILTERS[filter_name], _TWO_OF_THEM],
    }

    def run(aws: EmbeddedAWS, folder: Path) -> Answers:
        file = folder / "policy.json"
        file.write_text(json.dumps({"policies": [policy]}), "utf-8")
        command: Command = [programs / "custodian", "run", "--cache-period", "0", "-s", "out", file]
        done = _execute(command, aws.environment(), folder)
        listed = folder / "out" / "two-active-keys" / "resources.json"
        if not listed.exists():
            return Answers(account=_last_error(done.stderr), exit_code=done.returncode)
        users = [user.arn for user in aws.iam().users.values()]
        return read_custodian(json.loads(listed.read_text("utf-8")), users, done.returncode)

    return Tool(f"Cloud Custodian, `{filter_name}`", run)


def read_custodian(
    resources: Iterable[dict[str, Any]], users: Iterable[str], exit_code: int = 0
) -> Answers:
    """The users that a policy matched; it has read the others too, and lists none of them."""
    verdicts = {arn: Verdict("PASS", "not in resources.json") for arn in users}
    for user in resources:
        keys = json.dumps(user["c7n:matched-keys"])
        verdicts[user["Arn"]] = Verdict("FAIL", f'"c7n:matched-keys": {keys}')
    return Answers(verdicts, "", exit_code)


def _last_error(text: str) -> str:
    """The line of a traceback that names the exception."""
    lines = [line for line in text.splitlines() if re.match(r"[\w.]+(Error|Exception)\b", line)]
    return lines[-1] if lines else text.strip()[-200:]


# ScoutSuite

_RULE = "iam-user-with-multiple-access-keys"


def scoutsuite(programs: Path) -> Tool:
    """``scout aws --services iam`` with the default rules."""

    def run(aws: EmbeddedAWS, folder: Path) -> Answers:
        command: Command = [programs / "scout", "aws", "--services", "iam", "--no-browser"]
        done = _execute([*command, "--report-dir", "out"], aws.environment(), folder)
        results = list(folder.glob("out/scoutsuite-results/scoutsuite_results_*.js"))
        if not results:
            return Answers(account=_last_error(done.stderr), exit_code=done.returncode)
        # The first line is JavaScript; the rest is JSON.
        report = json.loads(results[0].read_text("utf-8").split("\n", 1)[1])
        return read_scoutsuite(report, done.stdout + done.stderr, done.returncode)

    return Tool("ScoutSuite", run)


def read_scoutsuite(report: dict[str, Any], log: str, exit_code: int) -> Answers:
    """The rule's verdict on each user in a report, and what the log says of keys not listed."""
    iam = report["services"]["iam"]
    flagged = {item.split(".")[2] for item in iam["findings"][_RULE]["items"]}
    verdicts = {}
    for identifier, user in iam["users"].items():
        keys = json.dumps(user.get("AccessKeys", "no AccessKeys"))
        verdicts[user["arn"]] = Verdict("FAIL" if identifier in flagged else "PASS", keys)
    errors = [line.split(" ERROR ", 1)[1] for line in log.splitlines() if " ERROR " in line]
    note = f"{len(errors)} errors in its log, the first: {errors[0]}" if errors else ""
    return Answers(verdicts, note or _silence(verdicts), exit_code)


# CloudSploit

_TO_THE_EMBEDDED_AWS = """\
// The AWS SDK for JavaScript 2 knows no AWS_ENDPOINT_URL, and CloudSploit's agent is for https.
require('https').Agent = require('http').Agent;
require('aws-sdk').config.update({endpoint: process.env.AWS_ENDPOINT_URL});
"""


def cloudsploit(checkout: Path) -> Tool:
    """CloudSploit's command from a checkout in which ``npm install`` was run."""
    checkout = checkout.resolve()
    modules = checkout / "node_modules"
    if not modules.exists():
        raise SystemExit(
            f"Run this first: npm install --omit=dev --ignore-scripts --prefix {checkout}"
        )

    def run(aws: EmbeddedAWS, folder: Path) -> Answers:
        preload = folder / "preload.js"
        preload.write_text(_TO_THE_EMBEDDED_AWS, "utf-8")
        command: Command = ["node", "--require", preload, checkout / "index.js"]
        options = ["--plugin", "accessKeysExtra", "--console", "none", "--json", "out.json"]
        environment = aws.environment(NODE_PATH=str(modules), AWS_REGION=aws.region)
        done = _execute([*command, *options], environment, folder)
        output = folder / "out.json"
        if not output.exists():
            return Answers(account=done.stdout.strip()[-200:], exit_code=done.returncode)
        return read_cloudsploit(json.loads(output.read_text("utf-8")), done.returncode)

    return Tool("CloudSploit", run)


def read_cloudsploit(results: Iterable[dict[str, str]], exit_code: int) -> Answers:
    """CloudSploit's results; one without an ARN is about the account, or about an empty line."""
    statuses: dict[str, Status] = {"OK": "PASS", "FAIL": "FAIL"}
    verdicts, account = {}, []
    for result in results:
        status = statuses.get(result["status"], "UNKNOWN")
        if result["resource"].startswith("arn:"):
            verdicts[result["resource"]] = Verdict(status, result["message"])
        else:
            account.append(f"{result['status']}: {result['message']}")
    note = "" if verdicts else " ".join(account)
    return Answers(verdicts, note, exit_code)


# Steampipe: the control's own SQL, on tables filled as the plugin fills them

_QUERY = re.compile(r'query "iam_user_one_active_key" \{\s*sql = <<-EOQ\n(.*?)EOQ', re.DOTALL)
_RUN_SQL = """\
const {PGlite} = require('@electric-sql/pglite');
(async () => {
  const {sql, users, keys} = JSON.parse(require('fs').readFileSync(0));
  const db = new PGlite();
  await db.exec('create table aws_iam_user(arn text, account_id text, tags jsonb, _ctx jsonb);' +
    'create table aws_iam_access_key(access_key_id text, status text, akas jsonb)');
  for (const arn of users) await db.query('insert into aws_iam_user values ($1)', [arn]);
  for (const key of keys)
    await db.query('insert into aws_iam_access_key values ($1, $2, $3::text::jsonb)', key);
  process.stdout.write(JSON.stringify((await db.query(sql)).rows));
})();
"""


def steampipe_query(mod: Path, modules: Path) -> Tool:
    """The query of a checkout of steampipe-mod-aws-compliance, in a PostgreSQL (PGlite).

    Not Steampipe itself: its plugin is not in the package registries. The two tables get what
    ``aws/table_aws_iam_user.go`` and ``aws/table_aws_iam_access_key.go`` of the plugin put there.
    """
    found = _QUERY.search((mod / "conformance_pack" / "iam.pp").read_text("utf-8"))
    if found is None:
        raise SystemExit(f"{mod} has no query iam_user_one_active_key in conformance_pack/iam.pp")
    # What is left out only adds columns.
    sql = re.sub(r"^\s*\$\{.*\}\s*$", "", found.group(1), flags=re.MULTILINE)

    def run(aws: EmbeddedAWS, folder: Path) -> Answers:
        try:
            given = {"sql": sql, **_steampipe_tables(aws)}
        except ClientError as error:
            return Answers(account=f"the plugin returns the error, so the query fails: {error}")
        program = folder / "run.js"
        program.write_text(_RUN_SQL, "utf-8")
        command: Command = ["node", program]
        environment = aws.environment(NODE_PATH=str(modules))
        done = _execute(command, environment, folder, given=json.dumps(given))
        if done.returncode:
            return Answers(account=f"node failed: {_last_error(done.stderr)}")
        return read_steampipe(json.loads(done.stdout))

    return Tool("Steampipe's query", run, calls_are_its_own=False)


def _steampipe_tables(aws: EmbeddedAWS) -> dict[str, list[Any]]:
    iam = aws.client("iam")
    pages = iam.get_paginator("list_users").paginate()
    users = [user for page in pages for user in page["Users"]]
    keys = []
    for user in users:
        account = user["Arn"].split(":user/")[0]
        for key in iam.list_access_keys(UserName=user["UserName"])["AccessKeyMetadata"]:
            # As getIamAccessKeyAka in table_aws_iam_access_key.go names a key.
            aka = f"{account}:user/{user['UserName']}/accesskey/{key['AccessKeyId']}"
            keys.append([key["AccessKeyId"], key["Status"], json.dumps([aka])])
    return {"users": [user["Arn"] for user in users], "keys": keys}


def read_steampipe(rows: Iterable[dict[str, str]]) -> Answers:
    """The control's rows."""
    statuses: dict[str, Status] = {"ok": "PASS", "alarm": "FAIL"}
    verdicts = {
        row["resource"]: Verdict(statuses.get(row["status"], "UNKNOWN"), row["reason"])
        for row in rows
    }
    return Answers(verdicts, _silence(verdicts))
