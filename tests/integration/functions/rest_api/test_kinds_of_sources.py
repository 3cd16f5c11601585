"""Sitemaps, pages and APIs over REST, polled from a server on loopback; discovery."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from groundwork_core.web.reachability import AllowedTargets

from ....feeds import RawServer
from .conftest import Reply, Rest
from .polls import poll

TEXT = "A sentence of the page that is long enough to be kept as its text. " * 5
FEED = "<rss version='2.0'><channel><title>Our news</title></channel></rss>"
Serve = Callable[..., str]


def ok(body: str | bytes, kind: str = "text/html") -> bytes:
    data = body.encode() if isinstance(body, str) else body
    head = f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {len(data)}\r\n\r\n"
    return head.encode() + data


@pytest.fixture
def web(rest: Rest) -> Iterator[RawServer]:
    with RawServer() as server:
        rest.parts.allowed = AllowedTargets.parse((f"127.0.0.1:{server.port}",))
        yield server


def polled(rest: Rest, made: Reply) -> dict[str, Any]:
    """Poll a source; return its state."""
    poll(rest, made)
    state: dict[str, Any] = rest("GET", made.location).json["state"]
    return state


def documents(rest: Rest) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = rest("GET", "/api/v1/documents", query={"sort": "id"}).json[
        "items"
    ]
    return items


def test_a_sitemap_index_becomes_documents(rest: Rest, web: RawServer) -> None:
    here = f"http://127.0.0.1:{web.port}"
    web.answers["/index.xml"] = ok(
        f"<sitemapindex><sitemap><loc>{here}/one.xml</loc></sitemap></sitemapindex>"
    )
    web.answers["/one.xml"] = ok(
        f"<urlset><url><loc>{here}/a-post</loc><lastmod>2026-01-01</lastmod></url></urlset>"
    )
    made = rest.create("sources", name="map", kind="sitemap", url=f"{here}/index.xml")
    assert polled(rest, made)["error"] is None
    (found,) = documents(rest)
    assert (found["title"], found["url"], found["published_at"][:10]) == (
        "A post", f"{here}/a-post", "2026-01-01",
    )  # fmt: skip
    assert web.asked == ["/robots.txt", "/index.xml", "/one.xml"]


def test_a_changed_page_is_a_revision(rest: Rest, web: RawServer) -> None:
    def page(text: str) -> bytes:
        return ok(f"<html><title>Us</title><body><article><p>{text}</p></article></body></html>")

    web.answers["/about"] = page(TEXT)
    url = f"http://127.0.0.1:{web.port}/about"
    made = rest.create("sources", name="page", kind="page", url=url, config={"tables": False})
    assert made.json["config"] == {"tables": False}
    polled(rest, made)
    assert [(one["title"], one["revision"]) for one in documents(rest)] == [("Us", 1)]
    web.answers["/about"] = page(TEXT + " It has changed.")
    assert rest("POST", f"{made.location}/fetch").status == 202
    polled(rest, made)
    (found,) = documents(rest)
    assert found["revision"] == 2
    assert "It has changed." in found["content"]


def test_an_api_is_paged_with_its_credentials(rest: Rest, web: RawServer) -> None:
    def answer(number: int, cursor: str | None) -> Callable[[dict[str, str]], bytes]:
        body = {"data": [{"id": number, "title": f"Item {number}"}], "next": cursor}

        def answer_(headers: dict[str, str]) -> bytes:
            known = headers.get("x-key") == "k"
            return ok(json.dumps(body if known else {}), "application/json")

        return answer_

    web.answers["/items"] = answer(1, "c2")
    web.answers["/items?cursor=c2"] = answer(2, None)
    made = rest.create(
        "sources",
        name="api",
        kind="api",
        url=f"http://127.0.0.1:{web.port}/items",
        config={
            "items": "/data",
            "fields": {"id": "/id", "title": "/title"},
            "paging": {"by": "cursor", "next": "/next"},
            "requests_per_minute": 600,
        },
        credentials={"scheme": "header", "name": "X-Key", "value": "k"},
    )
    assert polled(rest, made)["error"] is None
    assert {one["title"] for one in documents(rest)} == {"Item 1", "Item 2"}
    assert web.asked == ["/robots.txt", "/items", "/items?cursor=c2"]


def test_a_next_page_at_another_origin_is_not_requested(rest: Rest, web: RawServer) -> None:
    body = {"data": [{"id": 1}], "next": "http://elsewhere.example/steal"}
    web.answers["/items"] = ok(json.dumps(body), "application/json")
    made = rest.create(
        "sources",
        name="api",
        kind="api",
        url=f"http://127.0.0.1:{web.port}/items",
        config={
            "items": "/data",
            "fields": {"id": "/id"},
            "paging": {"by": "link", "next": "/next"},
        },
        credentials={"scheme": "bearer", "token": "t"},
    )
    assert polled(rest, made)["documents"] == 1
    assert web.asked == ["/robots.txt", "/items"]


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"kind": "api"}, "/config/fields"),
        ({"kind": "page", "config": {"favor": 1}}, "/config/favor"),
        ({"config": {"items": ""}}, "/config/items"),
        ({"kind": "ftp"}, "/kind"),
        ({"kind": "page", "config": []}, "/config"),
    ],
)
def test_an_invalid_configuration_of_a_source_is_422(
    rest: Rest, fields: dict[str, Any], pointer: str
) -> None:
    new = {"name": "x", "url": "https://blog.example/", **fields}
    reply = rest("POST", "/api/v1/sources", new)
    assert (reply.status, reply.pointers) == (422, {pointer})


def test_a_patch_is_checked_as_a_whole(rest: Rest) -> None:
    made = rest.create("sources", name="x", url="https://blog.example/")
    to_api = {"kind": "api", "config": {"fields": {"id": "/id"}}}
    for fields, status in (
        ({"kind": "api"}, 422),
        ({"config": {"fields": {"id": "/id"}}}, 422),
        (to_api, 200),
        ({"config": {"fields": {"id": None}}}, 422),
        ({"config": {"max_pages": 3}}, 200),
        ({"kind": "feed"}, 422),
        ({"kind": "feed", "config": {"fields": None, "max_pages": None}}, 200),
    ):
        reply = rest("PATCH", made.location, fields, headers={"If-Match": "*"})
        assert reply.status == status, (fields, reply.text)
    assert rest("GET", made.location).json["config"] == {}


def discover(rest: Rest, url: str) -> Reply:
    return rest("POST", "/api/v1/sources/discover", {"url": url})


def test_feeds_that_a_page_names_are_found(rest: Rest, web: RawServer) -> None:
    here = f"http://127.0.0.1:{web.port}"
    web.answers["/"] = ok(
        "<html><head><title>A blog</title>"
        '<link rel="alternate" type="application/rss+xml" title="Posts" href="/posts.xml">'
        '<link rel="alternate" type="application/atom+xml" href="http://10.0.0.1/private.atom">'
        '<link rel="alternate" type="application/json" href="/wp-json/1">'
        '</head><body><a href="/comments/feed/">Comments</a></body></html>'
    )
    web.answers["/sitemap.xml"] = ok(f"<urlset><url><loc>{here}/a</loc></url></urlset>")
    reply = discover(rest, here)
    assert reply.status == 200
    assert [(one["url"], one["title"], one["kind"]) for one in reply.json["candidates"]] == [
        (f"{here}/posts.xml", "Posts", "feed"),
        (f"{here}/comments/feed/", "A blog", "feed"),
        (f"{here}/sitemap.xml", f"{here}/sitemap.xml", "sitemap"),
        (f"{here}/", "A blog", "page"),
    ]
    assert web.asked == ["/", "/sitemap.xml"]


def test_a_feed_is_its_own_candidate_and_usual_paths_are_tried(rest: Rest, web: RawServer) -> None:
    here = f"http://127.0.0.1:{web.port}"
    web.answers["/feed.xml"] = ok(FEED, "application/xml")
    found = discover(rest, f"{here}/feed.xml").json["candidates"]
    assert found == [{"url": f"{here}/feed.xml", "title": "Our news", "kind": "feed"}]
    assert web.asked == ["/feed.xml"]
    unread = discover(rest, f"{here}/nothing").json
    assert [one["url"] for one in unread["candidates"]] == [f"{here}/feed.xml"]
    assert unread["failure"]["type"] == "http_4xx"


@pytest.mark.parametrize(
    "url", ["http://10.0.0.1/", "http://localhost/", "http://[::1]/", "http://169.254.169.254/x"]
)
def test_private_addresses_are_refused(rest: Rest, url: str) -> None:
    reply = discover(rest, url)
    assert (reply.status, reply.pointers) == (422, {"/url"})


def test_a_redirect_to_a_private_address_is_refused(rest: Rest, web: RawServer) -> None:
    other = web.port + 1 if web.port < 65_535 else web.port - 1
    web.answers["/"] = (
        f"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:{other}/\r\nContent-Length: 0\r\n\r\n"
    ).encode()
    reply = discover(rest, f"http://127.0.0.1:{web.port}/")
    assert (reply.status, reply.pointers) == (422, {"/url"})


@pytest.mark.parametrize("body", [{}, {"url": 1}, {"url": "x"}, {"url": "https://a:b@c.example/"}])
def test_a_bad_body_is_422(rest: Rest, body: dict[str, Any]) -> None:
    assert rest("POST", "/api/v1/sources/discover", body).status == 422
