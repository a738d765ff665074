"""What Prowler forces on a plug-in, each with when it can go."""

from __future__ import annotations

import argparse
import atexit
import json
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

import prowler
from prowler.lib.check.models import Check, Check_Report_AWS, CheckMetadata
from prowler.lib.logger import logger
from pydantic.v1 import ValidationError

from .catalogue import SHARED_FOLDER, our_checks


def offer_fixer(check_id: str, module: ModuleType) -> None:
    """Let Prowler find the fixer of a check that is not Prowler's own.

    ``run_fixer`` (``prowler/lib/check/check.py``) imports the fixer by a name among Prowler's own
    modules, wherever it found the check. Can go when it looks where the check is.
    """
    name = f"prowler.providers.aws.services.iam.{check_id}.{check_id}_fixer"
    sys.modules.setdefault(name, module)


class AcceptedReport(Check_Report_AWS):
    """The report of a finding that exceptions accept: muted, whatever the user's mutelist says.

    Prowler has no way for a check to mute a finding: where there is a mutelist, ``execute``
    (``prowler/lib/check/check.py``) sets ``muted`` by it alone. Can go when it keeps what a check
    has set.
    """

    @property
    def muted(self) -> bool:
        """Always; what Prowler sets by the mutelist is noted in the data."""
        return True

    @muted.setter
    def muted(self, by_mutelist: bool) -> None:
        if by_mutelist:
            self.resource["muted_by_mutelist"] = True


def restore_refused_metadata(check: Check) -> str:
    """Give a check the metadata that it ships with, where the user's own would stop its reports.

    ``--custom-checks-metadata-file`` changes a check's metadata without validating it
    (``update_check_metadata`` in ``prowler/lib/check/custom_checks_metadata.py``). Each report
    validates it, so that none could be made, or writes it, so that a report file would stop there.
    Returns a sentence, after a space, that names the fields and what Prowler says of each; empty if
    all fields can be used. Can go when Prowler validates that file as a whole.
    """
    as_shipped = type(check)()
    shipped = json.loads(as_shipped.metadata())
    refused = []
    for field in shipped:
        try:
            changed = {**shipped, **json.loads(check.json(include={field}))}
            if changed != shipped:
                CheckMetadata(**changed).json(ensure_ascii=False).encode()
        except Exception as error:  # Prowler's validators raise more than ValidationError
            setattr(check, field, getattr(as_shipped, field))
            why = str(error.errors()[0]["msg"] if isinstance(error, ValidationError) else error)
            refused.append(f"{field} ({why.encode(errors='backslashreplace').decode()[:200]})")
    if not refused:
        return ""
    problem = (
        "Prowler rejects values of this check in your custom metadata file, and the check's own "
        f"are used instead: {', '.join(refused)}."
    )
    logger.critical(f"{check.CheckID}: {problem}")
    return f" {problem}"


def remove_copies_at_exit(arguments: Sequence[str]) -> None:
    """Remove our folders from Prowler's package when the process ends, if it copied them there.

    With ``--checks-folder``, Prowler copies all folders of that folder into its own package and
    removes the copies at the end of the run (``remove_custom_checks_module`` in
    ``prowler/lib/check/check.py``), but not when it runs a fixer, nor when it crashes.
    ``arguments`` are those of the process: a folder that is in Prowler's package for another
    reason stays there. Can go when Prowler removes the copies whatever happens.
    """
    inside_prowler = any(Path(path) in SHARED_FOLDER.parents for path in prowler.__path__)
    if inside_prowler and _copied_from(arguments):
        for name in (SHARED_FOLDER.name, *our_checks()):
            copy = SHARED_FOLDER.with_name(name)
            atexit.register(shutil.rmtree, copy, ignore_errors=True)


def _copied_from(arguments: Sequence[str]) -> bool:
    """Whether ``--checks-folder`` names a folder with our shared one, or a folder in S3."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("-x", "--checks-folder", nargs="?")
    given = parser.parse_known_args(list(arguments))[0].checks_folder
    if given is None:
        return False
    return given.startswith("s3://") or Path(given, SHARED_FOLDER.name).is_dir()
