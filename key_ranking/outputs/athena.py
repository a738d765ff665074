"""A query for Athena about the keys of the page, for what event history does not have."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Sequence
from datetime import datetime, timezone
from pathlib import Path

from ..entries.entry import Entry
from ..findings.reports import find_reports, oldest_first
from ..ranked_reports import rank_reports
from .printing import printable, say

MOST_KEYS = 5000
"""So many fit into a query of Athena, which has 262,144 characters at most."""
_ACCESS_KEY_ID = re.compile(r"AKIA[A-Z0-9]{12,124}")
_QUERY = """\
-- What uses these {number} access keys, in all accounts and Regions of the trail.
-- Put in the name of your table, and limit its partitions: Athena charges for what it reads.
SELECT useridentity.accesskeyid AS access_key_id, recipientaccountid, awsregion, useragent,
       sourceipaddress, eventsource, eventname, errorcode, count(*) AS events,
       min(eventtime) AS first_seen, max(eventtime) AS last_seen
FROM cloudtrail_logs
WHERE eventtime >= to_iso8601(current_timestamp - interval '365' day)
  AND useridentity.accesskeyid IN (
    {keys}
  )
GROUP BY 1, 2, 3, 4, 5, 6, 7, 8
ORDER BY access_key_id, events DESC;"""


def print_query(paths: Sequence[Path]) -> int:
    """Print the query about the keys of these reports. Returns 1 if it may lack some.

    Raises OSError.
    """
    found, problems = find_reports(paths)
    ranking = rank_reports(oldest_first(found), datetime.now(timezone.utc), None, problems=problems)
    ids = access_key_ids(ranking.entries)
    complaints = [f"{path}: {why}." for path, why in ranking.collected.problems.items()]
    if not ids:
        complaints.append("No report names an access key.")
    elif len(ids) > MOST_KEYS:
        complaints.append(f"The query has the first {MOST_KEYS} of {len(ids)} access keys.")
    for complaint in complaints:
        say(f"prowler-access-keys: {printable(complaint)}", sys.stderr)
    if ids:
        keys = ",\n    ".join(f"'{key_id}'" for key_id in ids[:MOST_KEYS])
        say(_QUERY.format(number=len(ids[:MOST_KEYS]), keys=keys), sys.stdout)
    return 1 if complaints else 0


def access_key_ids(entries: Iterable[Entry]) -> list[str]:
    """The IDs of access keys; anybody can write a report, so what is not one is left out."""
    ids = dict.fromkeys(entry.access_key_id for entry in entries)
    return [key_id for key_id in ids if _ACCESS_KEY_ID.fullmatch(key_id)]
