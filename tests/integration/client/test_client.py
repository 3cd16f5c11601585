"""The client itself: its settings, and lists."""

import pytest

from groundwork_client import (
    Client,
)

from .scripted_jobs import jobs
from .scripted_server import Answer, Asked


def test_a_client_needs_an_address_and_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GROUNDWORK_URL", raising=False)
    with pytest.raises(ValueError, match="GROUNDWORK_URL"):
        Client()
    monkeypatch.setenv("GROUNDWORK_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("GROUNDWORK_API_KEY", "gw_live_k")
    assert Client(worker="w").worker == "w"


def test_a_list_is_read_page_by_page() -> None:
    shown = {"source_id": "s", "revision": 1, "url": None, "title": "T", "author": None}
    shown |= {"summary": "", "content": "", "language": None, "content_hash": "0", "later": 1}

    def page(asked: Asked) -> Answer:
        if "cursor=" in asked.path:
            return 200, {"items": [{"id": "2", **shown}], "next_cursor": None}, {}
        return 200, {"items": [{"id": "1", **shown}], "next_cursor": "c+/"}, {}

    with jobs(when=page) as (client, server):
        assert [one.id for one in client.documents(source_id="s")] == ["1", "2"]
    assert server.paths() == ["/documents?source_id=s", "/documents?source_id=s&cursor=c%2B%2F"]
