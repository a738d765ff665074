"""Which requirements of the standards that Prowler ships are measured by the same checks."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import prowler

FOLDER = Path(next(iter(prowler.__path__))) / "compliance" / "aws"
STANDARDS = (
    "nist_800_53_revision_5_aws",
    "nist_csf_2.0_aws",
    "iso27001_2022_aws",
    "pci_4.0_aws",
    "soc2_aws",
    "mitre_attack_aws",
)
CIS = "CIS"


@dataclass(frozen=True)
class Standard:
    """A framework that Prowler ships: its name as in Prowler's reports, and who measures what."""

    label: str
    checks: Mapping[str, frozenset[str]]
    """By the requirement's id, in the framework's order."""

    @property
    def attribute(self) -> str:
        """The name of the attribute that holds the references to it: one for all CIS versions."""
        if self.label.startswith(f"{CIS}-"):
            return CIS
        return re.sub(r"[^A-Za-z0-9]+", "_", self.label)

    def references(self, checks: Collection[str]) -> tuple[str, ...]:
        """The ids of the requirements that one of ``checks`` measures, as Prowler writes them."""
        ids = (name for name, by in self.checks.items() if not by.isdisjoint(checks))
        prefix = f"{self.label}: " if self.attribute == CIS else ""
        return tuple(prefix + name for name in ids)


def shipped_standards(folder: Path = FOLDER) -> tuple[Standard, ...]:
    """The standards of the installed Prowler: every version of CIS, oldest first, then the rest."""
    cis = sorted(folder.glob("cis_*_aws.json"), key=lambda path: _version(path.stem))
    return tuple(_read(path) for path in (*cis, *(folder / f"{n}.json" for n in STANDARDS)))


def attributes(standards: Iterable[Standard]) -> tuple[str, ...]:
    """The names of the attributes that hold references, each once."""
    return tuple(dict.fromkeys(standard.attribute for standard in standards))


def cross_references(
    standards: Iterable[Standard], checks: Collection[str]
) -> dict[str, tuple[str, ...]]:
    """What ``checks`` measure in the standards, by attribute; those with nothing are left out."""
    found: dict[str, tuple[str, ...]] = {}
    for standard in standards:
        references = standard.references(checks)
        if references:
            found[standard.attribute] = found.get(standard.attribute, ()) + references
    return found


def _read(path: Path) -> Standard:
    framework: dict[str, Any] = json.loads(path.read_text("utf-8"))
    label = "-".join(filter(None, (framework["Framework"], framework["Version"])))
    requirements = framework["Requirements"]
    return Standard(label, {r["Id"]: frozenset(r["Checks"]) for r in requirements})


def _version(stem: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", stem))
