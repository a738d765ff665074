"""The AWS CLI in this process: its start takes half a second, and the commands to try are many."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from unittest import mock

from awscli.clidriver import create_clidriver

_DATA_PATH = os.environ.pop("AWS_DATA_PATH")
"""Where it finds its data; its import sets that for the whole process."""
OFFLINE = {"AWS_DEFAULT_REGION": "us-east-1", "AWS_EC2_METADATA_DISABLED": "true"}


def run(words: Sequence[str], environment: Mapping[str, str] = OFFLINE) -> int:
    """Run a command line of ``aws``, with more variables. Returns its exit code."""
    program, *arguments = words
    assert program == "aws"
    with mock.patch.dict(os.environ, environment, AWS_DATA_PATH=_DATA_PATH):
        exit_code: int = create_clidriver().main(arguments)
    return exit_code
