"""What the user asked Prowler for and Prowler keeps nowhere: its command line and config file."""

from __future__ import annotations

import contextlib
import io
import os
import re
import stat
import sys
from argparse import Namespace
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml
from prowler.config.config import default_config_file_path
from prowler.lib.cli.parser import ProwlerArgumentParser
from prowler.lib.logger import logger

from . import settings
from .settings import EXCEPTIONS_VARIABLE, Settings


def arguments() -> Namespace | None:
    """Prowler's own reading of this process's command line.

    None if Prowler cannot read it, as in a program that uses Prowler as a library.
    """
    with contextlib.redirect_stderr(io.StringIO()), contextlib.suppress(SystemExit):
        parsed: Namespace = ProwlerArgumentParser().parser.parse_args(sys.argv[1:])
        return parsed
    return None


@dataclass(frozen=True)
class ConfigFile:
    """The config file that the user named, as it stands in the file."""

    section: Mapping[str, Any] = field(default_factory=dict)
    """The settings for AWS."""
    problem: str = ""
    """Why settings may not be those of the file; empty if they are."""
    folder: Path = Path()
    """The folder of the file."""


def config_file() -> ConfigFile:
    """The file that ``--config-file`` names; without the option, an empty one.

    Prowler goes on with its defaults, and prints nothing, if it cannot use the file
    (``load_and_validate_config_file`` in ``prowler/config/config.py``).
    """
    if not any(argument.startswith("--con") for argument in sys.argv):  # parsing takes 50 ms
        return ConfigFile()
    given = arguments()
    if given is None or given.config_file in (None, default_config_file_path):
        return ConfigFile()
    return _read(given.config_file)


def read_again(path: str) -> bytes | None:
    """The content of a file that Prowler has read; None if it can be read only once.

    That is so for a pipe, as of ``<(…)`` and of ``sops exec-file``: a second reader would wait for
    ever, or find nothing. Raises OSError.
    """
    if not stat.S_ISREG(Path(path).stat().st_mode):
        return None
    with Path(path).open("rb") as file:
        file.seek(0)  # macOS opens /dev/fd/3 where the last reader has stopped
        return file.read()


def _read(path: str) -> ConfigFile:
    def unusable(why: str) -> ConfigFile:
        return ConfigFile(
            problem=f"The config file {path} could not be used: {why}. Prowler uses its default "
            "settings instead."
        )

    folder = Path(path).parent
    try:
        text = read_again(path)
        if text is None:
            return ConfigFile(
                problem=f"The config file {path} is not a regular file, so it cannot be read "
                "again. Prowler drops settings that do not fit, without a message, and the "
                "default applies for those."
            )
        content = yaml.safe_load(text.decode("utf-8"))
    except OSError as error:
        return unusable(error.strerror or type(error).__name__)
    except UnicodeDecodeError:
        return unusable("it is not UTF-8 text")
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        return unusable(f"it is not valid YAML{f', line {mark.line + 1}' if mark else ''}")
    except (ValueError, RecursionError) as error:  # a date that is none, or YAML that is too deep
        return unusable(f"it is not valid YAML ({type(error).__name__})")
    section = content  # Prowler takes a file without any section for AWS's.
    if isinstance(content, dict) and any(isinstance(value, dict) for value in content.values()):
        section = content.get("aws")
    if content and isinstance(section, dict):
        return ConfigFile(section, folder=folder)
    return unusable("it has no section aws")


def settings_of(provider: Any) -> tuple[Settings, tuple[str, ...]]:
    """The settings that hold for this provider's run, and a sentence for each problem with them.

    Prowler drops values that do not fit its own schema, so they are looked up in the file.
    """
    file = config_file()
    chosen, problems = settings.parse({**file.section, **provider.audit_config}, _known_names())
    exceptions = chosen.access_key_exceptions and str(file.folder / chosen.access_key_exceptions)
    chosen = replace(
        chosen, access_key_exceptions=os.environ.get(EXCEPTIONS_VARIABLE) or exceptions
    )
    return chosen, ((file.problem,) if file.problem else ()) + problems


def progress_printer() -> Callable[[str], None]:
    """Return a function that prints a line above Prowler's progress bar, from any thread.

    To the log with ``--only-logs``, and where Prowler is a library.
    """
    only_logs = getattr(arguments(), "only_logs", True)

    def report(text: str) -> None:
        if only_logs:
            logger.info(text)
        else:
            print(text, flush=True)

    return report


def _known_names() -> frozenset[str]:
    """The names in Prowler's own config file; parsing its YAML would take 100 ms."""
    text = Path(default_config_file_path).read_text("utf-8")
    return frozenset(re.findall(r"^\s*(\w+):", text, re.MULTILINE))
