"""The parts of the comparison that run no other tool."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from benchmarks.comparison import (
    OURS,
    Outcome,
    Run,
    compare,
    differences,
    outcomes,
    reason,
    root_word,
)
from benchmarks.comparison_account import (
    SITUATIONS,
    Facts,
    Trait,
    changed_since_the_report,
    facts,
    fill,
    small,
)
from benchmarks.comparison_tools import (
    Answers,
    Status,
    Verdict,
    read_cloudsploit,
    read_custodian,
    read_prowler,
    read_scoutsuite,
    read_steampipe,
)
from embedded_aws.aws import EmbeddedAWS

ANN = "arn:aws:iam::123456789012:user/ann"
BEN = "arn:aws:iam::123456789012:user/ben"
ROOT = "arn:aws:iam::123456789012:root"
PASSES, FAILS, DELETED = (Facts(fails, frozenset()) for fails in (False, True, None))


def says(status: Status) -> Verdict:
    return Verdict(status, "")


def statuses(answers: Answers) -> dict[str, str]:
    return {arn: verdict.status for arn, verdict in answers.verdicts.items()}


@pytest.mark.parametrize(
    ("verdict", "truth", "outcome"),
    [
        (says("FAIL"), FAILS, Outcome.RIGHT),
        (says("PASS"), PASSES, Outcome.RIGHT),
        (says("PASS"), FAILS, Outcome.MISSED),
        (says("FAIL"), PASSES, Outcome.FALSE_ALARM),
        (says("UNKNOWN"), FAILS, Outcome.UNKNOWN),
        (says("PASS"), DELETED, Outcome.GONE),
    ],
)
def test_a_verdict_is_held_against_the_truth(
    verdict: Verdict, truth: Facts, outcome: Outcome
) -> None:
    assert compare({ANN: verdict}, {ANN: truth}) == {ANN: outcome}


def test_a_user_of_whom_nothing_is_said_counts_unless_it_was_deleted() -> None:
    assert compare({}, {ANN: PASSES, BEN: DELETED}) == {ANN: Outcome.SILENT}


def test_the_root_user_is_told_apart_from_nothing_said() -> None:
    assert root_word(Answers({ROOT: says("FAIL")}), fails=True) == "right"
    assert root_word(Answers({ROOT: says("PASS")}), fails=True) == "missed"
    assert root_word(Answers({ANN: says("FAIL")}), fails=True) == "nothing said"


def test_a_difference_without_a_known_reason_is_called_unexplained() -> None:
    denied = Facts(True, frozenset({Trait.DENIED}))
    assert reason(OURS, Outcome.MISSED, FAILS) == "unexplained"
    assert "names the call" in reason(OURS, Outcome.UNKNOWN, denied)
    assert "list of users ends" in reason("ScoutSuite", Outcome.SILENT, FAILS)


def test_differences_are_grouped_by_reason_and_counted() -> None:
    denied = frozenset({Trait.DENIED})
    truth = {ANN: Facts(True, denied), BEN: Facts(False, denied)}
    answers = Answers({ANN: says("UNKNOWN"), BEN: says("UNKNOWN")})
    run = Run(OURS, answers, 7, 1.0, compare(answers.verdicts, truth), "right")
    *_, row = differences([run], truth).splitlines()
    assert row.startswith("| this check | says it does not know | 2 | 1 | ListAccessKeys denied:")
    assert row.endswith("| `/ann`, `/ben` |")
    assert outcomes([run]).splitlines()[-1] == "| this check | | | | 2 | | | right | 7 |"


def test_prowlers_finding_about_the_account_is_not_one_about_the_root_user() -> None:
    def finding(name: str, arn: str, status: str) -> dict[str, object]:
        resource = {"name": name, "uid": arn}
        return {"resources": [resource], "status_code": status, "status_detail": "words"}

    found = [
        finding("<root_account>", ROOT, "PASS"),
        finding("123456789012", ROOT, "MANUAL"),
        finding("ann", ANN, "FAIL"),
    ]
    answers = read_prowler(found, 3)
    assert statuses(answers) == {ROOT: "PASS", ANN: "FAIL"}
    assert answers.account == "MANUAL: words"
    assert read_prowler([], 0).account == "no findings"


def test_custodian_passes_those_whom_it_does_not_list() -> None:
    answers = read_custodian([{"Arn": ANN, "c7n:matched-keys": []}], [ANN, BEN])
    assert statuses(answers) == {ANN: "FAIL", BEN: "PASS"}


def test_scoutsuite_names_flagged_users_by_their_id() -> None:
    users = {"AIDA1": {"arn": ANN, "AccessKeys": []}, "AIDA2": {"arn": BEN}}
    rule = {"items": ["iam.users.AIDA1.multiple_api_keys"]}
    findings = {"iam-user-with-multiple-access-keys": rule}
    report = {"services": {"iam": {"users": users, "findings": findings}}}
    log = "2026-11-24 12:00:00 host scout[7] ERROR iam.py L182: Failed to list access keys"
    answers = read_scoutsuite(report, log, 200)
    assert statuses(answers) == {ANN: "FAIL", BEN: "PASS"}
    assert answers.account.endswith("the first: iam.py L182: Failed to list access keys")


def test_a_result_of_cloudsploit_without_an_arn_is_about_no_user() -> None:
    garbled = {"resource": '15"', "status": "OK", "message": ""}
    user = {"resource": ANN, "status": "FAIL", "message": "User is using both access keys"}
    assert statuses(read_cloudsploit([garbled, user], 0)) == {ANN: "FAIL"}
    failed = {"resource": "N/A", "status": "UNKNOWN", "message": "Unable to query"}
    assert read_cloudsploit([failed], 0).account == "UNKNOWN: Unable to query"


def test_steampipes_rows_are_verdicts() -> None:
    rows = [{"resource": ANN, "status": "alarm", "reason": "has 2 active access key(s)."}]
    assert statuses(read_steampipe(rows)) == {ANN: "FAIL"}


class TestTheAccount:
    @pytest.fixture
    def aws(self) -> Iterator[EmbeddedAWS]:
        with EmbeddedAWS() as aws:
            yield aws

    def test_is_the_same_every_time(self, aws: EmbeddedAWS) -> None:
        fill(aws, users=60)
        first = facts(aws, {})
        fill(aws, users=60)
        assert facts(aws, {}) == first
        assert len(first) == 60
        assert {known.fails for known in first.values()} == {True, False}

    def test_changes_after_the_report_are_in_the_truth_and_not_in_the_report(
        self, aws: EmbeddedAWS
    ) -> None:
        fill(aws)
        truth = facts(aws, changed_since_the_report(aws))
        fails = {trait: {f.fails for f in truth.values() if trait in f.traits} for trait in Trait}
        assert fails[Trait.SECOND_KEY_SINCE] == {True}
        assert fails[Trait.DEACTIVATED_SINCE] == {False}
        assert fails[Trait.MADE_SINCE] == {True}
        assert fails[Trait.DELETED_SINCE] == {None}
        report = aws.client("iam").get_credential_report()
        assert b"newcomer" not in report["Content"]

    def test_the_small_one_has_one_user_and_root_keys(self, aws: EmbeddedAWS) -> None:
        small(aws)
        assert [known.fails for known in facts(aws, {}).values()] == [True]
        assert aws.behaviour.root_keys_active == (True, True)

    def test_every_situation_has_a_letter_of_its_own(self) -> None:
        letters = [situation.name[0] for situation in SITUATIONS]
        assert letters == list("abcdefgh")
