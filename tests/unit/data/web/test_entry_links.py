"""Addresses of entries: their own, those of their files, and what is relative."""

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from groundwork_core.documents.model import Enclosure, Entry
from groundwork_core.sources.fetch_outcome import Fetched
from groundwork_core.sources.ports import ParsedFeed
from groundwork_data.web.feeds import read_feed

FEED = "https://feeds.example/blog.xml"
BLOG = "https://blog.example/"
QUERY = "https://x.example/?a=1&region=2&copy=3"
PICTURE = '&lt;img src="{}"&gt;'


def entries(body: str) -> tuple[Entry, ...]:
    outcome = read_feed(Fetched(body.encode(), FEED, "text/xml"), datetime(2026, 3, 1, tzinfo=UTC))
    assert isinstance(outcome, ParsedFeed), outcome
    return outcome.entries


def rss(item: str, site: str = f"<link>{BLOG}</link>", more: str = "") -> Entry:
    (entry,) = entries(
        f'<rss version="2.0" xmlns:media="http://search.yahoo.com/mrss/" {more}'
        ' xmlns:atom="http://www.w3.org/2005/Atom">'
        f"<channel><title>B</title>{site}<item><title>T</title>{item}</item></channel></rss>"
    )
    return entry


def atom(entry: str, more: str = "") -> Entry:
    (found,) = entries(
        f'<feed xmlns="http://www.w3.org/2005/Atom" {more}><link href="{BLOG}"/><title>B</title>'
        f"<entry><id>urn:1</id><title>T</title>{entry}</entry></feed>"
    )
    return found


def json_feed(item: str) -> Entry:
    (entry,) = entries(
        '{"version":"https://jsonfeed.org/version/1.1","home_page_url":"https://blog.example/",'
        f'"items":[{{"id":"1",{item}}}]}}'
    )
    return entry


@pytest.mark.parametrize(
    ("item", "url"),
    [
        ("<link>/post/1</link>", f"{BLOG}post/1"),
        ("<link>post/1</link>", f"{BLOG}post/1"),
        ("<link>\n  /the plan.html\n</link>", f"{BLOG}the%20plan.html"),
        ("<link>//other.example/1</link>", "https://other.example/1"),
        (f"<link>{QUERY}</link>", QUERY),
        (f"<link>{QUERY.replace('&', '&amp;')}</link>", QUERY),
        (f'<enclosure url="{QUERY}"/>', QUERY),
        ('<atom:link href="/post/2"/>', f"{BLOG}post/2"),
        ('<guid>https://x.example/permanent link</guid>', "https://x.example/permanent%20link"),
        ("<guid>/post/3</guid>", f"{BLOG}post/3"),
        ("<guid>post-3</guid>", None),
        ("<guid>post-3</guid><link>/post/4</link>", f"{BLOG}post/4"),
        ('<guid isPermaLink="false">https://x.example/1</guid>', None),
        ('<guid>ep4</guid><enclosure url="/4.mp3" type="audio/mpeg"/>', f"{BLOG}4.mp3"),
        ('<link></link><enclosure url="/4.mp3" type="audio/mpeg"/>', f"{BLOG}4.mp3"),
        ('<link>urn:x</link><enclosure url="/4.mp3"/>', f"{BLOG}4.mp3"),
        ('<enclosure url="/4.mp3"/><link>/post/4</link>', f"{BLOG}post/4"),
    ],
)  # fmt: skip
def test_the_url_of_an_rss_entry_is_found(item: str, url: str | None) -> None:
    assert rss(item).url == url


@pytest.mark.parametrize(
    ("entry", "url"),
    [
        ('<link href="/post/1"/>', "https://feeds.example/post/1"),
        (
            '<link type="application/pdf" href="https://x.example/1.pdf"/>',
            "https://x.example/1.pdf",
        ),
        (
            '<link rel="alternate" type="text/plain" href="https://x.example/1.txt"/>'
            '<link rel="alternate" type="text/html" href="https://x.example/1.html"/>'
            '<link rel="alternate" hreflang="fr" href="https://x.example/fr.html"/>',
            "https://x.example/1.html",
        ),
        ('<link rel="enclosure" href="https://x.example/4.mp3"/>', "https://x.example/4.mp3"),
        ('<link rel="self" href="https://x.example/self"/>', None),
        ('<link rel="related" href="https://x.example/other"/>', None),
    ],
)
def test_the_url_of_an_atom_entry_is_found(entry: str, url: str | None) -> None:
    assert atom(entry).url == url


