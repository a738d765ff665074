"""Load Prowler once for many scans. All workarounds that this needs are in this file.

Before its first call to AWS, Prowler takes about ten seconds of processor time for work that is the
same for every account: it imports itself, and reads the metadata of all checks and all compliance
frameworks. A process does that once here, and scans are forked from it. Each forked scan has its
own copy of the results, so nothing leaks between accounts.

Prowler is not made for this. ``load`` replaces the functions that ``prowler()`` calls for these
results, and ``renew`` renews the values that Prowler sets when it is imported. Both can go when
Prowler scans several accounts in a process (https://github.com/prowler-cloud/prowler/issues/6647).
"""

from __future__ import annotations

import gc
import importlib
import inspect
import sys
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from .warm_libraries import warm_libraries

PROVIDER = "aws"
FIXED_AT_IMPORT = ("output_file_timestamp", "timestamp_iso")
"""Names in ``prowler.config.config`` that other modules copy by value."""
EXPECTED: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("prowler.__main__:prowler", ()),
    ("prowler.__main__:CheckMetadata.get_bulk", ("provider",)),
    ("prowler.__main__:Compliance.get_bulk", ("provider",)),
    ("prowler.__main__:get_bulk_compliance_frameworks_universal", ("provider",)),
    (
        "prowler.__main__:update_checks_metadata_with_compliance",
        ("bulk_compliance_frameworks", "bulk_checks_metadata"),
    ),
    ("prowler.config.config:set_output_timestamp", ("new_timestamp",)),
    ("prowler.config.config:timestamp_utc.set", ("value",)),
)
"""The functions of Prowler that this module relies on, with their parameters."""
EXPECTED_TEXTS = (
    "prowler.lib.cli.parser:default_output_directory",
    *(f"prowler.config.config:{name}" for name in FIXED_AT_IMPORT),
)
"""The texts that this module replaces."""

problem: str | None = "Prowler was not loaded beforehand"
"""Why a scan must not be forked from this process. None if it may."""
slower: tuple[str, ...] = ()
"""What is not as expected in a library, so that each scan takes longer."""


def load() -> None:
    """Load Prowler into this process. If that fails, ``problem`` says why.

    Never raises: an exception would end the server that scans are forked from.
    """
    global problem, slower
    try:
        problem = _unexpected()
        if problem is None:
            slower = warm_libraries()
            _replace_functions()
            # The loaded objects live as long as this process. Hide them from the garbage collector:
            # it would touch them in every forked scan, which copies the memory that they share.
            gc.collect()
            gc.freeze()
    except BaseException as error:
        problem = f"loading Prowler beforehand failed with {type(error).__name__}: {error}"


def renew(output_directory: Path) -> None:
    """Give a forked scan the times and the default output directory of a new process."""
    config = importlib.import_module("prowler.config.config")
    config.set_output_timestamp(datetime.today())
    # set_output_timestamp takes a local time for UTC.
    config.timestamp_utc.set(datetime.now(timezone.utc))
    for name, module in tuple(sys.modules.items()):
        if name.startswith("prowler."):
            for fixed in FIXED_AT_IMPORT:
                if hasattr(module, fixed):
                    setattr(module, fixed, getattr(config, fixed))
    parser = importlib.import_module("prowler.lib.cli.parser")
    parser.default_output_directory = str(output_directory)  # type: ignore[attr-defined]


def _unexpected() -> str | None:
    """What in this Prowler differs from what this module relies on. None if nothing does."""
    for name, parameters in EXPECTED:
        function = _resolve(name)
        if function is None:
            return f"this Prowler has no {name}"
        if tuple(inspect.signature(function).parameters) != parameters:
            return f"{name} of this Prowler has other parameters"
    for name in EXPECTED_TEXTS:
        if not isinstance(_resolve(name), str):
            return f"this Prowler has no {name}"
    return None


def _resolve(name: str) -> Any:
    module, _, path = name.partition(":")
    value: Any = importlib.import_module(module)
    for attribute in path.split("."):
        value = getattr(value, attribute, None)
    return value


def _replace_functions() -> None:
    program = importlib.import_module("prowler.__main__")
    checks = program.CheckMetadata.get_bulk(PROVIDER)
    frameworks = program.Compliance.get_bulk(PROVIDER)
    universal = program.get_bulk_compliance_frameworks_universal(PROVIDER)
    update = program.update_checks_metadata_with_compliance
    update(frameworks, checks)

    def update_unless_done(
        bulk_compliance_frameworks: dict[str, Any], bulk_checks_metadata: dict[str, Any]
    ) -> Any:
        if bulk_compliance_frameworks is frameworks and bulk_checks_metadata is checks:
            return bulk_checks_metadata
        return update(bulk_compliance_frameworks, bulk_checks_metadata)

    program.CheckMetadata.get_bulk = staticmethod(
        _with_answer(program.CheckMetadata.get_bulk, checks)
    )
    program.Compliance.get_bulk = staticmethod(
        _with_answer(program.Compliance.get_bulk, frameworks)
    )
    program.get_bulk_compliance_frameworks_universal = _with_answer(  # type: ignore[attr-defined]
        program.get_bulk_compliance_frameworks_universal, universal
    )
    program.update_checks_metadata_with_compliance = update_unless_done  # type: ignore[attr-defined]
    # Both import modules on first use. Import them now, and not in every scan.
    program.ProwlerArgumentParser()
    config = importlib.import_module("prowler.config.config")
    config.load_and_validate_config_file(PROVIDER, config.default_config_file_path)


def _with_answer(function: Callable[[str], Any], answer: Any) -> Callable[[str], Any]:
    """``function``, with its answer for AWS given."""
    return lambda provider: answer if provider == PROVIDER else function(provider)
