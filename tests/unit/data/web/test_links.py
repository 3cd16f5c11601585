import pytest

from groundwork_data.web.links import absolute, address_of, srcset

BASE = "https://site.example/posts/1"


@pytest.mark.parametrize(
    ("url", "whole"),
    [
        ("https://x.example/the plan.html", "https://x.example/the%20plan.html"),
        ("  https://x.example/a  ", "https://x.example/a"),
        ("\n\thttps://x.example/a\r\n", "https://x.example/a"),
        ("https://x.example/a\n\t  b", "https://x.example/a%20%20b"),
        ("https://x.example/?q=two words#a b", "https://x.example/?q=two%20words#a%20b"),
        ("https://x.example/a%20b", "https://x.example/a%20b"),
        ('https://x.example/"<b>`', "https://x.example/%22%3Cb%3E%60"),
        ("/docs/a b.pdf", "https://site.example/docs/a%20b.pdf"),
        ("a b.pdf", "https://site.example/posts/a%20b.pdf"),
        ("../up", "https://site.example/up"),
        ("//other.example/x", "https://other.example/x"),
        ("?page=2", "https://site.example/posts/1?page=2"),
        ("#top", "https://site.example/posts/1#top"),
        ("HTTPS://X.example/A", "HTTPS://X.example/A"),
        ("https://x.example/ü", "https://x.example/ü"),
        ("https://x.example:8443/a", "https://x.example:8443/a"),
    ],
)
def test_an_address_is_read_as_browsers_read_it(url: str, whole: str) -> None:
    assert absolute(url, BASE) == whole


@pytest.mark.parametrize(
    "url",
    [
        *(None, "", "ftp://x.example", "http://", "//[bad", "x" * 3_000, "mailto:a@b.example"),
        *(
            "javascript:alert(1)",
            "java\tscript:alert(1)",
            "data:text/html,x",
            "https://a b.example/",
        ),
        *("https://x.example:99999/", "https://x.example:0/", "https:///x", "http:x"),
    ],
)
def test_an_address_that_cannot_be_followed_is_dropped(url: str | None) -> None:
    assert absolute(url, None) is None


def test_a_relative_address_without_a_base_is_dropped() -> None:
    assert [absolute(url, None) for url in ("/a", "a", "#a", "//x.example/a")] == [None] * 4


@pytest.mark.parametrize(
    ("stated", "kept"),
    [
        ("/a.jpg", "https://site.example/a.jpg"),
        ("/a.jpg 1x,/b.jpg 2x", "https://site.example/a.jpg 1x, https://site.example/b.jpg 2x"),
        ("/w_1,h_2/a.jpg 1.5x", "https://site.example/w_1,h_2/a.jpg 1.5x"),
        (" /my photo.jpg 300w , ", "https://site.example/my%20photo.jpg 300w"),
        ("javascript:alert(1) 1x", None),
        ("data:image/gif;base64,R0lGOD 1x, /a.jpg 2x", "https://site.example/a.jpg 2x"),
        ("", None),
        (", ,", None),
    ],
)
def test_a_srcset_keeps_addresses_that_may_be_followed(stated: str, kept: str | None) -> None:
    assert srcset(stated, BASE) == kept


@pytest.mark.parametrize(
    ("candidates", "address"),
    [
        ("/1 1x, /2 2x", "/1"),
        ("/2 2x, /1", "/1"),
        ("/2 2x, /3 3x", "/2"),
        ("/s 300w, /l 1024w, /m 640w", "/l"),
    ],
)
def test_a_srcset_gives_one_address(candidates: str, address: str) -> None:
    assert address_of(candidates) == address
