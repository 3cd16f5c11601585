import pytest

from groundwork_data.web.html import absolute, clean, plain

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
        ("<svg><script>alert(1)</script><p>in</p></svg>out", "out"),
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
        ("<![CDATA[<script>x</script>]]>", ""),
        ("&lt;script&gt;", "&lt;script&gt;"),
        ("<form><input><button>go</button></form>", "go"),
        ("<unknown>text</unknown>", "text"),
    ],
)
def test_only_harmless_html_remains(given: str, kept: str) -> None:
    assert clean(given, BASE).html == kept


def test_cleaning_what_is_clean_changes_nothing() -> None:
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


def test_words_are_what_a_title_needs() -> None:
    assert plain(" A <b>bold</b>\n title &amp; more ") == "A bold title & more"


@pytest.mark.parametrize(
    "url", [None, "", "ftp://x.example", "http://", "//[bad", "x" * 3_000, "mailto:a@b.example"]
)
def test_what_cannot_be_followed_is_no_address(url: str | None) -> None:
    assert absolute(url, None) is None
