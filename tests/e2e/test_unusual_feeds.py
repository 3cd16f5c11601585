"""The API shows entries as their publisher wrote them, poll after poll."""

import httpx2

from ..feeds import FeedServer, page
from ..waiting import eventually
from .asking import Json, extracted, items, watch

HEAD = '<rss version="2.0"><channel><title>Feed</title><link>https://said.example.org/</link>'


def rss(*entries: str) -> str:
    return HEAD + "".join(f"<item>{entry}</item>" for entry in entries) + "</channel></rss>"


def state(admin: httpx2.Client, source: Json) -> Json:
    found: Json = admin.get(f"/api/v1/sources/{source['id']}").json()["state"]
    return found


def poll_again(admin: httpx2.Client, source: Json) -> None:
    """Ask for one more fetch and wait until it is recorded."""
    before = state(admin, source)["polls"]
    asked = admin.post(f"/api/v1/sources/{source['id']}/fetch")
    assert asked.status_code == 202, asked.text
    assert eventually(lambda: state(admin, source)["polls"] > before)


def test_polls_of_an_unchanged_feed_that_looks_ahead_change_nothing(
    admin: httpx2.Client, feeds: FeedServer
) -> None:
    date = "<pubDate>Wed, 02 Jul 2031 10:00:00 GMT</pubDate>"
    feeds.answers["/ahead"] = page(rss(f"<guid>urn:fair</guid><title>Fair</title>{date}").encode())
    source = watch(admin, feeds.url("/ahead"))
    assert eventually(lambda: extracted(admin, source, 1))
    for _ in range(2):
        poll_again(admin, source)
    (document,) = items(admin, "/api/v1/documents", source_id=source["id"])
    assert (document["revision"], document["published_at"]) == (1, "2031-07-02T10:00:00+00:00")
    assert len(items(admin, "/api/v1/jobs", document_id=document["id"])) == 1


def test_entries_with_the_same_guid_are_distinguished_in_any_order(
    admin: httpx2.Client, feeds: FeedServer
) -> None:
    entries = [
        f"<guid isPermaLink='false'>one</guid><title>Item {n}</title>"
        f"<link>https://said.example.org/{n}</link>"
        for n in range(3)
    ]
    feeds.answers["/one-guid"] = page(rss(*entries).encode())
    source = watch(admin, feeds.url("/one-guid"))
    assert eventually(lambda: extracted(admin, source, 3))
    feeds.answers["/one-guid"] = page(rss(*reversed(entries), entries[0]).encode())
    poll_again(admin, source)
    documents = items(admin, "/api/v1/documents", source_id=source["id"])
    assert sorted((one["title"], one["revision"]) for one in documents) == [
        ("Item 0", 1),
        ("Item 1", 1),
        ("Item 2", 1),
    ]
    now = state(admin, source)
    assert (now["identity"], now["left_out"]) == ("guid+link", 1)


def test_the_charset_of_a_response_is_used_and_one_wrong_byte_is_replaced(
    admin: httpx2.Client, feeds: FeedServer
) -> None:
    declared = '<?xml version="1.0" encoding="utf-8"?>'
    cyrillic = (declared + rss("<guid>urn:1</guid><title>Сегодня дождь</title>")).encode("cp1251")
    feeds.answers["/charset"] = page(cyrillic, "application/rss+xml; charset=windows-1251")
    wrong = declared + rss(
        "<guid>urn:1</guid><title>Élan à Zürich</title>",
        "<guid>urn:2</guid><title>cut @ here</title>",
    )
    feeds.answers["/wrong"] = page(wrong.encode().replace(b"@", b"\xd0"))
    one, two = watch(admin, feeds.url("/charset")), watch(admin, feeds.url("/wrong"))
    assert eventually(lambda: extracted(admin, one, 1) and extracted(admin, two, 2))
    (document,) = items(admin, "/api/v1/documents", source_id=one["id"])
    assert document["title"] == "Сегодня дождь"
    titles = {each["title"] for each in items(admin, "/api/v1/documents", source_id=two["id"])}
    assert titles == {"Élan à Zürich", "cut \ufffd here"}
