"""What an entry of a feed says, in the words of the feed."""

import re
from datetime import UTC, datetime

import pytest

from groundwork_core.documents.model import Entry
from groundwork_core.sources.fetch_outcome import Failed, Failure, Fetched
from groundwork_core.sources.ports import ParsedFeed
from groundwork_data.web import feed_parser
from groundwork_data.web.feeds import read_feed

NOW = datetime(2026, 3, 1, tzinfo=UTC)
LATER = datetime(2036, 3, 1, tzinfo=UTC)
URL = "https://feed.example/feed"
NAMESPACES = (
    'xmlns:media="http://search.yahoo.com/mrss/" xmlns:dc="http://purl.org/dc/elements/1.1/"'
    ' xmlns:content="http://purl.org/rss/1.0/modules/content/"'
    ' xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd"'
)
CAPTION = "<media:content url='https://a.example/1.jpg'><media:description>A caption, much longer"
CAPTION += " than all the rest of it</media:description></media:content>"


def rss(item: str, channel: str = "", attributes: str = "") -> str:
    return (
        f'<rss version="2.0" {NAMESPACES} {attributes}><channel><title>Feed</title>'
        f"<link>https://a.example/</link>{channel}<item><guid>1</guid>{item}</item></channel></rss>"
    )


def atom(entry: str, feed: str = "", attributes: str = "") -> str:
    return (
        f'<feed xmlns="http://www.w3.org/2005/Atom" {NAMESPACES} {attributes}><title>Feed</title>'
        f"{feed}<entry><id>urn:1</id><title>t</title>{entry}</entry></feed>"
    )


def read(text: str, now: datetime = NOW, content_language: str | None = None) -> ParsedFeed:
    outcome = read_feed(
        Fetched(text.encode(), URL, "text/xml", content_language=content_language), now
    )
    assert isinstance(outcome, ParsedFeed), outcome
    return outcome


def only(text: str) -> Entry:
    (entry,) = read(text).entries
    return entry


def test_nothing_of_an_entry_depends_on_when_it_is_read() -> None:
    text = rss("<title>Fair</title><pubDate>Wed, 02 Jul 2031 10:00:00 GMT</pubDate>")
    before, after = read(text, NOW), read(text, LATER)
    assert before.entries == after.entries
    assert before.entries[0].published_at == datetime(2031, 7, 2, 10, tzinfo=UTC)
    # How often a feed publishes is asked of the past alone.
    assert (before.facts.newest_at, after.facts.newest_at) == (None, after.entries[0].published_at)


TITLES = [
    ("Vec&lt;String&gt; explained", "Vec<String> explained"),
    ("<![CDATA[Vec<T> & Option<u8>]]>", "Vec<T> & Option<u8>"),
    ("&lt;b&gt;, &lt;/b&gt; &amp; &lt;script&gt;", "<b>, </b> & <script>"),
    ("AT&amp;T, R&amp;D, a &lt; b &amp;&amp; c", "AT&T, R&D, a < b && c"),
    ("#include &lt;/etc/shadow&gt;", "#include </etc/shadow>"),
]


@pytest.mark.parametrize(("written", "meant"), TITLES)
def test_titles_and_categories_are_plain_text(written: str, meant: str) -> None:
    one = only(rss(f"<title>{written}</title><category>{written}</category>"))
    assert (one.title, one.categories) == (meant, (meant,))
    other = only(atom("").replace("<title>t</title>", f"<title>{written}</title>"))
    assert other.title == meant


def test_what_rss_escapes_twice_is_read_and_what_atom_does_is_not() -> None:
    twice = "it&amp;#8217;s &amp;ldquo;A &amp;amp; B&amp;rdquo; &amp;lt; C &amp;copy=1"
    assert only(rss(f"<title>{twice}</title>")).title == "it’s “A & B” < C &copy=1"  # noqa: RUF001
    other = only(atom("").replace("<title>t</title>", "<title>1 &amp;amp; 2</title>"))
    assert other.title == "1 &amp; 2"


def test_a_title_that_says_it_is_html_loses_its_tags() -> None:
    written = '<title type="html">&lt;b&gt;A&lt;/b&gt; &amp;amp; B &amp;lt;c></title>'
    assert only(atom("").replace("<title>t</title>", written)).title == "A & B <c>"


def test_plain_text_is_escaped_where_html_is_stored() -> None:
    one = only(atom('<summary type="text">if a &lt; b &amp;&amp; &lt;div&gt;</summary>'))
    assert one.summary == "if a &lt; b &amp;&amp; &lt;div&gt;"
    one = only(
        '{"version": "https://jsonfeed.org/version/1.1", "title": "A<B>", "items": [{"id": "1",'
        '"title": "Vec<String> &amp; more", "summary": "x <y> & z", "tags": ["Vec<T>", "a&amp;b"],'
        '"content_text": "if (a<b) { return Vec<u8>; }\\nUse <div> &lt;literally&gt;."}]}'
    )
    assert (one.title, one.categories) == ("Vec<String> &amp; more", ("Vec<T>", "a&amp;b"))
    assert one.summary == "x &lt;y&gt; &amp; z"
    assert one.content == (
        "if (a&lt;b) { return Vec&lt;u8&gt;; }\nUse &lt;div&gt; &amp;lt;literally&amp;gt;."
    )
    assert one.links == ()


