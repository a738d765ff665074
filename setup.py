"""The packages, from the folders that there are, and the README as a package index shows it.

pyproject.toml has everything else. setuptools finds packages by pattern only if their names are
their paths, and Prowler wants the checks under another name than ``checks``: see the entry points
there.
"""

import re
from pathlib import Path

from setuptools import find_namespace_packages, find_packages, setup

CHECKS = "prowler_access_keys.services.iam"
REPOSITORY = "https://github.com/prowler-access-keys/prowler-access-keys"
RELATIVE_LINK = re.compile(r"(!?)\[((?:[^][]|\[[^]]*\])*)\]\((?!https?://|#)([^)\s]+)\)")


def with_absolute_links(readme: str, version: str) -> str:
    """The README with links into the repository: an index has neither its files nor pictures."""

    def absolute(link: re.Match[str]) -> str:
        picture, text, path = link.groups()
        kind = "raw" if picture else "blob"
        return f"{picture}[{text}]({REPOSITORY}/{kind}/v{version}/{path})"

    return RELATIVE_LINK.sub(absolute, readme)


def read_version() -> str:
    """The version, which pyproject.toml has."""
    project = Path("pyproject.toml").read_text("utf-8")
    return str(re.findall(r'^version = "(.+)"$', project, re.MULTILINE)[0])


def find_checks() -> list[str]:
    """The folders of the checks, and of what they share, which has no ``__init__.py``."""
    return list(find_namespace_packages("checks", exclude=["*__pycache__"]))


if __name__ == "__main__":
    setup(
        long_description=with_absolute_links(Path("README.md").read_text("utf-8"), read_version()),
        long_description_content_type="text/markdown",
        packages=[
            "prowler_access_keys",
            "prowler_access_keys.compliance",
            "prowler_access_keys.compliance.aws",
            "prowler_access_keys.ranking",
            *(f"{CHECKS}.{folder}" for folder in sorted(find_checks())),
            *find_packages(include=["prowler_org", "prowler_org.*"]),
        ],
    )
