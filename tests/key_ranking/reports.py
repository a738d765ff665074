"""Reports as Prowler writes them, with what the ranking reads of them, for tests without a scan."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from prowler_access_keys.ranking.entries.entry import Entry
from prowler_access_keys.ranking.entries.ranking import rank
from prowler_access_keys.ranking.findings.collected import Collected, collect

ACCOUNT = "123456789012"
TODAY = 1_795_600_000
YESTERDAY = TODAY - 86_400
NOW = datetime.fromtimestamp(TODAY + 3600, timezone.utc)
SHORT = {
    "multiple": "iam_user_multiple_active_keys",
    "unused": "iam_user_unused_active_keys",
    "unrotated": "iam_user_unrotated_active_keys",
    "inactive": "iam_user_inactive_keys_not_deleted",
    "administrator": "iam_user_administrator_active_keys",
    "quarantined": "iam_user_quarantined_active_keys",
    "api": "iam_user_long_term_api_keys",
    "decoy": "iam_user_decoy_access_keys_used",
    "made-for": "iam_user_made_for_api_key_other_credentials",
    "root": "iam_root_user_active_keys",
}


def key(number: int, age: int, **facts: Any) -> dict[str, Any]:
    """A key as the data of a finding has it."""
    return {"access_key_id": f"AKIA{number:016}", "age_days": age, **facts}


def finding(
    check: str,
    user: str,
    status: str = "FAIL",
    /,
    *,
    muted: bool = False,
    account: str = ACCOUNT,
    name: str = "payments",
    time: int = TODAY,
    **facts: Any,
) -> dict[str, Any]:
    """A finding as Prowler's OCSF report has it."""
    check_id = SHORT.get(check, check)
    arn = f"arn:aws:iam::{account}:{'root' if user.startswith('<') else f'user/{user}'}"
    return {
        "class_uid": 2004,
        "metadata": {"event_code": check_id},
        "status": "Suppressed" if muted else "New",
        "status_code": status,
        "finding_info": {"uid": f"prowler-aws-{check_id}-{account}-us-east-1-{user}"},
        "time": time,
        "cloud": {"account": {"uid": account, "name": name}, "org": {"ou_name": "Production"}},
        "resources": [
            {"name": user, "uid": arn, "data": {"metadata": {"name": user, "arn": arn, **facts}}}
        ],
    }


def write(path: Path, findings: Iterable[Mapping[str, Any]]) -> Path:
    """Write a report as Prowler does."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"[{','.join(json.dumps(member, indent=4) for member in findings)}]")
    return path


def collected(folder: Path, *findings: Mapping[str, Any]) -> Collected:
    """What one report with these findings says."""
    return collect([write(folder / "prowler-output-1.ocsf.json", findings)], NOW)


def ranked(folder: Path, *findings: Mapping[str, Any]) -> tuple[Entry, ...]:
    """The ranking of one report with these findings."""
    return rank(collected(folder, *findings), NOW)
