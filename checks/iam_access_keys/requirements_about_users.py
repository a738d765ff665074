"""In a live framework, a requirement about IAM users has no row about the root user.

The compliance column of that finding does not name such a requirement either. But Prowler gives a
requirement every finding of its checks, and a framework cannot say which to leave out. So the three
functions that go through a framework's findings are wrapped, in runs that have a live framework.
Can go when a requirement can choose among a check's findings.
"""

from __future__ import annotations

import functools
import importlib
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from .facts import ROOT_USER_NAME

_OUTPUTS = "prowler.lib.outputs.compliance"
WRAPPED = (
    (f"{_OUTPUTS}.compliance", "get_universal_table"),
    (f"{_OUTPUTS}.universal.universal_output", "UniversalComplianceOutput._transform"),
    (f"{_OUTPUTS}.universal.ocsf_compliance", "OCSFComplianceOutput._transform"),
)
"""Each takes a list of findings, and a framework third or as ``framework``."""


@functools.cache
def leave_out_root(check: str) -> None:
    """Leave this check's finding about the root user out of requirements about IAM users.

    Does nothing without a live framework. The row stays if Prowler lacks one of the functions.
    """
    live = sys.modules.get("prowler_access_keys.compliance.live")
    if live is None or not Path(live.__path__[0]).is_dir():
        return
    for module, name in WRAPPED:
        with suppress(ImportError, AttributeError):
            owner: Any = importlib.import_module(module)
            *path, function = name.split(".")
            for attribute in path:
                owner = getattr(owner, attribute)
            setattr(owner, function, _about_users(getattr(owner, function), check))


def _about_users(function: Callable[..., Any], check: str) -> Callable[..., Any]:
    @functools.wraps(function)
    def wrapped(*arguments: Any, **named: Any) -> Any:
        framework = named["framework"] if "framework" in named else arguments[2]
        if framework is not None and _is_about_users(framework, check):
            arguments = tuple(
                [each for each in value if not _is_about_root(each, check)]
                if isinstance(value, list)
                else value
                for value in arguments
            )
        return function(*arguments, **named)

    return wrapped


def _is_about_users(framework: Any, check: str) -> bool:
    """Whether all requirements with the check are about IAM users, by their descriptions."""
    requirements = (each for each in framework.requirements if check in each.checks.get("aws", ()))
    texts = [requirement.description for requirement in requirements]
    return bool(texts) and all("IAM user" in text for text in texts)


def _is_about_root(finding: Any, check: str) -> bool:
    """Whether a finding of the run, or of its reports, is this check's about the root user."""
    if hasattr(finding, "check_metadata"):
        return (finding.check_metadata.CheckID, finding.resource_id) == (check, ROOT_USER_NAME)
    return (finding.check_id, finding.resource_name) == (check, ROOT_USER_NAME)
