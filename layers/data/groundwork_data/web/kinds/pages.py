"""Read web pages: the readable text of one page is one entry; a changed text is a revision."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import datetime
from html import escape

from groundwork_core.documents.model import Entry, wording_hash
from groundwork_core.sources.fetch_outcome import Failed, Failure, Fetched
from groundwork_core.sources.kinds import PageConfig
from groundwork_core.sources.ports import ParsedFeed
from groundwork_data.web.entries import MAX_TITLE
from groundwork_data.web.feed_facts import feed_facts
from groundwork_data.web.kinds import page_child
from groundwork_data.web.text import one_line, tidy

MEMORY_BYTES = 512_000_000
"""Address space of the child; an ordinary page of 1 MB takes 200 MB of it."""
CPU_SECONDS = 10
WALL_SECONDS = 20.0
PAGE = "page"
"""The id of the one entry of a page in its source."""


class PageReader:
    """Reads one page in a child process with limits of memory and time."""

    def __init__(
        self,
        config: PageConfig,
        *,
        memory_bytes: int = MEMORY_BYTES,
        cpu_seconds: int = CPU_SECONDS,
        wall_seconds: float = WALL_SECONDS,
    ) -> None:
        """The limits are those of the child process."""
        self._config = config
        self._memory_bytes = memory_bytes
        self._cpu_seconds = cpu_seconds
        self._wall_seconds = wall_seconds

    def __call__(
        self,
        fetched: Fetched,
        now: datetime,
        seconds: float | None = None,  # noqa: ARG002 - the port's shape; the child has its own limit
    ) -> ParsedFeed | Failed:
        """Read a page; implements `FeedReader`. Never raises, whatever the page contains."""
        if not fetched.body.strip():
            return Failed(Failure.EMPTY, "The response has no content.")
        try:
            found = self._extracted(fetched)
        except subprocess.TimeoutExpired:
            return Failed(Failure.TOO_COMPLEX, "The page takes too long to read.")
        if found is None:
            return Failed(Failure.TOO_COMPLEX, "The page takes too much work or memory to read.")
        entry = _entry(fetched.url, found)
        if not entry.content:
            return Failed(Failure.EMPTY, "The page has no readable text.")
        facts = feed_facts(
            title=entry.title, site=fetched.url, language=None, entries=[entry], now=now
        )
        return ParsedFeed(facts, (entry,))

    def _extracted(self, fetched: Fetched) -> dict[str, str | None] | None:
        """Return the result of the child process; None if the child ended at one of its limits."""
        config = self._config
        child = [
            sys.executable,
            "-m",
            page_child.__name__,
            str(self._memory_bytes),
            str(self._cpu_seconds),
            fetched.url,
            config.favor,
            "yes" if config.tables else "no",
        ]
        # The child gets only the import path from the environment, so it has no secrets.
        environment = {"PYTHONPATH": os.pathsep.join(sys.path), "LC_ALL": "C.UTF-8"}
        done = subprocess.run(  # noqa: S603 - our own module; the page is on stdin only
            child,
            input=fetched.body,
            capture_output=True,
            timeout=self._wall_seconds,
            env=environment,
            check=False,
        )
        if done.returncode != 0:
            return None
        found: dict[str, str | None] = json.loads(done.stdout)
        return found


def _entry(url: str, found: dict[str, str | None]) -> Entry:
    text = tidy(found["text"], page_child.MAX_TEXT)
    paragraphs = [line.strip() for line in text.splitlines() if line.strip()]
    content = "".join(f"<p>{escape(line, quote=False)}</p>" for line in paragraphs)
    author = one_line(tidy(found["author"], MAX_TITLE))
    return Entry(
        external_id=PAGE,
        url=url,
        title=one_line(tidy(found["title"], MAX_TITLE)) or url[:MAX_TITLE],
        author=author or None,
        summary="",
        content=content,
        language=None,
        # A date that a page states about itself often changes without its text.
        published_at=None,
        authors=(author,) if author else (),
        wording=wording_hash("", "\n".join(paragraphs)),
    )
