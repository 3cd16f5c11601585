"""A socket that an API key opened ends with the key."""

import pytest

from groundwork_core.errors import Unauthenticated
from groundwork_core.realtime.connect import connect

from .conftest import Live
from .test_live_topics import listen


@pytest.mark.parametrize(("change", "closes"), [
    ("UPDATE api_keys SET revoked_at = now()", True),
    ("UPDATE api_keys SET scopes = '{jobs:read}'", True),
    ("UPDATE api_keys SET name = 'another'", False),
    ("DELETE FROM api_keys", True),
])  # fmt: skip
def test_a_socket_ends_with_the_key_that_opened_it(live: Live, change: str, closes: bool) -> None:  # noqa: FBT001 - the outcome
    row = live.database.row(
        "INSERT INTO api_keys (user_id, name, scopes, prefix, key_hash)"
        " SELECT id, 'k', '{entities:read}', 'gw_live_abcd', sha256('k') FROM users RETURNING id"
    )
    assert row is not None
    ticket = live.ticket()
    live.database.rows(
        "UPDATE socket_tickets SET api_key_id = %s, permissions = '{entities:read}'", row
    )
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
