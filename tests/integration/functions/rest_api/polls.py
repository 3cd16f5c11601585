"""Polls of sources that the API made, by the fetcher, at a host that may be asked at any time."""

import json

from groundwork_core.sources.model import FetchDue

from .rest import Reply, Rest


def poll(rest: Rest, made: Reply) -> None:
    """Poll a source whose fetch is due, without the pause behind robots.txt."""
    rest.database.rows("UPDATE hosts SET min_delay_ms = 0")
    (row,) = rest.database.rows(
        "SELECT data FROM outbox WHERE kind = 'fetch_due' AND aggregate_id = %s"
        " ORDER BY id DESC LIMIT 1",
        [made.json["id"]],
    )
    due = FetchDue.model_validate_json(json.dumps(row[0]))
    assert [error for _, error in rest.parts.fetch_sources([due])] == [None]
