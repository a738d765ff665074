"""The check beside other tools' checks for the same thing, on the same embedded AWS.

Prints Markdown: for each situation what each tool got right and wrong, with the users and the
reason. ``docs/comparison.md`` explains it. The other tools are installed from PyPI into
``.comparison/``, each into an environment of its own; two more are run from checkouts:

    git clone https://github.com/aquasecurity/cloudsploit
    npm install --omit=dev --ignore-scripts --prefix cloudsploit
    git clone https://github.com/turbot/steampipe-mod-aws-compliance
    python -m benchmarks.comparison --cloudsploit cloudsploit \
        --steampipe-mod steampipe-mod-aws-compliance

These two need Node.js 18 or later.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from enum import Enum
from pathlib import Path

from embedded_aws.aws import EmbeddedAWS

from .comparison_account import SITUATIONS, USERS, Facts, Situation, Trait, facts, fill, root_fails
from .comparison_tools import (
    CUSTODIAN,
    PGLITE,
    SCOUTSUITE,
    Answers,
    Tool,
    Verdict,
    cloudsploit,
    custodian,
    installed_versions,
    node_package,
    prowler,
    python_environment,
    scoutsuite,
    steampipe_query,
)
from .iam_reading import iam_calls
from .tables import table

OURS = "this check"
BUILT_IN = "Prowler's own"
EXAMPLES = 2


class Outcome(Enum):
    """How what a tool says of a user compares with the truth; the value heads a column."""

    RIGHT = "right"
    MISSED = "missed"
    FALSE_ALARM = "false alarm"
    UNKNOWN = "says it does not know"
    SILENT = "says nothing"
    GONE = "speaks of a deleted user"


_STALE: dict[Trait | Outcome, str] = dict.fromkeys(
    (Trait.SECOND_KEY_SINCE, Trait.DEACTIVATED_SINCE, Trait.MADE_SINCE, Trait.DELETED_SINCE),
    "judged by the credential report, three hours old",
)
# Why a tool differs about users with a trait, or with an outcome, as its source says; the first
# that applies counts.
REASONS: dict[str, Mapping[Trait | Outcome, str]] = {
    OURS: {Trait.DENIED: "the finding names the call and the error"},
    BUILT_IN: _STALE,
    "Cloud Custodian, `credential`": _STALE,
    "ScoutSuite": {
        Trait.DENIED: "a failed call leaves a user without keys in its data",
        Outcome.SILENT: "its list of users ends at the first whose tags could not be read",
    },
    "CloudSploit": {
        **_STALE,
        Trait.COMMA: "splits the report at commas, so the name and all after it is garbled",
    },
    "Steampipe's query": {
        Trait.PATH: "looks for the user's ARN in the key's, which lacks the path",
        Trait.BEGINS_ANOTHER: "the other user's key has this user's ARN in it",
        Trait.ONLY_INACTIVE: "a user with inactive keys only drops out of the join",
    },
}


@dataclass(frozen=True)
class Run:
    """A tool's run in a situation, and what came of it."""

    tool: str
    answers: Answers
    calls: int
    """IAM calls; 0 if they were not the tool's own."""
    seconds: float
    outcomes: Mapping[str, Outcome]
    """By the user's ARN."""
    root: str
    """What it says of the root user."""


def main() -> None:
    """Run all tools in all situations and print what came of it."""
    given = _arguments()
    tools = _tools(given)
    print(
        f"Date: {datetime.now(timezone.utc):%Y-%m-%d}. {USERS} users, but in situations f and g.\n"
    )
    with EmbeddedAWS() as aws:
        for situation in SITUATIONS:
            if given.only and situation.name[0] not in given.only:
                continue
            truth, runs = _try_all(aws, situation, tools)
            print(f"\n### {situation.name}\n\n{outcomes(runs)}\n")
            for line in [*notes(runs), "", differences(runs, truth)]:
                print(line)
            if situation is SITUATIONS[0]:
                print(f"\n### What each says of one user\n\n{words(runs, truth)}")
            sys.stdout.flush()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.comparison",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--python-for-scoutsuite", default=sys.executable, help="its requirements are of 2024"
    )
    parser.add_argument("--cloudsploit", type=Path, help="a checkout, npm install done")
    parser.add_argument("--steampipe-mod", type=Path, help="a checkout")
    parser.add_argument("--only", help="letters of situations, as in: --only ab")
    return parser.parse_args()


def _tools(given: argparse.Namespace) -> list[Tool]:
    of_custodian = python_environment(CUSTODIAN, sys.executable)
    of_scoutsuite = python_environment(SCOUTSUITE, given.python_for_scoutsuite)
    here = Path(sys.executable).parent
    print("Versions: " + installed_versions(here, "prowler", "prowler-access-keys", "moto"))
    print("; " + installed_versions(of_custodian, "c7n", "botocore"))
    print("; " + installed_versions(of_scoutsuite, "ScoutSuite", "botocore") + ".")
    tools = [
        prowler("iam_user_multiple_active_keys", OURS),
        prowler("iam_user_two_active_access_key", BUILT_IN),
        custodian(of_custodian, "access-key"),
        custodian(of_custodian, "credential"),
        scoutsuite(of_scoutsuite),
    ]
    if given.cloudsploit:
        tools.append(cloudsploit(given.cloudsploit))
    if given.steampipe_mod:
        tools.append(steampipe_query(given.steampipe_mod, node_package(PGLITE)))
    return tools


