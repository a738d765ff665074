"""What the two demos have in common: the real command, on the embedded AWS."""

from __future__ import annotations

import argparse
from pathlib import Path

from embedded_aws.aws import EmbeddedAWS


def output_directory(module: str, description: str | None) -> Path:
    """Where the reports go, by the command line of ``python -m module``."""
    parser = argparse.ArgumentParser(prog=f"python -m {module}", description=description)
    parser.add_argument(
        "--output-directory", type=Path, default=Path("output"), help="where the reports go"
    )
    directory: Path = parser.parse_args().output_directory.resolve()
    return directory


def run(aws: EmbeddedAWS, program: str, *arguments: str) -> int:
    """Print a command and run it, from where this Python has it. Returns its exit code."""
    print(f"$ {' '.join((program, *arguments))}", flush=True)
    return aws.run(program, *arguments).returncode