@pytest.mark.parametrize(
    "order", [(0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0)]
)
def test_a_caption_is_not_the_article(order: tuple[int, ...]) -> None:
    parts = [
        "<description>Teaser.</description>",
        CAPTION + CAPTION,
        "<content:encoded>&lt;p&gt;The article.&lt;/p&gt;</content:encoded>",
    ]
    one = only(rss("".join(parts[n] for n in order)))
    assert (one.summary, one.content) == ("Teaser.", "<p>The article.</p>")
    without = only(rss("".join(parts[n] for n in order if n != 2)))
    assert (without.summary, without.content) == ("Teaser.", "")


def test_a_caption_alone_is_no_text_but_what_describes_the_entry_is() -> None:
    assert only(rss(f"<title>t</title>{CAPTION}")).summary == ""
    group = "<media:group><media:content url='https://a.example/v'/><media:description>About a &lt;"
    group += "film</media:description></media:group>"
    assert only(atom(group)).summary == "About a &lt;film"
    assert only(atom(f"{group}<summary>Own</summary>")).summary == "Own"


def test_the_title_of_a_picture_is_not_that_of_the_entry() -> None:
    picture = (
        "<media:content url='https://a.example/1'><media:title>Pic</media:title></media:content>"
    )
    assert only(rss(f"{picture}<title>Own</title>")).title == "Own"
    assert only(rss(f"<title>Own</title>{picture}")).title == "Own"


@pytest.mark.parametrize(
    "more",
    ["<itunes:summary>Other</itunes:summary>", "<dc:description>Other</dc:description>",
     "<description>Other</description>", "<media:description>Other</media:description>"],
)  # fmt: skip
def test_no_other_description_replaces_the_first(more: str) -> None:
    one = only(rss(f"<description>Own</description>{more}"))
    assert (one.summary, one.content) == ("Own", "")
    if not more.startswith("<description"):
        assert only(rss(f"{more}<description>Own</description>")).summary == "Own"
    content = "<content:encoded>Long</content:encoded>"
    one = only(rss(f"<description>Own</description>{content}{more}"))
    assert (one.summary, one.content) == ("Own", "Long")


@pytest.mark.parametrize(
    ("text", "language"),
    [
        (rss("<title>t</title><dc:language>fr</dc:language>", "<language>en</language>"), "fr"),
        (rss("<title>t</title><language>fr_CA</language>", "<language>en</language>"), "fr-ca"),
        (rss("<title>t</title>", "<language>en</language>"), "en"),
        (rss("<title>t</title>", "<language>de</language>", 'xml:lang="en"'), "de"),
        (rss("<title>t</title>", "", 'xml:lang="en"'), "en"),
        (rss('<description xml:lang="es">x</description>', "<language>en</language>"), "es"),
        (rss('<title xml:lang="es">x</title>', "<language>en</language>"), "es"),
        (atom("", "", 'xml:lang="de"').replace("<entry>", '<entry xml:lang="es">'), "es"),
        (atom('<content xml:lang="it">x</content>', "", 'xml:lang="de"'), "it"),
        (atom("<dc:language>pt</dc:language>", "", 'xml:lang="de"'), "pt"),
        (atom("", "", 'xml:lang="de"'), "de"),
        (rss("<title>t</title><dc:language>no language</dc:language>",
             "<language>en</language>"), "en"),
    ],
)  # fmt: skip
def test_the_entrys_language_is_preferred_to_the_feeds(text: str, language: str) -> None:
    assert only(text).language == language


def test_what_the_answer_says_of_the_language_comes_last() -> None:
    silent, stated = rss("<title>t</title>"), rss("<title>t</title>", "<language>de</language>")
    assert read(silent, content_language="en").entries[0].language == "en"
    assert read(stated, content_language="en").entries[0].language == "de"


def test_the_people_of_an_entry() -> None:
    several = "<dc:creator>Ann Smith</dc:creator><dc:creator>Bob Jones</dc:creator>"
    assert only(rss(several)).authors == ("Ann Smith", "Bob Jones")
    mixed = "<title>t</title><author>ann@team.online (Ann Smith)</author>"
    assert only(rss(f"{mixed}<dc:creator>Ann Smith</dc:creator>")).authors == ("Ann Smith",)
    assert only(rss("<title>t</title><author>bob@team.online</author>")).author is None
    assert only(rss("<title>t</title><itunes:author>The Crew</itunes:author>")).authors == (
        "The Crew",
    )


