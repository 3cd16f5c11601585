"""Descriptions of media are not the text of the entry."""

import pytest

from .feed_texts import atom, only, rss

CAPTION = "<media:content url='https://a.example/1.jpg'><media:description>A caption, much longer"
CAPTION += " than all the rest of it</media:description></media:content>"


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


def test_a_caption_is_not_the_text_of_an_entry_but_a_description_is() -> None:
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
