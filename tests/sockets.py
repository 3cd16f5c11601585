"""Sockets on which processes listen."""

import socket
from collections.abc import Iterable
from contextlib import suppress

import psutil


def family(pid: int) -> list[psutil.Process]:
    """Return a process and all that come from it."""
    parent = psutil.Process(pid)
    return [parent, *parent.children(recursive=True)]


def listening(pids: Iterable[int]) -> set[str]:
    """Return the addresses on which these processes listen. One that has ended has none."""
    found = set()
    for pid in pids:
        with suppress(psutil.NoSuchProcess):  # workers of Postgres come and go
            for connection in psutil.Process(pid).net_connections(kind="inet"):
                datagrams = connection.type == socket.SOCK_DGRAM
                if connection.status == psutil.CONN_LISTEN or datagrams:
                    found.add(str(connection.laddr.ip))
    return found
