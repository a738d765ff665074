"""The entry point through which Prowler reads the live frameworks of the user's choice."""

from .live_frameworks import up_to_date

__path__ = [str(up_to_date())]
