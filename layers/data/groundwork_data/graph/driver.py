"""The driver to Neo4j that one execution environment keeps.

The driver is imported and created at first use, because it costs a cold start more than the rest of
a function. Every wait is limited to seconds: connecting to an address that drops packets times out,
a connection to a server that does not respond is closed (see `unresponsive_server`), and a query
that exceeds its time limit is stopped in the database.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit

from groundwork_core.errors import TookTooLong
from groundwork_core.knowledge.graph.errors import GraphUnavailable
from groundwork_data.unresponsive_server import BOLT, ResponseWatch, is_unresponsive

if TYPE_CHECKING:
    from collections.abc import Callable

    from neo4j import Driver, ManagedTransaction, Record, Session

    from groundwork_data.secret_credentials import SecretCredentials

BOLT_PORT = 7687
CONNECT_SECONDS = 1.5
IDLE_BEFORE_CHECK_SECONDS = 1.0
RETRY_SECONDS = 2.0
READ_SECONDS = 5.0
WRITE_SECONDS = 30.0
DOUBT_READS_SECONDS = 1.2
DOUBT_WRITES_SECONDS = 8.0
GRACE_SECONDS = 3.0
"""Our own time limit ends this much later; Neo4j checks its limits every two seconds."""

Parameters = Mapping[str, object]
T = TypeVar("T")

log = logging.getLogger(__name__)


class GraphDatabase:
    """Runs Cypher. Always pass values as parameters; texts are constants.

    Raises (all methods): GraphUnavailable when Neo4j cannot be reached or is too busy; TookTooLong
    when Neo4j stopped a statement at its time limit.
    """

    def __init__(
        self,
        uri: str,
        user: str,
        password: str | SecretCredentials,
        *,
        application_name: str = "groundwork",
    ) -> None:
        """`uri` is a Bolt address, `bolt://host:port`.

        `password` may come from a secret. If the secret has a `username`, it replaces `user`.
        """
        self._uri = uri
        self._user = user
        self._password = password
        self._application_name = application_name
        self._driver: Driver | None = None
        self._watch = ResponseWatch(lambda: is_unresponsive(*_host_and_port(uri), BOLT), self._cut)
        self.statements = 0
        """Number of statements that were run; tests check it."""

    def read(
        self, cypher: str, parameters: Parameters, *, seconds: float = READ_SECONDS
    ) -> list[Record]:
        """Run one reading statement. Neo4j stops it after `seconds`."""
        from neo4j import Query

        with self._reading(seconds), self._session(access="READ") as session:
            self.statements += 1
            query = Query(cypher, timeout=seconds)
            return list(session.run(query, dict(parameters)))

    def write(
        self, work: Callable[[ManagedTransaction], T], *, seconds: float = WRITE_SECONDS
    ) -> T:
        """Run `work` in one transaction; retry it from its start after a deadlock."""
        from neo4j import unit_of_work

        with self._writing(seconds), self._session() as session:
            return session.execute_write(unit_of_work(timeout=seconds)(work))

    def run(self, cypher: str, parameters: Parameters | None = None) -> list[Record]:
        """Run one autocommit statement: schema changes, and CALL {} IN TRANSACTIONS."""
        with self._writing(), self._session() as session:
            self.statements += 1
            return list(session.run(cypher, dict(parameters or {})))

    def ensure(self, statement: str) -> None:
        """Run CREATE … IF NOT EXISTS, safe for concurrent callers.

        If two statements run concurrently, both may find nothing, so that one of them fails; this
        failure is ignored. Or both lock the type and wait for each other; the driver then retries.
        """
        from neo4j.exceptions import ClientError

        try:
            with self._writing(), self._session() as session:
                session.execute_write(lambda transaction: transaction.run(statement).consume())
        except ClientError as error:
            if not (error.code or "").endswith("AlreadyExists"):
                raise

    @contextmanager
    def open_transaction(self) -> Iterator[Callable[[str, Parameters], list[Record]]]:
        """Hold a transaction open for its locks; it commits at the end of the block."""
        with (
            self._writing(),
            self._session() as session,
            session.begin_transaction() as transaction,
        ):
            yield lambda cypher, parameters: list(transaction.run(cypher, dict(parameters)))
            transaction.commit()

    def close(self) -> None:
        """Close the connections. The next statement opens new ones."""
        if self._driver is not None:
            self._driver.close()
            self._driver = None

    def _reading(self, seconds: float) -> AbstractContextManager[None]:
        return self._watch.broken(
            after_seconds=DOUBT_READS_SECONDS, at_most_seconds=seconds + GRACE_SECONDS
        )

    def _writing(self, seconds: float = float("inf")) -> AbstractContextManager[None]:
        """Limit the time of each attempt of a write."""
        return self._watch.broken(
            after_seconds=DOUBT_WRITES_SECONDS,
            at_most_seconds=seconds + RETRY_SECONDS + seconds + GRACE_SECONDS,
        )

    def _cut(self) -> None:
        """Shut the sockets down: waiting calls fail, and the driver opens new connections.

        `close()` would first send a message and wait, so this uses the driver's own pool;
        tests/integration/data/graph/test_unresponsive_server.py fails if a new version moves it.
        """
        driver = self._driver
        if driver is None:
            return
        log.warning("The graph does not respond; closing its connections")
        for connections in list(driver._pool.connections.values()):
            for connection in list(connections):
                connection.kill()

    @contextmanager
    def _session(self, *, access: str = "WRITE", fetch_size: int = -1) -> Iterator[Session]:
        from neo4j import exceptions

        try:
            with self._open().session(default_access_mode=access, fetch_size=fetch_size) as session:
                yield session
        except (exceptions.AuthError, exceptions.ConfigurationError) as error:
            log.exception("Neo4j refused us; see NEO4J_USER, NEO4J_PASSWORD and NEO4J_SECRET_ID")
            self._renew_password()
            raise GraphUnavailable("The graph cannot be reached.") from error
        except exceptions.ClientError as error:
            if "TransactionTimedOut" in (error.code or ""):
                raise TookTooLong(
                    "The query of the graph took too long; request less data."
                ) from error
            raise
        except (exceptions.TransientError, exceptions.DatabaseUnavailable) as error:
            raise GraphUnavailable("The graph is too busy.") from error
        except (exceptions.DriverError, OSError) as error:
            if isinstance(error, exceptions.ResultError | exceptions.TransactionError):
                raise
            raise GraphUnavailable("The graph cannot be reached.") from error

    def _open(self) -> Driver:
        if self._driver is None:
            from neo4j import GraphDatabase as Neo4j
            from neo4j import NotificationMinimumSeverity

            self._driver = Neo4j.driver(
                self._uri,
                auth=self._auth(),
                user_agent=self._application_name,
                connection_timeout=CONNECT_SECONDS,
                connection_acquisition_timeout=CONNECT_SECONDS,
                liveness_check_timeout=IDLE_BEFORE_CHECK_SECONDS,
                max_transaction_retry_time=RETRY_SECONDS,
                max_connection_pool_size=4,
                notifications_min_severity=NotificationMinimumSeverity.OFF,
                telemetry_disabled=True,
            )
        return self._driver

    def _auth(self) -> tuple[str, str]:
        secret = self._password
        if isinstance(secret, str):
            return (self._user, secret)
        found = secret.current()
        return (found.username or self._user, found.password)

    def _renew_password(self) -> None:
        """Read the secret again after a refusal; the next statement connects with the new one."""
        if not isinstance(self._password, str) and self._password.renew():
            self.close()


def _host_and_port(uri: str) -> tuple[str, int]:
    parts = urlsplit(uri)
    return parts.hostname or "localhost", parts.port or BOLT_PORT
