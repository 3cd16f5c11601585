"""Feeds of made-up text: the same for a host and a version at each call."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import cache, lru_cache
from zlib import crc32

ENTRIES = 8
SENTENCES = 12
TAGS = 300
_SYLLABLES = (
    "ba",
    "de",
    "fi",
    "go",
    "lu",
    "ma",
    "ne",
    "pi",
    "ro",
    "su",
    "ta",
    "ve",
    "wi",
    "xo",
    "zu",
)


@cache
def _sentences() -> list[str]:
    rng = random.Random(1)  # noqa: S311 - text, not a secret
    words = ["".join(rng.choices(_SYLLABLES, k=rng.randint(1, 4))) for _ in range(4_000)]
    return [" ".join(rng.choices(words, k=rng.randint(6, 18))) + "." for _ in range(3_000)]


@lru_cache(maxsize=12_000)
def feed(host: str, version: int, began: datetime) -> bytes:
    """Return a feed of RSS 2.0; each version has one entry more than the one before."""
    newest = ENTRIES + version
    items = "".join(_item(host, number, began) for number in range(newest, newest - ENTRIES, -1))
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n<rss version="2.0"'
        ' xmlns:dc="http://purl.org/dc/elements/1.1/"><channel>'
        f"<title>{host}</title><link>https://{host}/</link><description>About {host}</description>"
        f"{items}</channel></rss>"
    ).encode()


def _item(host: str, number: int, began: datetime) -> str:
    rng = random.Random(crc32(f"{host} {number}".encode()))  # noqa: S311 - text, not a secret
    sentences = _sentences()
    text = "".join(
        f"&lt;p&gt;{' '.join(rng.choices(sentences, k=4))}&lt;/p&gt;" for _ in range(SENTENCES // 4)
    )
    at = began + timedelta(hours=number - ENTRIES, seconds=-rng.randint(0, 3_000))
    tags = "".join(f"<category>tag {rng.randrange(TAGS)}</category>" for _ in range(2))
    return (
        f"<item><title>{rng.choice(sentences)[:80]}</title><link>https://{host}/{number}</link>"
        f"<guid>https://{host}/{number}</guid><dc:creator>Author of {host}</dc:creator>{tags}"
        f"<pubDate>{format_datetime(at.astimezone(UTC))}</pubDate>"
        f"<description>{text}</description></item>"
    )
