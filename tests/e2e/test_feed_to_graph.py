"""From a POST of a source to documents, entities, the graph and live events."""

import json
import subprocess
import sys
from pathlib import Path

import httpx2
from tests.child_instance import Instance
from websockets.sync.client import connect

from ..feeds import FeedServer, page, rss
from ..waiting import eventually
from .asking import around, extracted, items, watch


def test_a_source_becomes_documents_entities_and_a_graph(
    admin: httpx2.Client, feeds: FeedServer
) -> None:
    site = "https://tidings.example.com"
    entries = [
        {"title": "Low water", "author": "Ida Fenn", "topic": "Tides"},
        {"title": "High water", "author": "Ida Fenn", "topic": "tides"},
        {"title": "A new quay", "author": "Bo Strand", "topic": "Harbours"},
    ]
    feeds.answers["/tidings"] = page(rss("The Tidings", site, entries))
    source = watch(admin, feeds.url("/tidings"))
    assert eventually(lambda: extracted(admin, source, 3))
    people = {each["name"] for each in items(admin, "/api/v1/entities", type="person")}
    assert {"Ida Fenn", "Bo Strand"} <= people
    topics = [each["key"] for each in items(admin, "/api/v1/entities", type="topic")]
    assert topics.count("tides") == 1
    expected = {
        ("WRITES_FOR", "Ida Fenn"),
        ("WRITES_FOR", "Bo Strand"),
        ("COVERS", "Harbours"),
        ("LINKS_TO", "example.org"),
    }
    assert eventually(lambda: expected <= around(admin, "tidings.example.com"))


def test_every_relationship_says_which_documents_state_it(
    admin: httpx2.Client, feeds: FeedServer
) -> None:
    feeds.answers["/proof"] = page(rss("Proof", "https://proof.example.com", [{"title": "One"}]))
    source = watch(admin, feeds.url("/proof"))
    assert eventually(lambda: extracted(admin, source, 1))
    (document,) = items(admin, "/api/v1/documents", source_id=source["id"])
    (publisher,) = items(admin, "/api/v1/entities", key="proof.example.com", type="organization")
    edges = items(admin, "/api/v1/relationships", entity_id=publisher["id"])
    assert {edge["type"] for edge in edges} == {"WRITES_FOR", "COVERS", "LINKS_TO"}
    assert all(document["id"] in edge["provenance"]["documents"] for edge in edges)
    mentions = admin.get(f"/api/v1/documents/{document['id']}/mentions").json()["items"]
    assert mentions


def test_a_changed_entry_makes_a_revision_after_a_requested_fetch(
    admin: httpx2.Client, feeds: FeedServer
) -> None:
    site = "https://edits.example.com"
    feeds.answers["/edits"] = page(rss("Edits", site, [{"title": "First words"}]))
    source = watch(admin, feeds.url("/edits"))
    assert eventually(lambda: extracted(admin, source, 1))
    feeds.answers["/edits"] = page(rss("Edits", site, [{"title": "Better words"}]))
    asked = admin.post(f"/api/v1/sources/{source['id']}/fetch")
    assert asked.status_code == 202, asked.text

    def revised() -> bool:
        (found,) = items(admin, "/api/v1/documents", source_id=source["id"])
        return (found["title"], found["revision"]) == ("Better words", 2)

    assert eventually(revised)


def test_live_events_of_all_topics_reach_a_socket_and_can_be_resumed(
    instance: Instance, admin: httpx2.Client, feeds: FeedServer
) -> None:
    def socket_url() -> str:
        ticket = admin.post("/api/v1/auth/ws-ticket").json()["ticket"]
        return f"ws://127.0.0.1:{instance.port}/ws?ticket={ticket}"

    topics = ["entities", "relationships", "documents", "jobs"]
    with connect(socket_url()) as socket:
        socket.send(json.dumps({"action": "subscribe", "topics": topics}))
        subscribed = json.loads(socket.recv(timeout=10))
        assert subscribed["type"] == "subscribed"
        feeds.answers["/live"] = page(rss("Live", "https://live.example.com", [{"title": "Now"}]))
        watch(admin, feeds.url("/live"))
        seen: list[dict[str, object]] = []
        while {event["topic"] for event in seen} != set(topics):
            seen.append(json.loads(socket.recv(timeout=20)))
    numbers = [event["seq"] for event in seen]
    assert numbers == sorted(set(numbers))  # type: ignore[type-var]
    with connect(socket_url()) as again:
        again.send(
            json.dumps({"action": "subscribe", "topics": topics, "since": subscribed["seq"]})
        )
        replayed = [json.loads(again.recv(timeout=10)) for _ in range(len(seen) + 1)]
    assert [event["seq"] for event in replayed if "topic" in event][: len(seen)] == numbers


def test_a_ticket_opens_one_socket(instance: Instance, admin: httpx2.Client) -> None:
    ticket = admin.post("/api/v1/auth/ws-ticket").json()["ticket"]
    upgrade = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    }
    with connect(f"ws://127.0.0.1:{instance.port}/ws?ticket={ticket}"):
        pass
    refused = httpx2.get(f"{instance.url}/ws?ticket={ticket}", headers=upgrade)
    assert refused.status_code == 401


def test_a_list_of_addresses_is_imported_by_the_command(
    instance: Instance, admin: httpx2.Client, feeds: FeedServer, tmp_path: Path
) -> None:
    feeds.answers["/imported"] = page(
        rss("Imported", "https://imported.example.com", [{"title": "From a file"}])
    )
    listing = tmp_path / "list.txt"
    listing.write_text(f"# ours\n{feeds.url('/imported')}\n")
    done = subprocess.run(
        [Path(sys.executable).parent / "groundwork", "sources", "import", listing, "--json"],
        env={"GROUNDWORK_HOME": str(instance.home), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    json.loads(done.stdout)
    imported = [s for s in items(admin, "/api/v1/sources") if s["url"] == feeds.url("/imported")]
    assert imported, done.stdout + done.stderr
    assert eventually(lambda: extracted(admin, imported[0], 1))
