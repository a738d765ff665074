"""The metadata files of all checks, by Prowler's own model and by what a reader needs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from prowler.lib.check.models import CheckMetadata, load_check_metadata

from .scanning import CHECK, SOURCE_LINKS

FILES = {
    file.parent.name: file
    for file in sorted((Path(__file__).parents[1] / "checks").glob("*/*.metadata.json"))
}
SEVERITIES = {
    CHECK: "medium",
    "iam_root_user_active_keys": "critical",
    "iam_user_active_keys_without_owner": "low",
    "iam_user_administrator_active_keys": "critical",
    "iam_user_console_password_and_active_keys": "medium",
    "iam_user_decoy_access_keys_used": "critical",
    "iam_user_inactive_keys_not_deleted": "low",
    "iam_user_long_term_api_keys": "critical",
    "iam_user_made_for_api_key_other_credentials": "critical",
    "iam_user_quarantined_active_keys": "critical",
    "iam_user_unrotated_active_keys": "medium",
    "iam_user_unused_active_keys": "medium",
    "iam_users_access_key_exceptions": "medium",
}
FROM_THE_SOURCE = (
    CHECK,
    "iam_user_console_password_and_active_keys",
    "iam_user_inactive_keys_not_deleted",
    "iam_user_unrotated_active_keys",
    "iam_user_unused_active_keys",
)
"""The checks about what the source document speaks of. Their links begin with the document's."""

each_check = pytest.mark.parametrize("check", FILES)


def test_each_check_has_a_severity_in_the_table() -> None:
    assert FILES.keys() == SEVERITIES.keys()


@each_check
def test_prowler_takes_the_metadata(check: str) -> None:
    metadata = load_check_metadata(str(FILES[check]))
    assert metadata.CheckID == check
    assert FILES[check].name == f"{check}.metadata.json"
    assert metadata.Severity == SEVERITIES[check]


@each_check
def test_it_has_every_field_that_prowler_knows_and_no_other(check: str) -> None:
    optional = {"Compliance", "CheckAliases"}
    fields = json.loads(FILES[check].read_text("utf-8")).keys()
    assert fields == set(CheckMetadata.__fields__) - optional


@each_check
def test_related_checks_are_checks_of_prowler(check: str, known_checks: frozenset[str]) -> None:
    related = load_check_metadata(str(FILES[check])).RelatedTo
    assert related
    assert [name for name in related if name not in known_checks] == []


@each_check
def test_it_is_not_of_a_category_that_prowler_leaves_out_of_scans(check: str) -> None:
    assert "threat-detection" not in load_check_metadata(str(FILES[check])).Categories


@each_check
def test_its_links_use_https(check: str) -> None:
    assert load_check_metadata(str(FILES[check])).AdditionalURLs
    assert "http://" not in FILES[check].read_text("utf-8")


@pytest.mark.parametrize("check", FROM_THE_SOURCE)
def test_its_links_begin_with_those_of_the_source_document(check: str) -> None:
    links = load_check_metadata(str(FILES[check])).AdditionalURLs
    assert tuple(links[: len(SOURCE_LINKS)]) == SOURCE_LINKS
