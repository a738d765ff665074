"""Runs compared: what is new, the history of each key, and evidence for a period."""
