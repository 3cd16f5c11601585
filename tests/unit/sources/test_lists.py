import pytest

from groundwork_core.sources.lists import NotAList, read_list

OPML = b"""<?xml version="1.0"?>
<opml version="2.0"><head><title>mine</title></head><body>
<outline text="Tech">
  <outline type="rss" text="A blog" xmlUrl="https://a.example/feed" category="/go,databases"/>
  <outline type="rss" title="B" text="b" xmlurl=" https://b.example/rss "/>
</outline>
<outline type="rss" text="No folder" xmlUrl="ftp://c.example/feed"/>
</body></opml>"""

BOMB = b"""<?xml version="1.0"?><!DOCTYPE opml [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>
<opml><body><outline text="&b;" xmlUrl="https://a.example/"/></body></opml>"""


def test_opml_gives_addresses_names_and_folders_as_tags() -> None:
    first, second, third = read_list(OPML)
    assert (first.url, first.name, first.line) == ("https://a.example/feed", "A blog", 4)
    assert first.tags == ("Tech", "go", "databases")
    assert (second.url, second.name, second.tags) == ("https://b.example/rss", "B", ("Tech",))
    assert third.fault == "only http and https addresses are fetched"
    assert third.tags == ()


def test_one_address_a_line_with_comments_and_gaps() -> None:
    found = read_list("\ufeff# mine\n\nhttps://a.example/feed\r\nnonsense\n".encode())
    assert [(one.line, one.name, one.fault is None) for one in found] == [
        (3, "a.example/feed", True),
        (4, "nonsense", False),
    ]


def test_opml_that_declares_entities_is_refused() -> None:
    with pytest.raises(NotAList, match="document type"):
        read_list(BOMB)


def test_opml_that_is_no_xml_is_refused() -> None:
    with pytest.raises(NotAList, match="no XML"):
        read_list(b"<opml><body>")


@pytest.mark.parametrize(
    "url",
    ["https://", "http://[::1", "javascript:alert(1)", "https://a.example/" + "x" * 2_048],
)
def test_an_address_that_cannot_be_fetched_says_why(url: str) -> None:
    (found,) = read_list(url.encode())
    assert found.fault
