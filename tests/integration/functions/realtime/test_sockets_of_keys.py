"""A socket that an API key opened ends with the key."""

import time

import pytest

from groundwork_core.errors import Unauthenticated
from groundwork_core.realtime.close_sockets import close_expired
from groundwork_core.realtime.connect import connect
from groundwork_data.postgres import listeners

from .conftest import Live
from .listening import listen

LISTENERS_WHATEVER_THEIR_KEYS = (
    "SELECT connection_id, user_id, permissions, topics FROM socket_connections c WHERE"
)


def ticket_of_key(live: Live, lasts_seconds: float | None) -> str:
    """A ticket asked for with an API key that lasts so long; None: for good."""
    row = live.database.row(
        "INSERT INTO api_keys (user_id, name, scopes, prefix, key_hash, expires_at)"
        " SELECT id, 'k', '{entities:read}', 'gw_live_abcd', sha256('k'),"
        " clock_timestamp() + make_interval(secs => %s) FROM users RETURNING id",
        (lasts_seconds,),
    )
    assert row is not None
    ticket = live.ticket()
    live.database.rows(
        "UPDATE socket_tickets SET api_key_id = %s, permissions = '{entities:read}'"
        " WHERE ticket_hash = sha256(%s)",
        (row[0], ticket.encode()),
    )
    return ticket


def outlive_its_key(live: Live) -> None:
    """Open `socket`, listen, and let the time of its key pass; no change is written meanwhile."""
    connect("socket", ticket_of_key(live, 3600), work=live.work())
    listen(live, "socket", "entities")
    live.carry()
    other = live.databases()
    other.row("SELECT set_config('session_replication_role', 'replica', false)")  # no triggers
    other.rows(
        "UPDATE api_keys SET created_at = now() - interval '2 hours',"
        " expires_at = now() - interval '1 minute' WHERE expires_at IS NOT NULL RETURNING id"
    )


@pytest.mark.parametrize(("change", "closes"), [
    ("UPDATE api_keys SET revoked_at = now()", True),
    ("UPDATE api_keys SET scopes = '{jobs:read}'", True),
    ("UPDATE api_keys SET name = 'another'", False),
    ("DELETE FROM api_keys", True),
])  # fmt: skip
def test_a_socket_ends_with_the_key_that_opened_it(live: Live, change: str, closes: bool) -> None:  # noqa: FBT001 - the outcome
    ticket = ticket_of_key(live, None)
    connect("socket", ticket, work=live.work())
    in_person = live.open()
    listen(live, "socket", "entities")

    live.database.rows(change)
    live.carry()

    assert live.sockets.closed == (["socket"] if closes else [])
    assert in_person not in live.sockets.closed


def test_a_ticket_of_a_revoked_key_opens_nothing(live: Live) -> None:
    row = live.database.row(
        "INSERT INTO api_keys (user_id, name, scopes, prefix, key_hash, revoked_at)"
        " SELECT id, 'k', '{a}', 'gw_live_abcd', sha256('k'), now() FROM users RETURNING id"
    )
    ticket = live.ticket()
    live.database.rows("UPDATE socket_tickets SET api_key_id = %s", row)
    with pytest.raises(Unauthenticated):
        connect("socket", ticket, work=live.work())


def test_a_socket_learns_how_long_its_key_is_valid(live: Live) -> None:
    seconds = connect("socket", ticket_of_key(live, 90), work=live.work()).key_seconds
    assert seconds is not None
    assert 60 < seconds < 91
    assert connect("another", live.ticket(), work=live.work()).key_seconds is None


def test_a_ticket_of_a_key_that_has_ended_opens_nothing(live: Live) -> None:
    ticket = ticket_of_key(live, 0)
    time.sleep(0.1)
    with pytest.raises(Unauthenticated):
        connect("socket", ticket, work=live.work())


def test_a_socket_whose_key_has_ended_gets_no_events(live: Live) -> None:
    outlive_its_key(live)
    in_person = live.open()
    listen(live, in_person, "entities")
    live.entity("late")
    live.carry()

    assert len(live.sockets.changes(in_person)) == 1
    assert live.sockets.changes("socket") == []
    with pytest.raises(Unauthenticated):
        listen(live, "socket", "entities")


def test_without_the_check_of_keys_a_socket_whose_key_has_ended_still_gets_events(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listeners, "LISTENERS", LISTENERS_WHATEVER_THEIR_KEYS)
    outlive_its_key(live)
    live.entity("late")
    live.carry()

    assert len(live.sockets.changes("socket")) == 1


def test_a_socket_whose_key_has_ended_is_closed_even_if_nothing_changes(live: Live) -> None:
    outlive_its_key(live)
    live.open()

    assert close_expired(work=live.work(), sockets=live.sockets) == 1
    assert live.sockets.closed == ["socket"]
    assert close_expired(work=live.work(), sockets=live.sockets) == 0
