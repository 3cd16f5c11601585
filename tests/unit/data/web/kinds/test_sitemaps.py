"""Sitemaps: addresses with dates become entries; bombs and endless files do not get far."""

import gzip
import tracemalloc
import zlib
from datetime import UTC, datetime

import pytest

from groundwork_core.sources.fetch_outcome import Failed, Failure, Fetched
from groundwork_core.sources.ports import ParsedFeed
from groundwork_data.web.kinds import sitemap_parser
from groundwork_data.web.kinds.sitemap_parser import MAX_ADDRESSES, BadSitemap, parse_sitemap
from groundwork_data.web.kinds.sitemaps import MAX_SITEMAPS, next_sitemap, read_sitemap

NOW = datetime(2026, 11, 30, tzinfo=UTC)
URL = "https://blog.example/sitemap.xml"
NS = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
NEWS = 'xmlns:n="http://www.google.com/schemas/sitemap-news/0.9"'


def urlset(*urls: str) -> bytes:
    return f"<?xml version='1.0'?><urlset {NS} {NEWS}>{''.join(urls)}</urlset>".encode()


def url(path: str, lastmod: str = "", more: str = "") -> str:
    dated = f"<lastmod>{lastmod}</lastmod>" if lastmod else ""
    return f"<url><loc>https://blog.example/{path}</loc>{dated}{more}</url>"


def index(count: int) -> bytes:
    listed = "".join(
        f"<sitemap><loc>https://blog.example/{n}.xml</loc>"
        f"<lastmod>2026-01-{n + 1:02d}</lastmod></sitemap>"
        for n in range(count)
    )
    return f"<sitemapindex {NS}>{listed}</sitemapindex>".encode()


def read(body: bytes, *more: Fetched) -> ParsedFeed:
    found = read_sitemap(Fetched(body, URL, more=more), NOW)
    assert isinstance(found, ParsedFeed), found
    return found


def test_addresses_of_a_sitemap_are_entries_newest_first() -> None:
    news = (
        "<n:news><n:title>Big news</n:title><n:publication_date>2026-03-01T10:00:00Z"
        "</n:publication_date><n:publication><n:language>de</n:language></n:publication></n:news>"
    )
    found = read(urlset(url("old-post.html", "2026-01-01"), url("x", more=news), url("no-date")))
    assert [(one.title, one.url) for one in found.entries] == [
        ("Big news", "https://blog.example/x"),
        ("Old post", "https://blog.example/old-post.html"),
        ("No date", "https://blog.example/no-date"),
    ]
    assert found.entries[0].published_at == datetime(2026, 3, 1, 10, tzinfo=UTC)
    assert found.entries[0].language == "de"


def test_a_new_lastmod_changes_the_content_of_an_entry() -> None:
    first, same, changed = (
        read(urlset(url("a", day))).entries[0] for day in ("2026-01-01", "2026-01-01", "2026-01-02")
    )
    assert first.content_hash() == same.content_hash() != changed.content_hash()
    assert first.external_id == changed.external_id


@pytest.mark.parametrize("pack", [lambda body: body, gzip.compress])
def test_fifty_thousand_addresses_are_read_and_no_more(pack) -> None:  # type: ignore[no-untyped-def]
    body = pack(urlset(*(url(str(n)) for n in range(MAX_ADDRESSES + 10))))
    found = parse_sitemap(body)
    assert (len(found.listed), found.too_many) == (MAX_ADDRESSES, True)


def test_lines_of_addresses_are_a_sitemap() -> None:
    found = read(b"https://blog.example/a\n\nhttps://blog.example/b\n")
    assert len(found.entries) == 2


def test_the_newest_sitemaps_of_an_index_are_requested() -> None:
    pages = [Fetched(index(MAX_SITEMAPS + 2), URL)]
    asked = []
    while (wanted := next_sitemap(pages)) is not None:
        asked.append(wanted.url)
        pages.append(Fetched(urlset(url(str(len(pages)))), wanted.url))
    assert asked[0] == f"https://blog.example/{MAX_SITEMAPS + 1}.xml"
    assert len(asked) == MAX_SITEMAPS
    found = read(pages[0].body, *pages[1:])
    assert len(found.entries) == MAX_SITEMAPS
    assert f"newest {MAX_SITEMAPS}" in (found.facts.warning or "")
    assert next_sitemap([Fetched(urlset(url("a")), URL)]) is None


BOMB = b"""<?xml version="1.0"?><!DOCTYPE urlset [<!ENTITY a "aaaaaaaaaa">
<!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">
]><urlset><url><loc>https://blog.example/&c;</loc></url></urlset>"""
OUTSIDE = b"""<!DOCTYPE urlset [<!ENTITY x SYSTEM "file:///etc/passwd">]>
<urlset><url><loc>https://blog.example/&x;</loc></url></urlset>"""


@pytest.mark.parametrize("body", [BOMB, OUTSIDE])
def test_a_bomb_of_xml_entities_is_refused_at_its_declaration(body: bytes) -> None:
    with pytest.raises(BadSitemap, match="document type"):
        parse_sitemap(body)


def test_unless_declarations_are_refused_xml_entities_are_expanded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With the guard disabled."""
    monkeypatch.setattr(sitemap_parser, "_refuse", lambda *_: None)
    assert parse_sitemap(BOMB).listed[0].loc.count("a") > 1_000


def test_a_compressed_bomb_takes_little_memory() -> None:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    start = f"<urlset {NS}><url><loc>".encode()
    bomb = packer.compress(start) + b"".join(packer.compress(b" " * 1_000_000) for _ in range(80))
    bomb += packer.flush()
    tracemalloc.start()
    try:
        with pytest.raises(BadSitemap, match="larger than 50 MB"):
            parse_sitemap(bomb)
        assert tracemalloc.get_traced_memory()[1] < 5_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "body",
    [
        b"<html><body>no</body></html>",
        b"<urlset>",
        b"not a sitemap",
        b"\x1f\x8bbroken",
        b"<urlset>" + b"<url>" * 50,
        b"<a" * 3,
    ],
)
def test_a_response_that_is_no_sitemap_is_malformed(body: bytes) -> None:
    found = read_sitemap(Fetched(body, URL), NOW)
    assert isinstance(found, Failed)
    assert found.failure is Failure.MALFORMED


def test_a_truncated_sitemap_gives_the_addresses_before_its_end() -> None:
    found = read(urlset(url("a"), url("b"))[:-20])
    assert [one.url for one in found.entries] == ["https://blog.example/a"]
    assert "broken" in (found.facts.warning or "")
