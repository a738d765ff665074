"""Organizational units: by ID, by name, or by path, and the accounts in them.

https://docs.aws.amazon.com/organizations/latest/APIReference/API_OrganizationalUnit.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from ..errors import StartError

UNIT_ID = re.compile(r"ou-[a-z0-9]{4,32}-[a-z0-9]{8,32}|r-[a-z0-9]{4,32}", re.ASCII)
"""The ID of a unit or of the root."""


def unit_ids(client: Any, units: Iterable[str]) -> tuple[str, ...]:
    """The IDs of these units. Names are looked up, for which the whole organization is walked.

    A path is names with slashes between, and may begin anywhere below the root. Raises StartError
    if no unit has a name, or several have.
    """
    units = tuple(units)
    paths = {} if all(map(UNIT_ID.fullmatch, units)) else dict(_paths(client))
    return tuple(unit if UNIT_ID.fullmatch(unit) else _find(unit, paths) for unit in units)


def accounts_below(client: Any, unit: str) -> Iterator[str]:
    """The IDs of the accounts in a unit and in all units below it."""
    for page in client.get_paginator("list_accounts_for_parent").paginate(ParentId=unit):
        yield from (account["Id"] for account in page["Accounts"])
    for below, _ in _units_in(client, unit):
        yield from accounts_below(client, below)


def _find(name: str, paths: dict[str, str]) -> str:
    units = [unit for unit, path in paths.items() if f"/{path}".endswith(f"/{name}")]
    if not units:
        raise StartError(f"The organization has no unit that is named {name}, which --ou names.")
    if len(units) > 1:
        matches = ", ".join(f"{paths[unit]} ({unit})" for unit in units)
        raise StartError(f"Several units are named {name}: {matches}. Give --ou a path or an ID.")
    return units[0]


def _paths(client: Any) -> Iterator[tuple[str, str]]:
    """All units by ID, with their paths, which begin with the root's name."""
    for page in client.get_paginator("list_roots").paginate():
        for root in page["Roots"]:
            yield root["Id"], root["Name"]
            yield from _paths_below(client, root["Id"], root["Name"])


def _paths_below(client: Any, unit: str, path: str) -> Iterator[tuple[str, str]]:
    for below, name in _units_in(client, unit):
        yield below, f"{path}/{name}"
        yield from _paths_below(client, below, f"{path}/{name}")


def _units_in(client: Any, unit: str) -> Iterator[tuple[str, str]]:
    pages = client.get_paginator("list_organizational_units_for_parent").paginate(ParentId=unit)
    for page in pages:
        for below in page["OrganizationalUnits"]:
            yield below["Id"], below["Name"]
