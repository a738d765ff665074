"""Scans of accounts, and the places where they run."""
