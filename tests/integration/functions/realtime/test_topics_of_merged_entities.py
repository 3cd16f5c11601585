"""Listeners of a merged entity get the events of its survivor."""

from uuid import UUID

import pytest

from groundwork_core.knowledge.merging import merge_entity, split_entity
from groundwork_core.realtime.subscribe import subscribe
from groundwork_core.resources.writing import Expected
from groundwork_data.postgres import survivors

from .conftest import Live


def listen(live: Live, *ids: UUID, since: int | None = None) -> str:
    socket = live.open()
    topics = [f"entity:{id_}" for id_ in ids]
    subscribe(socket, topics, since, work=live.work(), sockets=live.sockets)
    return socket


def merge(live: Live, one: UUID, into: UUID) -> None:
    merge_entity(one, into, Expected(None), work=live.work())


def rename(live: Live, id_: UUID, name: str) -> None:
    live.database.rows("UPDATE entities SET name = %s WHERE id = %s RETURNING id", (name, id_))


def names(live: Live, socket: str) -> list[tuple[str, str]]:
    """Return topic and name of each update that a socket received."""
    live.carry()
    messages = live.sockets.changes(socket)
    return [(one["topic"], one["data"]["name"]) for one in messages if one["type"] == "updated"]


@pytest.fixture
def ids(live: Live) -> tuple[UUID, UUID, UUID]:
    first, second, last = (live.entity(name) for name in ("First", "Second", "Last"))
    return first, second, last


def test_listeners_of_a_merged_entity_hear_of_its_survivor(
    live: Live, ids: tuple[UUID, UUID, UUID]
) -> None:
    first, second, last = ids
    early = listen(live, first)
    merge(live, first, second)
    merge(live, second, last)
    late, both = listen(live, first), listen(live, first, last)
    live.carry()
    before = len(live.sockets.changes(early))
    rename(live, last, "New")
    live.database.rows(
        "INSERT INTO relationships (from_id, to_id, type) VALUES (%s, %s, 'LOOPS') RETURNING id",
        (last, last),
    )
    old, new = f"entity:{first}", f"entity:{last}"
    assert names(live, late)[-1:] == names(live, early)[-1:] == [(old, "New")]
    assert sorted(names(live, both)[-2:]) == sorted([(old, "New"), (new, "New")])
    assert len(live.sockets.changes(early)) == before + 2
    assert live.sockets.changes(late)[-1]["data"]["type"] == "LOOPS"
    split_entity(second, work=live.work())
    split_entity(first, work=live.work())
    rename(live, last, "Newer")
    rename(live, first, "Own")
    assert names(live, late)[-1] == (old, "Own")


@pytest.mark.parametrize("mechanism", ["there", "taken away"])
def test_missed_changes_of_the_survivor_are_replayed(
    live: Live, ids: tuple[UUID, UUID, UUID], mechanism: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second, last = ids
    live.carry()
    merge(live, first, second)
    merge(live, second, last)
    for number in range(3):
        rename(live, last, f"N{number}")
    live.carry()
    if mechanism == "taken away":
        monkeypatch.setattr(survivors, "OF", f"{survivors.OF} AND false")
    socket = listen(live, first, since=0)
    heard = [name for _, name in names(live, socket)]
    found = ["N0", "N1", "N2"] if mechanism == "there" else []
    assert [name for name in heard if name.startswith("N")] == found
    seqs = [one["seq"] for one in live.sockets.changes(socket)]
    assert seqs == sorted(seqs)
