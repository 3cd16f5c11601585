"""`groundwork sources import`: many feeds at once, over the API."""

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Literal

from groundwork_command.commands import feed_lists
from groundwork_command.instance import client as api
from groundwork_command.terminal.output import FAILED, clear_failures, fail, note, result

AT_ONCE = 4
CREATED, CONFLICT = 201, 409
SCHEDULE = {"kind": "adaptive", "min_seconds": 900, "max_seconds": 86_400}
MOST_SHOWN = 20


def import_sources(path: Path, output: Literal["json", "text"]) -> None:
    """Create a source for every feed of the file that is not known yet. Safe to run again."""
    try:
        feeds = feed_lists.read(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, feed_lists.BadList) as error:
        fail(f"{path} cannot be imported: {error}")
    created, known, refused = 0, 0, []
    with (
        clear_failures(),
        api.of_running_instance() as client,
        ThreadPoolExecutor(AT_ONCE) as pool,
    ):
        answers = pool.map(lambda feed: client.post("/api/v1/sources", _source(feed)), feeds)
        for feed, (status, body) in zip(feeds, answers, strict=True):
            created += status == CREATED
            known += status == CONFLICT
            if status not in {CREATED, CONFLICT}:
                refused.append({"url": feed.url, "status": status, "problem": body})
    if output == "json":
        result({"created": created, "known": known, "refused": refused})
    else:
        note(f"{created} created, {known} known before, {len(refused)} refused")
        for each in refused[:MOST_SHOWN]:
            note(f"  {each['url']}: {each['problem']}")
    if refused:
        sys.exit(FAILED)


def _source(feed: feed_lists.Listed) -> dict[str, object]:
    return {
        "name": feed.name,
        "url": feed.url,
        "kind": "feed",
        "schedule": SCHEDULE,
        "tags": list(feed.tags),
    }
