import pytest

from groundwork_data.web.html import clean, plain

BASE = "https://site.example/posts/1"


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("plain & simple", "plain &amp; simple"),
        ("<p>Hello <b>world</b></p>", "<p>Hello <b>world</b></p>"),
        ("<p>never closed", "<p>never closed</p>"),
        ("<b><i>crossed</b></i>", "<b><i>crossed</i></b>"),
        ("a<br/>b<hr>c", "a<br>b<hr>c"),
        ("<script>alert(1)</script>after", "after"),
        ("<style>p{}</style><p style='x' class='y' onclick='z'>t</p>", "<p>t</p>"),
        ("<svg><script>alert(1)</script><text>in</text></svg>out", "out"),
        ("<svg><p>no part of the picture</p></svg>out", "<p>no part of the picture</p>out"),
        ("<math><mi><a href='https://x.example'>x</a></mi></math>", ""),
        ("<iframe src='https://evil.example'></iframe>after", "after"),
        ("<a href='javascript:alert(1)'>x</a>", "<a>x</a>"),
        ("<a href='java\tscript:alert(1)'>x</a>", "<a>x</a>"),
        ("<a href='&#106;avascript:alert(1)'>x</a>", "<a>x</a>"),
        ("<a href='data:text/html,x'>x</a>", "<a>x</a>"),
        ("<a href='/about'>x</a>", '<a href="https://site.example/about">x</a>'),
        ("<a href='mailto:a@b.example'>x</a>", '<a href="mailto:a@b.example">x</a>'),
        ('<img src="i.png" onerror="x">', '<img src="https://site.example/posts/i.png">'),
        ('<a title="&quot;&gt;<script>">x</a>', '<a title="&quot;&gt;&lt;script&gt;">x</a>'),
        ("<!-- <script> --><p>x</p>", "<p>x</p>"),
        ("<![CDATA[<script>]]><p>x</p>", "]]&gt;<p>x</p>"),
        ("&lt;script&gt;", "&lt;script&gt;"),
        ("<form><input><button>go</button></form>", "go"),
        ("<unknown>text</unknown>", "text"),
        ("<p title='t' lang='de' id='i' data-x='y'>text</p>", "<p>text</p>"),
    ],
)
def test_only_harmless_html_remains(given: str, kept: str) -> None:
    assert clean(given, BASE).html == kept


def test_cleaning_clean_html_changes_nothing() -> None:
    once = clean("<p>a &amp; b <a href='/x?y=1&amp;z'>c</a> &lt;i&gt;</p><ul><li>d", BASE).html
    assert clean(once, BASE).html == once


def test_links_are_absolute_and_each_is_found_once() -> None:
    html = (
        "<a href='/a'>1</a><a href='/a'>2</a><a href='https://other.example/b#c'>3</a>"
        "<a href='mailto:x@y.example'>4</a><a href='#top'>5</a><img src='/i.png'>"
    )
    assert clean(html, BASE).links == (
        "https://site.example/a",
        "https://other.example/b#c",
        "https://site.example/posts/1#top",
    )


def test_the_text_of_a_title_has_no_tags_and_single_spaces() -> None:
    assert plain(" A <b>bold</b>\n title &amp; more ") == "A bold title & more"


@pytest.mark.parametrize(
    ("html", "words"),
    [
        ("One<br>two", "One two"),
        ("<p>One</p><p>two</p>", "One two"),
        ("a<b>b</b>c", "abc"),
        ("x<script>alert(1)</script>y", "xy"),
        ("3 < 4 &amp;&amp; 5 > 4", "3 < 4 && 5 > 4"),
        ("?a=1&region=2 &copy; &lt;b&gt;", "?a=1®ion=2 © <b>"),
    ],
)
def test_plain_text_has_the_words_that_a_browser_shows(html: str, words: str) -> None:
    assert plain(html) == words


@pytest.mark.parametrize(
    "tail", ["&region=eu", "&section=n", "&copy=2", "&currency=chf", "&notify=1", "&lt=3", "&amp=1"]
)
@pytest.mark.parametrize("quote", ['"', "'", ""])
def test_a_reference_without_semicolon_stays_in_an_address(tail: str, quote: str) -> None:
    address = f"https://shop.example/?id=1{tail}"
    cleaned = clean(f"<a href={quote}{address}{quote}>x</a><img src={quote}{address}{quote}>", None)
    assert cleaned.links == (address,)
    assert cleaned.html.count(f'="{address.replace("&", "&amp;")}"') == 2


