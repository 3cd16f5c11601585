"""Databases for the length of a test, a module or a run."""

import atexit
from contextlib import suppress

import psycopg

COPY = "STRATEGY file_copy"
"""Takes half of the CPU of the usual strategy, which writes every page to the log as well."""

_connections: dict[str, psycopg.Connection[tuple[object, ...]]] = {}


class temporary_database:  # noqa: N801 - reads like a function
    """A database for the length of a `with` block."""

    def __init__(self, server_url: str, name: str, template: str = "template0") -> None:
        self._server_url, self._name, self._template = server_url, name, template

    def __enter__(self) -> str:
        create = f'CREATE DATABASE "{self._name}" TEMPLATE "{self._template}" {COPY}'
        on_server(self._server_url, create)
        return self._server_url.rsplit("/", 1)[0] + "/" + self._name

    def __exit__(self, *_: object) -> None:
        on_server(self._server_url, f'DROP DATABASE IF EXISTS "{self._name}" WITH (FORCE)')


def on_server(server_url: str, statement: str) -> None:
    """Execute a statement outside of a transaction, on the connection that this process keeps.

    A connection for each statement would take a third of the CPU of a test's database.
    """
    connection = _connections.get(server_url)
    if connection is not None and not connection.closed:
        try:
            connection.execute(statement)
        except psycopg.OperationalError:
            if not connection.closed:
                raise
        else:
            return
    # The first one, or a test ended the connection or its server.
    connection = _connections[server_url] = psycopg.connect(server_url, autocommit=True)
    connection.execute(statement)


@atexit.register
def _disconnect() -> None:
    for connection in _connections.values():
        with suppress(psycopg.Error):
            connection.close()
