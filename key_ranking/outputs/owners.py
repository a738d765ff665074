"""A Markdown and a CSV file for each owner, with that owner's keys only."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from errno import EEXIST
from pathlib import Path

from ..entries.entry import Entry
from ..over_time.history import History, date_of
from ..over_time.promise import Promise, due
from ..whole_file import whole_file
from .files import COLUMNS, row_of, write_rows
from .printing import printable


def owner_of(entry: Entry) -> tuple[str, str]:
    """Who must act, and how that is known: the tag, else who made the key, else the account.

    Accounts may share a name, and each may have a user of the same name: only the ID differs.
    """
    account = f"{entry.account_name} {entry.account}".strip()
    if entry.owner:
        return "owner", entry.owner
    if entry.creator:
        return "created by", f"{entry.creator} in {account}"
    return "account", account


def write_owners(
    entries: Sequence[Entry],
    histories: Mapping[str, History],
    promise: Promise,
    directory: Path,
    now: datetime,
) -> Path:
    """Write the files to a folder that is new or empty; ``now`` is UTC. Returns their index.

    Raises OSError.
    """
    directory.mkdir(parents=True, exist_ok=True)
    if any(directory.iterdir()):
        # Files of another run would stay, and be sent again.
        raise FileExistsError(EEXIST, "not empty: give --owners a new folder", f"{directory}")
    by_owner: dict[tuple[str, str], list[tuple[Entry, str]]] = {}
    for entry in entries:
        if entry.is_to_act_on:
            history = histories.get(entry.history_id)
            by = due(date_of(history.events[0][0]), entry.checks, promise) if history else ""
            by_owner.setdefault(owner_of(entry), []).append((entry, f"{by}"))
    index = []
    for (kind, owner), keys in by_owner.items():
        name = _file_name(kind, owner)
        with whole_file(directory / f"{name}.md") as file:
            file.write(_markdown(kind, owner, keys, now).encode("utf-8", "replace"))
        rows = [(*row_of(rank, key).values(), by) for rank, (key, by) in enumerate(keys, start=1)]
        write_rows((*COLUMNS, "act_by"), rows, directory / f"{name}.csv")
        index.append((kind, owner, len(keys), f"{name}.md", f"{name}.csv"))
    columns = ("kind", "owner", "keys", "markdown", "csv")
    write_rows(columns, index, directory / "owners.csv")
    return directory / "owners.csv"


def _file_name(kind: str, owner: str) -> str:
    """A name that differs between owners, whatever they are called, and is no path."""
    digest = hashlib.sha256(f"{kind}\n{owner}".encode("utf-8", "replace")).hexdigest()
    slug = re.sub(r"[^a-z0-9]+", "-", owner.lower()).strip("-")[:40].strip("-")
    return f"{slug or 'owner'}-{digest[:12]}"


def _markdown(kind: str, owner: str, keys: Sequence[tuple[Entry, str]], now: datetime) -> str:
    lines = [
        f"# Access keys: {kind} {code(owner)}", "",
        f"{len(keys)} to act on, as of {now:%Y-%m-%d %H:%M} UTC. The most urgent first.",
    ]  # fmt: skip
    for entry, by in keys:
        account = " ".join(map(code, filter(None, (entry.account_name, entry.account))))
        age = f"{entry.age_days} days old, " if entry.age_days is not None else ""
        tags = ", **administrator**" * bool(entry.administrator)
        tags += ", **quarantined by AWS**" * bool(entry.quarantined)
        parts = [
            ("Account", account),
            ("What it is", plain(age + describe_use(entry)) + tags),
            ("Fails", ", ".join(map(code, entry.checks))),
            ("Usage", plain(entry.usage)),
            ("Origin", plain(entry.origin)),
            ("What to do", plain(entry.advice) + f" By {by}." * bool(by)),
            ("The command", entry.command and code(entry.command)),
            ("To undo it", entry.undo and code(entry.undo)),
        ]
        key = code(entry.access_key_id) if entry.access_key_id else "Keys"
        lines += ["", f"## {key} of user {code(entry.user)}", ""]
        lines += [f"- {name}: {text}" for name, text in parts if text]
    return "\n".join([*lines, ""])


def describe_use(entry: Entry) -> str:
    """When a key was last used, and by what."""
    if not entry.last_used_date:
        return "no use recorded"
    return f"last used {entry.last_used_date[:10]} by {entry.last_used_service}"


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
