"""Feeds that are cut off or have something around them."""

import re

import pytest

from groundwork_core.sources.fetch_outcome import Failed, Failure, Fetched
from groundwork_core.sources.ports import ParsedFeed
from groundwork_data.web import feed_parser
from groundwork_data.web.feeds import read_feed

from .feed_texts import NAMESPACES, NOW, URL, read, rss

ITEM = "<item><guid>urn:{n}</guid><title>Title {n} &amp; more</title><description>&lt;p&gt;Text"
ITEM += "&lt;/p&gt;</description><link>https://a.example/{n}</link></item>"
CUT = {
    "rss": f"<?xml version='1.0'?><rss version='2.0' {NAMESPACES}><channel><title>F</title>"
    + "".join(ITEM.format(n=n) for n in range(3)) + "</channel></rss>",
    "rdf": f"<rdf:RDF xmlns='http://purl.org/rss/1.0/' {NAMESPACES}"
    " xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'>"
    "<channel rdf:about='x'><title>F</title></channel>"
    + "".join(ITEM.format(n=n) for n in range(3)) + "</rdf:RDF>",
    "atom": "<feed xmlns='http://www.w3.org/2005/Atom'><title>F</title>" + "".join(
        f"<entry><id>urn:{n}</id><title>Title {n} &amp; more</title>"
        f"<content type='html'><![CDATA[<p>Text</p>]]></content>"
        f"<link href='https://a.example/{n}'/></entry>" for n in range(3)) + "</feed>",
    "a broken one": "<rss version='2.0'><channel><title>F&nbsp;&</title>"
    + "".join(ITEM.format(n=n) for n in range(3)) + "</channel></rss>",
    "tag soup": "<rss version='2.0'><channel><title>F</title><b><i>x</b></i>"
    + "".join(ITEM.format(n=n) for n in range(3)) + "</channel></rss>",
    "json": '{"version": "https://jsonfeed.org/version/1.1", "items": [' + ",\n".join(
        f'{{"id": "urn:{n}", "title": "Title {n} & more", "content_html": "<p>Text</p>",'
        f' "url": "https://a.example/{n}"}}' for n in range(3)) + "]}",
}  # fmt: skip


@pytest.mark.parametrize("kind", list(CUT))
def test_complete_entries_of_a_truncated_feed_are_kept(kind: str) -> None:
    text = CUT[kind]
    whole = read(text).entries
    assert [entry.external_id for entry in whole] == ["urn:0", "urn:1", "urn:2"]
    assert not read(text).ends_early
    for length in range(1, len(text)):
        outcome = read_feed(Fetched(text[:length].encode(), URL), NOW)
        if isinstance(outcome, Failed):
            assert outcome.failure in {Failure.MALFORMED, Failure.NOT_A_FEED}
            continue
        count = len(outcome.entries)
        assert outcome.entries == whole[:count]
        ended = text[:length].count("</item>") + text[:length].count("</entry>")
        assert kind == "json" or count == ended
        assert outcome.left_out in {0, 1}
        assert outcome.ends_early or "</channel>" in text[:length]


def test_unless_the_end_of_the_feed_is_looked_for_half_an_entry_is_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text = CUT["tag soup"]
    cut = text[: text.rindex("<link>") + 23]
    assert len(read(cut).entries) == 2
    monkeypatch.setattr(feed_parser, "_ROOT_ENDS", re.compile(""))
    half = read(cut).entries[2]
    assert (half.title, half.url) == ("Title 2 & more", None)


def test_junk_after_the_end_of_a_feed_does_not_harm_its_entries() -> None:
    outcome = read(CUT["rss"] + "\n<script>track()</script>")
    assert (len(outcome.entries), outcome.ends_early, outcome.left_out) == (3, False, 0)
    assert outcome.facts.warning


@pytest.mark.parametrize(
    "before", ["Warning: x\n", "<!-- by a program -->\n", "\r\n\r\n", "<b>?</b>"]
)
def test_text_before_the_xml_declaration_is_ignored(before: str) -> None:
    text = '<?xml version="1.0" encoding="windows-1251"?>' + rss("<title>Сегодня</title>")
    outcome = read_feed(Fetched((before + text).encode("cp1251"), URL), NOW)
    assert isinstance(outcome, ParsedFeed)
    assert [entry.title for entry in outcome.entries] == ["Сегодня"]
