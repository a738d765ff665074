"""The installed versions of Prowler and of this plug-in, and the option ``--version``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

from .printing import say

PROWLER, PLUG_IN = "prowler", "prowler-access-keys"


def version_reader() -> Callable[[str], str]:
    """A function that returns the version of PROWLER or PLUG_IN.

    It raises ModuleNotFoundError if that is not installed. It is a nested function because Dask
    then sends its code: a worker without this plug-in can run it.
    """

    def read(name: str) -> str:
        if name != "prowler":
            return version(name)
        # Not from the distribution, which is called prowler-cloud where Prowler comes from there.
        from prowler.config.config import prowler_version

        return str(prowler_version)

    return read


def installed_versions() -> dict[str, str]:
    """The versions of Prowler and of this plug-in, by the distribution's name."""
    read = version_reader()
    return {name: read(name) for name in (PROWLER, PLUG_IN)}


class ShowVersions(argparse.Action):
    """Prints both versions and ends the program. Prowler is not imported before."""

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        versions = installed_versions()
        say(f"{parser.prog} {versions[PLUG_IN]}, with Prowler {versions[PROWLER]}", sys.stdout)
        parser.exit()
