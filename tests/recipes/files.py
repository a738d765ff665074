"""Where the recipes are."""

from __future__ import annotations

from ..pages import REPOSITORY

RECIPES = REPOSITORY / "docs" / "recipes"
