"""The policies and examples that come with this plug-in, as files for those who have no clone."""

from __future__ import annotations

from pathlib import Path

from prowler_access_keys import compliance

INSTALLED = Path(compliance.__path__[0]).parent
EXAMPLES = "examples"
FOLDERS = (EXAMPLES, "permissions", "compliance/oscal")


def write_examples(directory: Path) -> list[Path]:
    """Write them to this folder, in folders of their own. Returns the files.

    Raises OSError, FileExistsError if one of them is there already; then nothing is overwritten.
    """
    written = []
    for name in FOLDERS:
        (directory / name).mkdir(parents=True, exist_ok=True)
        for source in sorted((INSTALLED / name).iterdir()):
            path = directory / name / source.name
            with path.open("xb") as file:
                file.write(source.read_bytes())
            written.append(path)
    return written
