"""Sockets are closed when their user loses rights."""

import pytest

from .conftest import Live
from .listening import listen


@pytest.mark.parametrize("change", [
    "UPDATE users SET sessions_valid_from = clock_timestamp() + interval '1 second'",
    "UPDATE users SET status = 'disabled'",
    "UPDATE users SET roles = '{service}'",
    "SET groundwork.change_builtin_roles = on;"
    "UPDATE roles SET permissions = array_remove(permissions, 'entities:read')",
    "DELETE FROM users",
])  # fmt: skip
def test_a_revoked_users_sockets_are_closed_at_once(live: Live, change: str) -> None:
    socket = live.open()
    listen(live, socket, "entities")

    live.database.rows(change)
    live.entity("secret")
    live.carry()

    assert live.sockets.closed == [socket]
    assert live.sockets.changes(socket) == []


def test_a_change_that_removes_no_permission_leaves_sockets_open(live: Live) -> None:
    live.open()
    live.database.rows("UPDATE users SET name = 'V', roles = '{viewer,editor}'")
    live.carry()

    assert live.sockets.closed == []
