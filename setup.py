"""The packages, from the folders that there are, and the README as a package index shows it.

pyproject.toml has everything else. setuptools finds packages by pattern only if their names are
their paths, and Prowler wants the checks under another name than ``checks``: see the entry points
there.
"""

import re
import shutil
from pathlib import Path

from setuptools import find_namespace_packages, find_packages, setup

CHECKS = "prowler_access_keys.services.iam"
RELATIVE_LINK = re.compile(r"(!?)\[((?:[^][]|\[[^]]*\])*)\]\((?!https?://|#)([^)\s]+)\)")


def with_absolute_links(readme: str, project: str) -> str:
    """The README with links into the repository: an index has neither its files nor pictures.

    ``project`` is pyproject.toml. If that names no repository yet, the links stay as they are.
    """
    urls = re.findall(r'^Repository = "(.+)"$', project, re.MULTILINE)
    (version,) = re.findall(r'^version = "(.+)"$', project, re.MULTILINE)

    def absolute(link: re.Match[str]) -> str:
        picture, text, path = link.groups()
        kind = "raw" if picture else "blob"
        return f"{picture}[{text}]({urls[0]}/{kind}/v{version}/{path})"

    return RELATIVE_LINK.sub(absolute, readme) if urls else readme


def find_checks() -> list[str]:
    """The folders of the checks, and of what they share, which has no ``__init__.py``."""
    return list(find_namespace_packages("checks", exclude=["*__pycache__"]))


if __name__ == "__main__":
    shutil.rmtree(Path("build", "lib"), ignore_errors=True)  # else removed files are built again
    readme, project = (Path(name).read_text("utf-8") for name in ("README.md", "pyproject.toml"))
    setup(
        long_description=with_absolute_links(readme, project),
        long_description_content_type="text/markdown",
        packages=[
            "prowler_access_keys",
            "prowler_access_keys.compliance",
            "prowler_access_keys.compliance.aws",
            "prowler_access_keys.ranking",
            *(
                f"prowler_access_keys.ranking.{room}"
                for room in sorted(find_packages("key_ranking"))
            ),
            *(f"{CHECKS}.{folder}" for folder in sorted(find_checks())),
            *find_packages(include=["prowler_org", "prowler_org.*"]),
        ],
    )
