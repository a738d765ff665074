"""What is done to a report and to a terminal's output before they are photographed."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest
from prowler.lib.outputs.html.html import HTML

from scripts.pictures import (
    COMPLIANCE_SCAN,
    FIRST_SCAN,
    ORGANIZATION_SCAN,
    PACKAGED,
    as_html,
    compliance_table,
    findings,
    localize,
)

from .pages import commands


def test_colours_and_bold_print_become_html_and_markup_is_escaped() -> None:
    assert as_html("<\x1b[31mFAIL\x1b[0m \x1b[1mbold\x1b[0m>") == (
        '&lt;<span style="color: #f14c4c">FAIL</span><span style=""> </span>'
        '<span style="font-weight: bold">bold</span><span style="">&gt;</span>'
    )


def test_the_compliance_table_comes_without_the_names_of_files() -> None:
    table = "Compliance Status of X Framework:\ntable"
    before, after = (
        "Detailed results are in:\n - CSV\n",
        "\n\nDetailed results of X are in:\n - CSV",
    )
    assert compliance_table(before + table + after) == table


def test_all_that_the_report_takes_from_the_internet_has_a_package() -> None:
    source = inspect.getsource(HTML.write_header) + inspect.getsource(HTML.write_footer)
    taken = re.findall(r'(?:href|src)="(https://[^"]+\.(?:css|js))"', source)
    assert sorted(taken) == sorted(PACKAGED)


def test_a_localized_report_takes_nothing_from_the_internet(tmp_path: Path) -> None:
    report = tmp_path / "report.html"
    report.write_text(
        "".join(
            f'<link rel="stylesheet"\n href="{url}"\n integrity="x" />'
            if url.endswith(".css")
            else f'<script src="{url}"\n integrity="x"></script>'
            for url in PACKAGED
        )
        + "<img src=https://example.com/prowler-logo-black.png\n alt=x>",
        "utf-8",
    )
    localize(report, tmp_path)
    text = report.read_text("utf-8")
    assert "https://" not in text
    assert text.count("<script") == text.count("</script>")


@pytest.mark.parametrize("scan", [FIRST_SCAN, COMPLIANCE_SCAN, ORGANIZATION_SCAN], ids=" ".join)
def test_a_scan_that_is_pictured_is_a_command_of_the_pages(scan: tuple[str, ...]) -> None:
    assert " ".join(scan) in commands()


def test_the_findings_come_without_the_account_and_the_names_of_files() -> None:
    found = "Check ID: x\n\tFAIL y\n\nOverview Results:\ntable"
    before, after = (
        "-> Using the AWS credentials below:\n\n",
        "\n\nDetailed results are in:\n - CSV",
    )
    assert findings(before + found + after) == found
