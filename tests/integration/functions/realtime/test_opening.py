"""Tickets open sockets, once; sockets that are gone are forgotten."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from groundwork_core.errors import Unauthenticated
from groundwork_core.realtime.connect import connect
from groundwork_data.postgres.unit_of_work import PostgresUnitOfWork

from .conftest import Live
from .listening import listen


def test_a_ticket_opens_one_of_twenty_sockets(live: Live) -> None:
    ticket = live.ticket()
    databases = [live.databases() for _ in range(20)]
    gate = threading.Barrier(20)

    def try_to_open(number: int) -> bool:
        work = PostgresUnitOfWork(databases[number])
        gate.wait(10)
        try:
            connect(str(number), ticket, work=work)
        except Unauthenticated:
            return False
        return True

    with ThreadPoolExecutor(20) as pool:
        opened = list(pool.map(try_to_open, range(20)))

    assert sum(opened) == 1


def test_an_old_or_unknown_ticket_opens_nothing(live: Live) -> None:
    for ticket in (live.ticket(age_seconds=31), "", "unknown", "\0"):
        with pytest.raises(Unauthenticated):
            connect("socket", ticket, work=live.work())


@pytest.mark.parametrize("change", ["status = 'disabled'", "roles = '{service}'"])
def test_a_ticket_of_a_user_who_lost_permissions_opens_nothing(live: Live, change: str) -> None:
    ticket = live.ticket()
    live.database.rows(f"UPDATE users SET {change}")
    with pytest.raises(Unauthenticated):
        connect("socket", ticket, work=live.work())


def test_a_closed_socket_is_forgotten(live: Live) -> None:
    gone, there = live.open(), live.open()
    listen(live, gone, "entities")
    listen(live, there, "entities")
    live.sockets.gone.add(gone)
    live.entity("Ada")
    live.carry()

    assert len(live.sockets.changes(there)) == 1
    assert live.database.rows("SELECT connection_id FROM socket_connections") == [(there,)]
