"""A query for Athena about the keys of the page, for what event history does not have."""

from __future__ import annotations

import re
from collections.abc import Iterable

from ..entries.entry import Entry

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


def write_query(entries: Iterable[Entry]) -> tuple[str, str]:
    """The query about the keys of these entries, and what it lacks; either may be empty."""
    ids = access_key_ids(entries)
    if not ids:
        return "", "No report names an access key."
    keys = ",\n    ".join(f"'{key_id}'" for key_id in ids[:MOST_KEYS])
    query = _QUERY.format(number=len(ids[:MOST_KEYS]), keys=keys)
    if len(ids) > MOST_KEYS:
        return query, f"The query has the first {MOST_KEYS} of {len(ids)} access keys."
    return query, ""


def access_key_ids(entries: Iterable[Entry]) -> list[str]:
    """The IDs of access keys; anybody can write a report, so what is not one is left out."""
    ids = dict.fromkeys(entry.access_key_id for entry in entries)
    return [key_id for key_id in ids if _ACCESS_KEY_ID.fullmatch(key_id)]
