"""Imported by the server that scans are forked from, and by nobody else: loads Prowler there."""

from . import preload

preload.load()
