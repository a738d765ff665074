"""The installed versions of Prowler and of this plug-in, and the option ``--version``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from importlib.metadata import version
from typing import Any

from .outputs.printing import say

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


class Show(argparse.Action):
    """An option that prints a text and ends the program.

    ``text`` makes it from the program's name, and only if the option is given.
    """

    def __init__(
        self, option_strings: Sequence[str], dest: str, text: Callable[[str], str], **more: Any
    ) -> None:
        more |= {"nargs": 0, "default": argparse.SUPPRESS}
        super().__init__(option_strings, argparse.SUPPRESS, **more)
        self.text = text

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        say(self.text(parser.prog), sys.stdout)
        parser.exit()


def describe_versions(program: str) -> str:
    """Both versions, as the option ``--version`` prints them. Imports Prowler."""
    versions = installed_versions()
    return f"{program} {versions[PLUG_IN]}, with Prowler {versions[PROWLER]}"
