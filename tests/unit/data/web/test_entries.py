"""The fields of an entry: titles, text, dates and languages."""

from datetime import UTC, datetime

import pytest

from .feed_texts import NOW, atom, json_feed, only, read, rss

LATER = datetime(2036, 3, 1, tzinfo=UTC)


def test_an_entry_does_not_depend_on_the_time_of_reading() -> None:
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


def test_doubly_escaped_text_is_decoded_in_rss_but_not_in_atom() -> None:
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


def test_the_response_header_is_the_last_choice_for_the_language() -> None:
    silent, stated = rss("<title>t</title>"), rss("<title>t</title>", "<language>de</language>")
    assert read(silent, content_language="en").entries[0].language == "en"
    assert read(stated, content_language="en").entries[0].language == "de"


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
def test_dates_of_json_feed_items_are_read(date: str, expected: datetime | None) -> None:
    assert only(json_feed(f', "date_published": {date}')).published_at == expected


def test_the_first_readable_date_of_an_entry_counts() -> None:
    dates = "<pubDate>soon</pubDate><dc:date>2023-01-05</dc:date>"
    assert only(rss(dates + "<title>t</title>")).published_at == datetime(2023, 1, 5, tzinfo=UTC)
    one = only(atom("<updated>2023-02-01</updated><published>2023-01-05</published>"))
    assert one.published_at == datetime(2023, 1, 5, tzinfo=UTC)


def test_bare_ampersands_and_html_entities_are_read_in_xml() -> None:
    broken = "<title>AT&T &eacute; Q&A; &nbsp;x</title><link>https://a.example/?a=1&b=2</link>"
    entry = only(rss(broken))
    assert (entry.title, entry.url) == ("AT&T é Q&A; x", "https://a.example/?a=1&b=2")