def test_the_owner_of_a_podcast_wrote_nothing() -> None:
    owner = "<itunes:owner><itunes:name>Owner</itunes:name></itunes:owner>"
    assert only(rss(f"<title>t</title>{owner}", owner)).authors == ()


def test_people_of_atom() -> None:
    feed = "<author><name>House</name></author>"
    own = "<author><name>Ann</name><email>ann@a.example</email></author>"
    assert only(atom("", feed)).authors == ("House",)
    assert only(atom(own + "<author><name>Bob</name></author>", feed)).authors == ("Ann", "Bob")
    # It has an author, whose name is not known: not the feed's.
    nameless = "<author><name/><email>ann@a.example</email></author>"
    assert only(atom(nameless, feed)).authors == ()
    source = "<source><title>Other</title><author><name>Elsewhere</name></author></source>"
    assert only(atom(source, feed)).authors == ("Elsewhere",)


def json_feed(item: str) -> str:
    return (
        '{"version": "https://jsonfeed.org/version/1.1", "title": "J", "authors":'
        ' [{"name": "House"}], "items": [{"id": "1", "title": "t"' + item + "}]}"
    )


@pytest.mark.parametrize(
    ("item", "names"),
    [
        (', "authors": {"name": "Ann"}', ("Ann",)),
        (', "authors": [{"name": "Ann"}, {"name": "Bob"}]', ("Ann", "Bob")),
        (', "authors": ["Ann", "Bob"]', ("Ann", "Bob")),
        (', "authors": "Ann"', ("Ann",)),
        (', "authors": [], "author": {"name": "Bob"}', ("Bob",)),
        (', "authors": null, "author": "Bob"', ("Bob",)),
        (', "author": [{"name": "Bob"}]', ("Bob",)),
        (', "authors": [{"name": "ann@a.example"}]', ()),
        (', "authors": [{"url": "https://a.example/"}]', ()),
        (', "authors": [null, 7, {}]', ()),
        (', "authors": []', ("House",)),
        ("", ("House",)),
    ],
)
def test_people_of_json_feed(item: str, names: tuple[str, ...]) -> None:
    assert only(json_feed(item)).authors == names


@pytest.mark.parametrize(
    ("date", "expected"),
    [
        ('"Fri, 31 May 2019 12:17:58 -0700"', datetime(2019, 5, 31, 19, 17, 58, tzinfo=UTC)),
        ('"2019-05-31t12:17:58z"', datetime(2019, 5, 31, 12, 17, 58, tzinfo=UTC)),
        ("1559305078", datetime(2019, 5, 31, 12, 17, 58, tzinfo=UTC)),
        ("null", None),
        ('"soon"', None),
    ],
)
def test_dates_of_json_feed(date: str, expected: datetime | None) -> None:
    assert only(json_feed(f', "date_published": {date}')).published_at == expected


def test_the_first_date_that_says_a_moment_counts() -> None:
    dates = "<pubDate>soon</pubDate><dc:date>2023-01-05</dc:date>"
    assert only(rss(dates + "<title>t</title>")).published_at == datetime(2023, 1, 5, tzinfo=UTC)
    one = only(atom("<updated>2023-02-01</updated><published>2023-01-05</published>"))
    assert one.published_at == datetime(2023, 1, 5, tzinfo=UTC)


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
def test_of_a_feed_that_is_cut_off_anywhere_the_whole_entries_are_kept(kind: str) -> None:
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


def test_without_looking_for_the_end_a_half_entry_would_be_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text = CUT["tag soup"]
    cut = text[: text.rindex("<link>") + 23]
    assert len(read(cut).entries) == 2
    monkeypatch.setattr(feed_parser, "_ROOT_ENDS", re.compile(""))
    half = read(cut).entries[2]
    assert (half.title, half.url) == ("Title 2 & more", None)


def test_what_follows_the_end_of_a_feed_is_no_fault_of_its_entries() -> None:
    outcome = read(CUT["rss"] + "\n<script>track()</script>")
    assert (len(outcome.entries), outcome.ends_early, outcome.left_out) == (3, False, 0)
    assert outcome.facts.warning


@pytest.mark.parametrize(
    "before", ["Warning: x\n", "<!-- by a program -->\n", "\r\n\r\n", "<b>?</b>"]
)
def test_what_stands_before_the_declaration_changes_nothing(before: str) -> None:
    text = '<?xml version="1.0" encoding="windows-1251"?>' + rss("<title>Сегодня</title>")
    outcome = read_feed(Fetched((before + text).encode("cp1251"), URL), NOW)
    assert isinstance(outcome, ParsedFeed)
    assert [entry.title for entry in outcome.entries] == ["Сегодня"]


def test_a_bare_ampersand_and_names_of_html_are_what_they_look_like() -> None:
    broken = "<title>AT&T &eacute; Q&A; &nbsp;x</title><link>https://a.example/?a=1&b=2</link>"
    entry = only(rss(broken))
    assert (entry.title, entry.url) == ("AT&T é Q&A; x", "https://a.example/?a=1&b=2")
