"""Contents: allowed changes of their status, and their versions."""

from typing import Any

import psycopg
import pytest

from .conftest import Reply, Rest

DRAFT = {"title": "On engines", "body": "First words.", "metadata": {"tags": ["a"]}}


@pytest.fixture
def content(rest: Rest) -> Reply:
    return rest.create("contents", **DRAFT)


def act(rest: Rest, content: Reply, verb: str, etag: str = "*", body: object = None) -> Reply:
    return rest("POST", f"{content.location}/{verb}", body, headers={"If-Match": etag})


def moved(rest: Rest, content: Reply, status: str) -> Reply:
    return rest("PATCH", content.location, {"status": status}, headers={"If-Match": "*"})


def versions(rest: Rest, content: Reply) -> list[dict[str, Any]]:
    reply = rest("GET", f"{content.location}/versions", query={"sort": "version", "limit": "200"})
    assert reply.status == 200, reply.text
    items: list[dict[str, Any]] = reply.json["items"]
    return items


def test_a_draft_is_published_and_archived(rest: Rest, content: Reply) -> None:
    assert content.json["status"] == "draft"
    published = act(rest, content, "publish", content.etag)
    assert (published.status, published.json["status"]) == (200, "published")
    assert published.headers["X-Groundwork-Position"]
    archived = act(rest, content, "archive", published.etag, {})
    assert (archived.json["status"], archived.json["version"]) == ("archived", 3)


def test_an_act_needs_if_match_and_takes_no_body(rest: Rest, content: Reply) -> None:
    path = f"{content.location}/publish"
    assert rest("POST", path).status == 428
    assert act(rest, content, "publish", '"7"').status == 412
    reply = act(rest, content, "publish", body={"status": "archived"})
    assert (reply.status, reply.pointers) == (422, {"/status"})
    assert rest("GET", content.location).json["status"] == "draft"


@pytest.mark.parametrize("verb", ["publish", "archive"])
def test_a_content_cannot_be_moved_to_its_own_status(rest: Rest, content: Reply, verb: str) -> None:
    assert act(rest, content, verb).status == 200
    again = act(rest, content, verb)
    assert (again.status, again.pointers) == (409, {"/status"})


@pytest.mark.parametrize(
    ("way", "last"),
    [
        (("draft",), 200),
        (("published", "draft"), 200),
        (("archived", "draft", "published"), 200),
        (("published", "archived"), 200),
        (("archived", "published"), 409),
    ],
)
def test_a_patch_of_the_status_follows_the_rules_of_transitions(
    rest: Rest, content: Reply, way: tuple[str, ...], last: int
) -> None:
    *before, end = way
    for status in before:
        assert moved(rest, content, status).status == 200
    assert moved(rest, content, end).status == last


def test_every_version_is_kept(rest: Rest, content: Reply) -> None:
    patch = {"body": "Second words.", "metadata": {"tags": None, "by": "Ada"}}
    rest("PATCH", content.location, patch, headers={"If-Match": "*"})
    act(rest, content, "publish")
    kept = versions(rest, content)
    assert [(one["version"], one["status"], one["metadata"]) for one in kept] == [
        (1, "draft", {"tags": ["a"]}),
        (2, "draft", {"by": "Ada"}),
        (3, "published", {"by": "Ada"}),
    ]
    assert "body" not in kept[0]
    first = rest("GET", f"{content.location}/versions/1")
    assert (first.status, first.json) == (200, {**kept[0], "body": "First words."})
    assert rest("GET", f"{content.location}/versions/2").json["body"] == "Second words."


@pytest.mark.parametrize("version", ["0", "2", "-1", "9" * 18, "9" * 400, "x", "1.0", "+1"])
def test_an_unknown_version_of_a_content_is_404(rest: Rest, content: Reply, version: str) -> None:
    assert rest("GET", f"{content.location}/versions/{version}").status == 404


def test_versions_of_nothing_are_404(rest: Rest) -> None:
    nothing = "/api/v1/contents/0190b9d0-0000-7000-8000-000000000000/versions"
    assert rest("GET", nothing).status == 404
    assert rest("GET", f"{nothing}/1").status == 404


def test_versions_are_kept_whoever_writes(rest: Rest, content: Reply) -> None:
    with psycopg.connect(rest.url, autocommit=True) as connection:
        connection.execute("UPDATE contents SET title = title || '!'")
        assert len(versions(rest, content)) == 2
        # With the guard disabled.
        connection.execute("ALTER TABLE contents DISABLE TRIGGER keep_versions_update")
        connection.execute("UPDATE contents SET title = title || '!'")
        assert len(versions(rest, content)) == 2


def test_a_content_with_a_distribution_cannot_be_removed(rest: Rest, content: Reply) -> None:
    sent = rest.create("distributions", content_id=content.json["id"], channel="email")
    assert rest("DELETE", content.location, headers={"If-Match": "*"}).status == 409
    rest("DELETE", sent.location, headers={"If-Match": "*"})
    assert rest("DELETE", content.location, headers={"If-Match": "*"}).status == 204


def test_bodies_of_contents_are_in_no_event(rest: Rest, content: Reply) -> None:
    for table in ("outbox", "audit_events"):
        found = rest.database.rows(f"SELECT to_jsonb(t)::text FROM {table} t")
        texts = [row[0] for row in found if "On engines" in row[0]]
        assert len(texts) == 1
        assert "First words" not in texts[0]
