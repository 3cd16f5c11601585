"""The program that a user would write: requests and feedparser in a pool of threads."""

from __future__ import annotations

import json
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import feedparser
import psycopg
import requests

from benchmarks.ingestion.loopback_names import resolve_to_loopback

THREADS = 30
TIMEOUT_SECONDS = 20
TABLE = """
CREATE TABLE peer_entries (
    feed text NOT NULL, id text NOT NULL, title text, link text, author text, tags text[],
    published text, summary text, PRIMARY KEY (feed, id))
"""
INSERT = """
INSERT INTO peer_entries VALUES (%s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT (feed, id) DO UPDATE
SET title = excluded.title, link = excluded.link, author = excluded.author, tags = excluded.tags,
    published = excluded.published, summary = excluded.summary
"""


def main() -> None:
    """Poll each address once, and print what it cost."""
    resolve_to_loopback()
    urls = json.loads(Path(sys.argv[1]).read_text())
    url = os.environ["DATABASE_URL"]
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(TABLE)

    def poll(address: str) -> int:
        try:
            answer = requests.get(address, timeout=TIMEOUT_SECONDS)
            answer.raise_for_status()
        except requests.RequestException:
            return 0
        read = feedparser.parse(answer.content)
        rows = [
            (
                address,
                entry.get("id") or entry.get("link"),
                entry.get("title"),
                entry.get("link"),
                entry.get("author"),
                [tag.term for tag in entry.get("tags", ())],
                entry.get("published"),
                entry.get("summary"),
            )
            for entry in read.entries
        ]
        if rows:
            with psycopg.connect(url) as connection, connection.cursor() as cursor:
                cursor.executemany(INSERT, rows)
        return len(rows)

    began, cpu = time.monotonic(), time.process_time()
    with ThreadPoolExecutor(THREADS) as threads:
        entries = list(threads.map(poll, urls))
    print(
        json.dumps(
            {
                "threads": THREADS,
                "pages": len(urls),
                "read": sum(count > 0 for count in entries),
                "entries": sum(entries),
                "seconds": round(time.monotonic() - began, 1),
                "cpu": round(time.process_time() - cpu, 1),
            }
        )
    )


if __name__ == "__main__":
    main()
