import pytest

from groundwork_data.web.encoding import charset_of


@pytest.mark.parametrize(
    ("body", "content_type", "expected"),
    [
        ("<rss>é</rss>".encode(), "text/xml; charset=iso-8859-1", "utf-8"),
        ("<?xml version='1.0' encoding='latin-1'?><rss>é</rss>".encode(), None, "utf-8"),
        ("<rss>é</rss>".encode("latin-1"), "text/xml; charset=ISO-8859-1", "iso-8859-1"),
        ("<rss>é</rss>".encode("latin-1"), "text/xml; charset=nonsense", "windows-1252"),
        ("<rss>é</rss>".encode("latin-1"), None, "windows-1252"),
        ("<?xml version='1.0' encoding='cp1251'?>й".encode("cp1251"), "text/xml", None),
        (b"<rss>ascii</rss>", "text/xml", None),
        ("<rss>é</rss>".encode("utf-16"), None, None),
    ],
)
def test_the_bytes_count_for_more_than_what_is_said_of_them(
    body: bytes, content_type: str | None, expected: str | None
) -> None:
    assert charset_of(body, content_type) == expected
