"""A Markdown and a CSV file for each owner, with that owner's keys only."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

from .files import write_rows
from .history import History
from .printing import printable
from .promise import Promise, due
from .ranking import Entry
from .whole_file import whole_file

COLUMNS = (
    "access_key_id", "user", "account", "account_name", "age_days", "first_failed", "act_by",
    "last_used_date", "last_used_service", "usage", "origin", "checks", "advice", "command", "undo",
)  # fmt: skip


class NotEmptyError(Exception):
    """A folder for owners' files that has files already: those of another run would stay."""


def owner_of(entry: Entry) -> tuple[str, str]:
    """Who must act, and how that is known: the tag, else who made the key, else the account."""
    if entry.owner:
        return "owner", entry.owner
    if entry.creator:
        return "created by", entry.creator
    return "account", entry.account_name or entry.account


def write_owners(
    entries: Sequence[Entry],
    histories: Mapping[str, History],
    promise: Promise,
    directory: Path,
    now: datetime,
) -> Path:
    """Write the files to a folder that is new or empty; ``now`` is UTC. Returns their index.

    Raises OSError and NotEmptyError.
    """
    directory.mkdir(parents=True, exist_ok=True)
    if any(directory.iterdir()):
        raise NotEmptyError(f"{directory} is not empty: give --owners a new folder")
    by_owner: dict[tuple[str, str], list[Entry]] = {}
    for entry in entries:
        if entry.is_to_act_on:
            by_owner.setdefault(owner_of(entry), []).append(entry)
    index = []
    for (kind, owner), keys in by_owner.items():
        name = _file_name(kind, owner)
        rows = [_row(entry, histories, promise) for entry in keys]
        with whole_file(directory / f"{name}.md") as file:
            file.write(_markdown(kind, owner, keys, rows, now).encode("utf-8", "replace"))
        cells = ([row[column] for column in COLUMNS] for row in rows)
        write_rows(COLUMNS, cells, directory / f"{name}.csv")
        index.append((kind, owner, len(keys), f"{name}.md", f"{name}.csv"))
    columns = ("kind", "owner", "keys", "markdown", "csv")
    write_rows(columns, index, directory / "owners.csv")
    return directory / "owners.csv"


def _file_name(kind: str, owner: str) -> str:
    """A name that differs between owners, whatever they are called, and is no path."""
    digest = hashlib.sha256(f"{kind}\n{owner}".encode("utf-8", "replace")).hexdigest()
    slug = re.sub(r"[^a-z0-9]+", "-", owner.lower()).strip("-")[:40].strip("-")
    return f"{slug or 'owner'}-{digest[:12]}"


def _row(entry: Entry, histories: Mapping[str, History], promise: Promise) -> dict[str, object]:
    history = histories.get(entry.access_key_id or entry.arn)
    dates = due(history.events[0][0], entry.checks, promise) if history else None
    row = {name: getattr(entry, name, "") for name in COLUMNS}
    first, by = dates or ("", "")
    return {**row, "checks": " ".join(entry.checks), "first_failed": first, "act_by": by}


def _markdown(
    kind: str,
    owner: str,
    keys: Sequence[Entry],
    rows: Sequence[Mapping[str, object]],
    now: datetime,
) -> str:
    lines = [
        f"# Access keys: {kind} {code(owner)}", "",
        f"{len(keys)} to act on, as of {now:%Y-%m-%d %H:%M} UTC. The most urgent first.", "",
    ]  # fmt: skip
    for entry, row in zip(keys, rows, strict=True):
        account = " ".join(map(code, filter(None, (entry.account_name, entry.account))))
        key = code(entry.access_key_id) if entry.access_key_id else "Keys"
        used = "no use recorded"
        if entry.last_used_date:
            used = f"last used {entry.last_used_date[:10]} by {entry.last_used_service}"
        age = f"{entry.age_days} days old, " if entry.age_days is not None else ""
        lines += [
            f"## {key} of user {code(entry.user)}", "",
            f"- Account: {account}",
            f"- What it is: {plain(age + used)}"
            + (", **administrator**" if entry.administrator else "")
            + (", **quarantined by AWS**" if entry.quarantined else ""),
            f"- Fails: {', '.join(map(code, entry.checks))}",
        ]  # fmt: skip
        lines += [f"- {plain(words)}" for words in (entry.usage, entry.origin) if words]
        by = f" By {row['act_by']}." if row["act_by"] else ""
        lines.append(f"- What to do: {plain(entry.advice)}{by}")
        lines += [f"- The command: {code(entry.command)}"] if entry.command else []
        lines += [f"- To undo it: {code(entry.undo)}"] if entry.undo else []
        lines.append("")
    return "\n".join(lines)


def plain(text: str) -> str:
    """Other people's words as Markdown that is only text: no link, no picture, no mention."""
    escaped = re.sub(r"([\\`*_\[\]<>&#|!~$])|(?<=:)(//)|(?<=www)(\.)", r"\\\g<0>", printable(text))
    return escaped.replace("@", "&#64;\u2060")


def code(text: str) -> str:
    """The same as code."""
    text = printable(text)
    fence = "`" * (max(map(len, re.findall("`+", text)), default=0) + 1)
    space = " " if text[:1] == "`" or text[-1:] == "`" else ""
    return f"{fence}{space}{text}{space}{fence}"
