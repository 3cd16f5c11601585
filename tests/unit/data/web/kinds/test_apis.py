"""JSON APIs: items by pointers, and paging by link, number or cursor."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from groundwork_core.errors import Invalid
from groundwork_core.sources.fetch_outcome import Failed, Failure, Fetched
from groundwork_core.sources.kinds import ApiConfig, check_config
from groundwork_core.sources.ports import ParsedFeed
from groundwork_data.web.kinds.apis import ApiReader
from groundwork_data.web.kinds.json_pointer import at

NOW = datetime(2026, 11, 30, tzinfo=UTC)
URL = "https://api.example/v1/posts?per=2"
FIELDS = {
    "id": "/id",
    "title": "/title/rendered",
    "url": "/links/0",
    "date": "/at",
    "text": "/body",
    "author": "/by",
}


def reader(**config: Any) -> ApiReader:
    given: dict[str, Any] = {"items": "/data", "fields": FIELDS, **config}
    checked = check_config("api", given)
    assert isinstance(checked, ApiConfig)
    return ApiReader(checked)


def page(items: list[Any], url: str = URL, **more: Any) -> Fetched:
    return Fetched(json.dumps({"data": items, **more}).encode(), url, "application/json")


def item(number: int) -> dict[str, Any]:
    return {
        "id": number,
        "title": {"rendered": f"Post <i>{number}</i>"},
        "links": [f"/posts/{number}"],
        "at": 1_767_225_600,
        "body": "<p onclick='x'>Text</p><script>x</script>",
        "by": "Ada",
    }


def test_an_item_is_an_entry() -> None:
    found = reader()(page([item(1), "no item", {"title": "neither id nor address"}]), NOW)
    assert isinstance(found, ParsedFeed)
    (entry,) = found.entries
    assert (entry.external_id, entry.url, entry.title, entry.author) == (
        "1", "https://api.example/posts/1", "Post 1", "Ada",
    )  # fmt: skip
    assert entry.published_at == datetime(2026, 1, 1, tzinfo=UTC)
    assert entry.content == "<p>Text</p>"
    assert found.left_out == 2


PAGING: list[tuple[dict[str, Any], list[dict[str, Any]], list[str]]] = [
    (
        {"by": "link", "next": "/next"},
        [{"next": "/v1/posts?p=2"}, {"next": "/v1/posts?p=2"}],
        ["https://api.example/v1/posts?p=2"],
    ),
    ({"by": "page"}, [{}, {}], [f"{URL}&page=2", f"{URL}&page=3"]),
    ({"by": "page", "parameter": "per", "first": 0}, [{}], ["https://api.example/v1/posts?per=1"]),
    (
        {"by": "cursor", "next": "/meta/cursor"},
        [{"meta": {"cursor": "a b"}}, {"meta": {"cursor": None}}],
        [f"{URL}&cursor=a+b"],
    ),
]


@pytest.mark.parametrize(("paging", "answers", "asked"), PAGING)
def test_the_next_page_is_found(
    paging: dict[str, Any], answers: list[dict[str, Any]], asked: list[str]
) -> None:
    api, pages, found = reader(paging=paging, requests_per_minute=120), [], []
    url = URL
    for answer in answers:
        pages.append(page([item(1)], url, **answer))
        wanted = api.next(pages)
        if wanted is None:
            break
        assert wanted.pause_seconds == 0.5
        found.append(url := wanted.url)
    assert found == asked


def test_paging_ends_at_the_limit_or_an_empty_page() -> None:
    api = reader(paging={"by": "page"}, max_pages=2)
    first = page([item(1)])
    assert api.next([first]) is not None
    assert api.next([first, page([item(2)], f"{URL}&page=2")]) is None
    assert api.next([page([])]) is None
    assert reader().next([first]) is None


@pytest.mark.parametrize("body", [b"<html>", b"{}", b'{"data": {}}', b"[" * 100_000])
def test_a_response_that_is_no_list_of_items_is_a_failure(body: bytes) -> None:
    found = reader()(Fetched(body, URL), NOW)
    assert isinstance(found, Failed)
    assert found.failure in (Failure.MALFORMED, Failure.TOO_COMPLEX)


@pytest.mark.parametrize(
    ("kind", "config", "pointer"),
    [
        ("feed", {"x": 1}, "/config/x"),
        ("sitemap", {"items": ""}, "/config/items"),
        ("page", {"favor": "all"}, "/config/favor"),
        ("page", {"tables": "yes"}, "/config/tables"),
        ("api", {}, "/config/fields"),
        ("api", {"fields": {}}, "/config/fields"),
        ("api", {"fields": {"id": "id"}}, "/config/fields/id"),
        ("api", {"fields": {"id": "/id", "x": "/x"}}, "/config/fields/x"),
        ("api", {"fields": {"id": "/id"}, "max_pages": 0}, "/config/max_pages"),
        ("api", {"fields": {"id": "/id"}, "max_pages": 51}, "/config/max_pages"),
        ("api", {"fields": {"id": "/id"}, "paging": {"by": "x"}}, "/config/paging/by"),
        ("api", {"fields": {"id": "/id"}, "paging": {"by": "link"}}, "/config/paging/next"),
        ("api", {"fields": {"id": "/id"}, "requests_per_minute": 0}, "/config/requests_per_minute"),
    ],
)
def test_a_bad_configuration_is_pointed_at(kind: str, config: Any, pointer: str) -> None:
    with pytest.raises(Invalid) as found:
        check_config(kind, config)
    assert pointer in {fault.pointer for fault in found.value.faults}


@pytest.mark.parametrize(
    ("pointer", "value"),
    [
        ("", {"a/b": [1, {"~": 2}]}),
        ("/a~1b/0", 1),
        ("/a~1b/1/~0", 2),
        ("/x/y", None),
        ("/a~1b/9", None),
    ],
)
def test_pointers_are_those_of_rfc_6901(pointer: str, value: Any) -> None:
    assert at({"a/b": [1, {"~": 2}]}, pointer) == value