@pytest.mark.parametrize(
    ("item", "url"),
    [
        ('"url":"/1"', f"{BLOG}1"),
        ('"url":"","external_url":"https://x.example/a b"', "https://x.example/a%20b"),
        ('"url":"urn:x","external_url":"/2"', f"{BLOG}2"),
        ('"title":"T","attachments":[{"url":"/4.mp3","mime_type":"audio/mpeg"}]', f"{BLOG}4.mp3"),
        ('"title":"T","attachments":"none"', None),
    ],
)
def test_the_url_of_a_json_feed_item_is_found(item: str, url: str | None) -> None:
    assert json_feed(item).url == url


@pytest.mark.parametrize(
    ("stated", "picture"),
    [
        ("/i.png", f"{BLOG}i.png"),
        ("i.png", f"{BLOG}i.png"),
        ("my photo.png", f"{BLOG}my%20photo.png"),
        ("//cdn.example/i.png", "https://cdn.example/i.png"),
        ("https://cdn.example/i.png", "https://cdn.example/i.png"),
    ],
)
def test_relative_addresses_in_rss_are_resolved_against_the_channel(
    stated: str, picture: str
) -> None:
    entry = rss(f"<link>/post/1</link><description>{PICTURE.format(stated)}</description>")
    assert entry.summary == f'<img src="{picture}">'


def test_a_fragment_in_rss_is_resolved_against_the_entry() -> None:
    text = '&lt;a href="#note"&gt;1&lt;/a&gt;'
    entry = rss(f"<link>/post/1</link><description>{text}</description>")
    assert entry.links == (f"{BLOG}post/1#note",)


def test_a_channel_without_a_link_leaves_the_entry_s_own() -> None:
    text = f"<description>{PICTURE.format('i.png')}</description>"
    item = f"<link>https://x.example/posts/1</link>{text}"
    assert rss(item, site="").summary == '<img src="https://x.example/posts/i.png">'
    assert rss("<link>/post/1</link>", site="").url == "https://feeds.example/post/1"


@pytest.mark.parametrize("kind", ["rss", "atom"])
def test_xml_base_precedes_other_bases(kind: str) -> None:
    more = 'xml:base="https://base.example/a/"'
    if kind == "rss":
        text = f"<description>{PICTURE.format('i.png')}</description>"
        entry = rss(f"<link>1</link>{text}<enclosure url='1.mp3'/>", more=more)
        files = entry.enclosures
    else:
        text = f'<content type="html">{PICTURE.format("i.png")}</content>'
        entry = atom(f'<link href="1"/>{text}', more)
        files = ()
    assert entry.url == "https://base.example/a/1"
    assert 'src="https://base.example/a/i.png"' in entry.summary + entry.content
    assert len(files) == (kind == "rss")


