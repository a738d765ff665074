"""The metadata file, by Prowler's own model and by what a reader needs."""

from __future__ import annotations

import json
from pathlib import Path

from prowler.lib.check.models import CheckMetadata, load_check_metadata

from .scanning import CHECK, SOURCE_LINKS

FILE = Path(__file__).parents[1] / "checks" / CHECK / f"{CHECK}.metadata.json"


def test_prowler_takes_the_metadata() -> None:
    metadata = load_check_metadata(str(FILE))
    assert metadata.CheckID == CHECK
    assert metadata.Severity == "medium"


def test_it_has_every_field_that_prowler_knows_and_no_other() -> None:
    optional = {"Compliance", "CheckAliases"}
    assert json.loads(FILE.read_text("utf-8")).keys() == set(CheckMetadata.__fields__) - optional


def test_related_checks_are_checks_of_prowler() -> None:
    related = load_check_metadata(str(FILE)).RelatedTo
    known = CheckMetadata.get_bulk("aws")
    assert related
    assert [check for check in related if check not in known] == []


def test_its_links_are_those_of_the_source_document_under_https() -> None:
    metadata = load_check_metadata(str(FILE))
    assert tuple(metadata.AdditionalURLs) == SOURCE_LINKS
    assert "http://" not in FILE.read_text("utf-8")