def _try_all(
    aws: EmbeddedAWS, situation: Situation, tools: Iterable[Tool]
) -> tuple[dict[str, Facts], list[Run]]:
    """Bring the situation about anew for each tool, and run it."""
    runs, truth = [], {}
    for tool in tools:
        fill(aws)
        truth = facts(aws, situation.prepare(aws))
        aws.calls.clear()
        started = time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            answers = tool.run(aws, Path(folder))
        seconds = time.monotonic() - started
        calls = iam_calls(aws) if tool.calls_are_its_own else 0
        root = root_word(answers, root_fails(aws))
        runs.append(Run(tool.name, answers, calls, seconds, compare(answers.verdicts, truth), root))
        print(f"{situation.name}: {tool.name}: {seconds:.0f} s", file=sys.stderr, flush=True)
    return truth, runs


# Comparing


def compare(verdicts: Mapping[str, Verdict], truth: Mapping[str, Facts]) -> dict[str, Outcome]:
    """The outcome for each user; a deleted user of whom nothing is said has none."""
    outcomes = {arn: _outcome(verdicts.get(arn), known.fails) for arn, known in truth.items()}
    return {arn: outcome for arn, outcome in outcomes.items() if outcome}


def _outcome(verdict: Verdict | None, fails: bool | None) -> Outcome | None:
    if fails is None:
        return Outcome.GONE if verdict else None
    if verdict is None:
        return Outcome.SILENT
    if verdict.status == "UNKNOWN":
        return Outcome.UNKNOWN
    if (verdict.status == "FAIL") == fails:
        return Outcome.RIGHT
    return Outcome.MISSED if fails else Outcome.FALSE_ALARM


def root_word(answers: Answers, fails: bool) -> str:
    """What a tool says of the root user, as a word for the table."""
    for arn, verdict in answers.verdicts.items():
        if arn.endswith(":root"):
            outcome = _outcome(verdict, fails)
            return outcome.value if outcome else ""
    return "nothing said"


def reason(tool: str, outcome: Outcome, known: Facts) -> str:
    """Why a tool's verdict on a user differs; ``unexplained`` if no known reason applies."""
    for key, why in REASONS.get(tool, {}).items():
        if key in known.traits:
            return f"{key.value}: {why}"
        if key is outcome:
            return why
    return "unexplained"


# Tables


def outcomes(runs: Iterable[Run]) -> str:
    """One row for each tool: how many users ended in each outcome, the root user, IAM calls."""
    columns = ("tool", *(outcome.value for outcome in Outcome), "root user", "IAM calls")
    rows = []
    for run in runs:
        counts = [sum(found is outcome for found in run.outcomes.values()) for outcome in Outcome]
        cells = (f"{count:,}" if count else "" for count in counts)
        calls = f"{run.calls:,}" if run.calls else "-"
        rows.append((run.tool, *cells, run.root, calls))
    return table(columns, rows, words=("tool", "root user"))


def notes(runs: Iterable[Run]) -> list[str]:
    """What tools say of the account as a whole, and how their processes ended."""
    return [
        f"- {run.tool} ({_ended(run.answers.exit_code)}): {run.answers.account}"
        for run in runs
        if run.answers.account
    ]


def _ended(exit_code: int | None) -> str:
    return "not run" if exit_code is None else f"exit code {exit_code}"


def differences(runs: Iterable[Run], truth: Mapping[str, Facts]) -> str:
    """All users about whom a tool is not right, by tool, outcome and reason."""
    groups: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    for run in runs:
        for arn, outcome in run.outcomes.items():
            if outcome is Outcome.RIGHT:
                continue
            whole = not run.answers.verdicts
            why = "see above" if whole else reason(run.tool, outcome, truth[arn])
            groups[run.tool, outcome.value, why].append(arn)
    if not groups:
        return "No differences."
    columns = ("tool", "what", "users", "two active keys", "why", "for example")
    rows = []
    for (tool, what, why), arns in groups.items():
        failing = sum(bool(truth[arn].fails) for arn in arns)
        rows.append((tool, what, f"{len(arns)}", f"{failing}", why, _examples(sorted(arns))))
    return table(columns, rows, words=("tool", "what", "why", "for example"))


def _examples(arns: Sequence[str]) -> str:
    return ", ".join(f"`{arn.split(':user', 1)[1]}`" for arn in arns[:EXAMPLES])


def words(runs: Iterable[Run], truth: Mapping[str, Facts]) -> str:
    """What each tool says of the first user that fails and has nothing special about it."""
    arn = next(arn for arn, known in truth.items() if known.fails and not known.traits)
    lines = [f"`{arn}`:\n"]
    for run in runs:
        verdict = run.answers.verdicts.get(arn)
        says = f"{verdict.status}\n{verdict.says}" if verdict else "nothing"
        lines.append(f"{run.tool}:\n\n```text\n{says}\n```\n")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
