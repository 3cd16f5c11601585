"""Lists of feeds: OPML, or one address a line."""

import pytest

from groundwork_command.commands.feed_lists import BadList, Listed, read

OPML = """<?xml version="1.0" encoding="UTF-8"?>
<opml version="2.0"><head><title>Mine</title></head><body>
  <outline text="Sea">
    <outline text="Harbour" title="Harbour News" type="rss" xmlUrl="https://harbour.test/feed"/>
    <outline text="Deeper"><outline text="Crabs" xmlUrl="http://crabs.test/rss"/></outline>
  </outline>
  <outline xmlUrl="https://www.plain.test/atom"/>
  <outline text="No feed" htmlUrl="https://site.test"/>
  <outline text="Odd" xmlUrl="feed://odd.test"/>
</body></opml>"""


def test_opml_gives_names_and_folders_as_tags() -> None:
    assert read(OPML) == [
        Listed("https://harbour.test/feed", "Harbour News", ("Sea",)),
        Listed("http://crabs.test/rss", "Crabs", ("Sea", "Deeper")),
        Listed("https://www.plain.test/atom", "plain.test"),
    ]


def test_lines_may_be_empty_comments_or_addresses() -> None:
    text = "\ufeff# mine\n\nhttps://a.test/feed\n  http://b.test/rss  \n"
    assert [feed.url for feed in read(text)] == ["https://a.test/feed", "http://b.test/rss"]


def test_an_address_counts_once() -> None:
    assert len(read("https://a.test/feed\nhttps://a.test/feed\n")) == 1


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("https://a.test\nnot an address\n", "line 2"),
        ("ftp://a.test/feed", "line 1"),
        ("<opml><body>", "well-formed"),
        ("<html><body/></html>", "not OPML"),
        ('<!DOCTYPE x [<!ENTITY a "b">]><opml><body/></opml>', "entities"),
    ],
)
def test_what_is_no_list_is_refused_with_a_reason(text: str, says: str) -> None:
    with pytest.raises(BadList, match=says):
        read(text)
