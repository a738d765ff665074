"""Loads Prowler when imported. Only the server that scans are forked from imports it."""

from . import preload

preload.load()
