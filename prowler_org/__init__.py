"""Scans of a whole AWS organization with Prowler: accounts, scans, one report."""