def test_a_reference_with_semicolon_is_decoded_in_an_address() -> None:
    cleaned = clean('<a href="https://x.example/?a=1&amp;b=2&#38;c=&reg;">x</a>', None)
    assert cleaned.links == ("https://x.example/?a=1&b=2&c=®",)


def test_fragments_are_resolved_against_the_page_and_other_addresses_against_the_base() -> None:
    html = '<a href="#note">1</a><a href="note">2</a>'
    cleaned = clean(html, "https://site.example/", "https://site.example/posts/1")
    assert cleaned.links == ("https://site.example/posts/1#note", "https://site.example/note")


@pytest.mark.parametrize(
    ("html", "kept"),
    [
        ('<img src="data:image/gif;base64,R0" data-src="/a.jpg">', 'src="https://site.example/a.jpg"'),
        ('<img data-src="/a.jpg" src="/grey.gif">', 'src="https://site.example/a.jpg"'),
        ('<IMG DATA-SRC="/a b.jpg">', 'src="https://site.example/a%20b.jpg"'),
        ('<img data-original="/a" alt="A > B">', 'src="https://site.example/a" alt="A &gt; B"'),
        ('<img data-lazy-src="/a.jpg" src="">', 'src="https://site.example/a.jpg"'),
        ('<img data-src="javascript:alert(1)">', ""),
        ('<img data-src="javascript:alert(1)" src="/b.jpg">', 'src="https://site.example/b.jpg"'),
        (
            '<img srcset="/1.jpg 1x, /2.jpg 2x">',
            'src="https://site.example/1.jpg" '
            'srcset="https://site.example/1.jpg 1x, https://site.example/2.jpg 2x"',
        ),
        (
            '<img data-srcset="/s 320w,/l,2 1024w" width="9">',
            'src="https://site.example/l,2" '
            'srcset="https://site.example/s 320w, https://site.example/l,2 1024w" width="9"',
        ),
        (
            '<img src="/own.jpg" srcset="javascript:x 1x, /2.jpg 2x">',
            'src="https://site.example/own.jpg" srcset="https://site.example/2.jpg 2x"',
        ),
        ('<img srcset="data:image/gif;base64,R0 1x">', ""),
    ],
)  # fmt: skip
def test_a_lazily_loaded_image_gets_its_address(html: str, kept: str) -> None:
    cleaned = clean(html, BASE)
    assert cleaned.html == (f"<img {kept}>" if kept else "<img>")
    assert cleaned.links == ()
    assert clean(cleaned.html, BASE).html == cleaned.html


def test_sources_of_a_picture_element_are_kept() -> None:
    html = (
        '<picture><source data-srcset="/a.webp" type="image/webp"><img data-src="/a.jpg"></picture>'
    )
    assert clean(html, BASE).html == (
        '<picture><source srcset="https://site.example/a.webp" type="image/webp">'
        '<img src="https://site.example/a.jpg"></picture>'
    )


def test_a_long_text_loses_no_word_and_no_link() -> None:
    cell = '<td><em class="x">a&b</em> <a href="/c?d=1&e=2">e</a></td>'
    cleaned = clean("<table>" + f"<tr>{cell * 3}</tr>" * 4_000 + "</table>", BASE)
    assert (
        cleaned.html.count('<em>a&amp;b</em> <a href="https://site.example/c?d=1&amp;e=2">')
        > 11_990
    )
    assert plain(cleaned.html).count("a&b") == 12_000
    assert cleaned.links == ("https://site.example/c?d=1&e=2",)


def test_image_markup_in_a_title_attribute_is_unchanged() -> None:
    html = """<a title='<img data-src="/x.jpg">'>x</a><img data-src="/y.jpg">"""
    assert clean(html, BASE).html == (
        '<a title="&lt;img data-src=&quot;/x.jpg&quot;&gt;">x</a>'
        '<img src="https://site.example/y.jpg">'
    )
