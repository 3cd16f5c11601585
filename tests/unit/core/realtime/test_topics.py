"""Topics, and which live events are sent on them."""

import json
from uuid import UUID, uuid4

import pytest
from pydantic import JsonValue

from groundwork_core.errors import Forbidden, Invalid
from groundwork_core.identity.permissions import BUILTIN_ROLES
from groundwork_core.outbox import OutboxRow
from groundwork_core.realtime.ports import Listener, NumberedRow
from groundwork_core.realtime.topics import LONGEST_FRAME_BYTES, checked, frame, topics_of
from groundwork_core.relay.destinations.live import posts_for

ID = UUID("01a205a4-3eef-7dc6-bfa6-9e57d7e08ce0")
VIEWER = BUILTIN_ROLES["viewer"]


def row(aggregate: str, kind: str = "updated", **data: JsonValue) -> OutboxRow:
    return OutboxRow(1, 1, aggregate, ID, 3, kind, data)


@pytest.mark.parametrize(
    ("given", "topics"),
    [
        (row("entities"), ("entities", f"entity:{ID}")),
        (row("documents"), ("documents",)),
        (row("jobs", "progress"), ("jobs", f"job:{ID}")),
        (row("contents"), ("contents",)),
        (row("relationships", from_id="a", to_id="b"), ("relationships", "entity:a", "entity:b")),
        (row("relationships", from_id="a", to_id="a"), ("relationships", "entity:a")),
        (row("users"), ()),
        (row("roles"), ()),
        (row("sources"), ()),
        (row("entities", "fetch_due"), ()),
    ],
)
def test_a_change_belongs_to_its_topics(given: OutboxRow, topics: tuple[str, ...]) -> None:
    assert topics_of(given) == topics


def test_topics_are_taken_in_one_spelling() -> None:
    given = ["entities", "entities", f"entity:{str(ID).upper()}", f"entity:{ID.hex}"]

    assert checked(given, VIEWER) == {"entities", f"entity:{ID}"}


@pytest.mark.parametrize(
    "given", [[], ["users"], ["entity:1"], ["job:1"], [1], [f"entity:{uuid4()}"] * 0]
)
def test_an_unknown_topic_is_refused(given: list[object]) -> None:
    with pytest.raises(Invalid):
        checked(given, VIEWER)


@pytest.mark.parametrize(
    ("topic", "permissions"),
    [
        ("jobs", {"entities:read"}),
        (f"job:{ID}", {"entities:read"}),
        (f"entity:{ID}", {"entities:read"}),
        (f"entity:{ID}", {"relationships:read"}),
        ("entities", {"entities:write"}),
    ],
)
def test_a_topic_needs_its_permissions(topic: str, permissions: set[str]) -> None:
    with pytest.raises(Forbidden):
        checked([topic], frozenset(permissions))


def test_a_message_has_the_shape_of_the_contract() -> None:
    assert json.loads(frame("entities", 7, row("entities", name="é"))) == {
        "topic": "entities", "seq": 7, "type": "updated", "data": {"name": "é"},
    }  # fmt: skip


def test_a_change_too_large_for_a_frame_says_what_changed() -> None:
    text = frame("jobs", 7, row("jobs", result="é" * LONGEST_FRAME_BYTES))

    assert json.loads(text)["data"] == {"id": str(ID), "version": 3, "truncated": True}


def test_one_frame_is_sent_to_all_listeners_in_order() -> None:
    def listener(name: str, *topics: str) -> Listener:
        return Listener(name, ID, VIEWER, frozenset(topics))

    numbered = [
        NumberedRow(1, row("entities")),
        NumberedRow(2, row("jobs")),
        NumberedRow(3, row("entities")),
    ]
    listeners = [listener("a", "entities", "jobs"), listener("b", "entities"), listener("c")]

    posts = posts_for(numbered, listeners, {})

    assert [(post.connections, json.loads(post.data)["seq"]) for post in posts] == [
        (("a", "b"), 1), (("a",), 2), (("a", "b"), 3),
    ]  # fmt: skip
