"""In a live framework, a requirement about IAM users has no row about the root user.

The compliance column of that finding names no such requirement either. But Prowler gives a
requirement all findings of its checks, so the functions that go through a framework's findings are
wrapped, in runs that have a live framework. Can go when a requirement can choose among findings.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from pkgutil import resolve_name
from typing import Any

from .facts import ROOT_USER_NAME

_OUTPUTS = "prowler.lib.outputs.compliance"
WRAPPED = (
    (f"{_OUTPUTS}.compliance", "get_universal_table"),
    (f"{_OUTPUTS}.universal.universal_output:UniversalComplianceOutput", "_transform"),
    (f"{_OUTPUTS}.universal.ocsf_compliance:OCSFComplianceOutput", "_transform"),
)
"""Each takes a list of findings, and a framework third or as ``framework``."""


@functools.cache
def leave_out_root(check: str) -> None:
    """Leave this check's finding about the root user out of requirements about IAM users.

    Does nothing without a live framework. The row stays if Prowler lacks one of the functions.
    """
    live = sys.modules.get("prowler_access_keys.compliance.live")
    if live and any(Path(live.__path__[0]).glob("*.json")):
        for place, name in WRAPPED:
            with suppress(ImportError, AttributeError):
                owner = resolve_name(place)
                setattr(owner, name, _about_users(getattr(owner, name), check))


def _about_users(function: Callable[..., Any], check: str) -> Callable[..., Any]:
    def is_about_root(finding: Any) -> bool:
        """Whether a finding of the run, or one of its reports, is the check's about root."""
        metadata = getattr(finding, "check_metadata", None) or finding.metadata
        name = getattr(finding, "resource_id", None) or finding.resource_name
        return (metadata.CheckID, name) == (check, ROOT_USER_NAME)

    @functools.wraps(function)
    def wrapped(*arguments: Any, **named: Any) -> Any:
        framework = named["framework"] if "framework" in named else arguments[2]
        requirements = framework.requirements if framework else ()
        measured = [each for each in requirements if check in each.checks.get("aws", ())]
        if measured and all("IAM user" in requirement.description for requirement in measured):
            arguments = tuple(
                [each for each in value if not is_about_root(each)]
                if isinstance(value, list)
                else value
                for value in arguments
            )
        return function(*arguments, **named)

    return wrapped