@pytest.mark.parametrize(
    ("item", "files"),
    [
        (
            '<enclosure url="https://p.example/4 a.mp3" type="audio/mpeg" length="12345"/>',
            [Enclosure("https://p.example/4%20a.mp3", "audio/mpeg", 12345)],
        ),
        ('<enclosure url="/4.mp3"/>', [Enclosure(f"{BLOG}4.mp3")]),
        (
            '<enclosure url="/4" type=" audio/mpeg; codecs=x " length=" 7 "/>',
            [Enclosure(f"{BLOG}4", "audio/mpeg; codecs=x", 7)],
        ),
        ('<enclosure url="/4" type="mp3" length="12:30"/>', [Enclosure(f"{BLOG}4")]),
        ('<enclosure url="/4" length="-1"/>', [Enclosure(f"{BLOG}4")]),
        ('<enclosure url="/4" length="0"/>', [Enclosure(f"{BLOG}4", None, 0)]),
        ('<enclosure url="/4" length="99999999999999999999"/>', [Enclosure(f"{BLOG}4")]),
        (
            '<enclosure url="/4"/><enclosure url="/5"/><enclosure url="/4"/>',
            [Enclosure(f"{BLOG}4"), Enclosure(f"{BLOG}5")],
        ),
        ('<enclosure url="javascript:alert(1)"/><enclosure url="file:///etc/x"/><enclosure/>', []),
        (
            '<atom:link rel="enclosure" href="/4" type="audio/ogg" length="9"/>',
            [Enclosure(f"{BLOG}4", "audio/ogg", 9)],
        ),
        (
            '<media:group><media:content url="/4" type="video/mp4" fileSize="8"/></media:group>',
            [Enclosure(f"{BLOG}4", "video/mp4", 8)],
        ),
        ('<media:content url="/4.mp4" medium="video"/>', [Enclosure(f"{BLOG}4.mp4")]),
        ('<media:content url="/avatar.png" medium="image"/>', []),
    ],
)
def test_enclosures_are_kept_with_type_and_length(item: str, files: list[Enclosure]) -> None:
    entry = rss(f"<link>/post/1</link>{item}")
    assert list(entry.enclosures) == files
    assert entry.url == f"{BLOG}post/1"


def test_enclosures_of_atom_and_json_feed_are_found() -> None:
    link = '<link rel="enclosure" href="https://p.example/4" type="audio/mpeg" length="5"/>'
    stated = Enclosure("https://p.example/4", "audio/mpeg", 5)
    assert atom(link).enclosures == (stated,)
    assert atom('<link rel="enclosure" href="https://p.example/4"/>').enclosures == (
        Enclosure("https://p.example/4"),
    )
    files = (
        '[{"url":"https://p.example/4","mime_type":"audio/mpeg","size_in_bytes":5},'
        '{"url":"/5","size_in_bytes":true},{"url":7},"x",{}]'
    )
    assert json_feed(f'"attachments":{files}').enclosures == (stated, Enclosure(f"{BLOG}5"))


def test_files_are_bounded() -> None:
    item = "".join(f'<enclosure url="/{n}"/>' for n in range(200))
    assert len(rss(item).enclosures) == 50


def test_files_are_part_of_the_content_but_not_of_what_it_links_to() -> None:
    one, other = rss('<enclosure url="/4"/><link>/1</link>'), rss("<link>/1</link>")
    assert one.content_hash() != other.content_hash()
    assert one.links == ()


SAMPLES = Path(os.environ.get("GROUNDWORK_SAMPLE_DATA", "../shared/data")) / "failing"


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="GROUNDWORK_SAMPLE_DATA has no folder failing/")
def test_sample_feeds_with_unusual_links_are_read() -> None:
    def read(name: str) -> Entry:
        (entry,) = entries((SAMPLES / f"{name}.rss.xml").read_text())
        return entry

    assert read("ampersand-in-href").links == (
        "https://shop.example/?id=1&region=eu&section=news&copy=2&currency=chf&notify=1",
    )
    assert read("lazy-images").summary.startswith(
        '<img src="https://blog.example/real.jpg"><img src'
    )
    assert read("podcast-without-link").url == "https://pod.example/ep4.mp3"
    assert read("podcast-without-link").enclosures == (
        Enclosure("https://pod.example/ep4.mp3", "audio/mpeg", 1),
    )
    assert read("relative-link-feed-on-other-host").url == f"{BLOG}post/1"
    assert read("relative-link-feed-on-other-host").summary == f'<img src="{BLOG}i.png">'
    assert read("spaces-in-links").url == f"{BLOG}the%20plan.html"
    assert read("spaces-in-links").summary == (
        f'<img src="{BLOG}pics/my%20photo.jpg"> <a href="{BLOG}docs/a%20b.pdf">plan</a>'
    )
