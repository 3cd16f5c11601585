"""Pages: the readable text is one entry, read in a child process with hard limits."""

from datetime import UTC, datetime

import pytest

from groundwork_core.sources.fetch_outcome import Failed, Failure, Fetched
from groundwork_core.sources.kinds import PageConfig
from groundwork_core.sources.ports import ParsedFeed
from groundwork_data.web.kinds.pages import PageReader

NOW = datetime(2026, 11, 30, tzinfo=UTC)
URL = "https://blog.example/about"
TEXT = "A sentence of the page that is long enough to be kept as its text. " * 5


def html(text: str = TEXT, menu: str = "Home") -> bytes:
    return (
        f"<html><head><title>About us</title></head><body><nav><a href='/'>{menu}</a></nav>"
        f"<article><h1>About us</h1><p>{text}</p><script>alert(1)</script></article></body></html>"
    ).encode()


def read(body: bytes, reader: PageReader | None = None) -> ParsedFeed | Failed:
    return (reader or PageReader(PageConfig()))(Fetched(body, URL, "text/html"), NOW)


def test_a_page_is_one_entry_with_its_text_only() -> None:
    found = read(html())
    assert isinstance(found, ParsedFeed), found
    (entry,) = found.entries
    assert (entry.external_id, entry.url, entry.title) == ("page", URL, "About us")
    assert TEXT.strip() in entry.content
    assert "alert" not in entry.content
    changed = read(html(TEXT + "More."))
    other_menu = read(html(menu="Start"))
    assert isinstance(changed, ParsedFeed)
    assert isinstance(other_menu, ParsedFeed)
    assert changed.entries[0].content_hash() != entry.content_hash()
    assert other_menu.entries[0].content_hash() == entry.content_hash()


@pytest.mark.parametrize("body", [b"", b"<html></html>", b"\x00\x01\x02"])
def test_a_page_without_text_is_a_failure(body: bytes) -> None:
    found = read(body)
    assert isinstance(found, Failed)
    assert found.failure is Failure.EMPTY


@pytest.mark.parametrize(("memory_bytes", "ends"), [(40_000_000, True), (512_000_000, False)])
def test_a_page_that_exceeds_the_memory_limit_kills_only_the_child_process(
    memory_bytes: int,
    ends: bool,  # noqa: FBT001 - a table
) -> None:
    """In the second case the guard is disabled: with enough memory the same page is read."""
    found = read(html(), PageReader(PageConfig(), memory_bytes=memory_bytes))
    assert isinstance(found, Failed if ends else ParsedFeed)
    if isinstance(found, Failed):
        assert found.failure is Failure.TOO_COMPLEX


def test_a_page_that_takes_too_much_work_is_stopped() -> None:
    """100,000 paragraphs would take minutes."""
    body = html("</p><p>".join(["Some words, and a few more words here."] * 20_000))
    found = read(body, PageReader(PageConfig(), cpu_seconds=1))
    assert isinstance(found, Failed)
    assert found.failure is Failure.TOO_COMPLEX


def test_a_page_that_takes_too_long_is_stopped() -> None:
    hasty = PageReader(PageConfig(), wall_seconds=0.01)
    found = read(html(), hasty)
    assert isinstance(found, Failed)
    assert found.failure is Failure.TOO_COMPLEX
