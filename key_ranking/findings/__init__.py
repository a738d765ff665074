"""Findings of Prowler's reports, and what of them counts."""
