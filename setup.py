"""The packages, from the folders that there are; pyproject.toml has everything else.

setuptools finds packages by pattern only if their names are their paths, and Prowler wants the
checks under another name than ``checks``: see the entry points in pyproject.toml.
"""

from pathlib import Path

from setuptools import find_packages, setup

CHECKS = "prowler_access_keys.services.iam"

setup(
    packages=[
        "prowler_access_keys",
        "prowler_access_keys.compliance",
        "prowler_access_keys.compliance.aws",
        *sorted(f"{CHECKS}.{folder.name}" for folder in Path("checks").glob("iam_*")),
        *find_packages(include=["key_ranking", "prowler_org", "prowler_org.*"]),
    ]
)
