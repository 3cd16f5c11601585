"""Postgres is lost after it committed a result and before its response arrived."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from urllib.parse import urlsplit, urlunsplit

import pytest

from groundwork_data.postgres import lease_sql

from ....fakes.counting_database import CountingDatabase
from ...functions.rest_api.conftest import Rest
from .conftest import Office


class CutAtCommit:
    """A proxy before Postgres that breaks the connection instead of answering one commit."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        assert parts.port is not None
        self._target = (parts.hostname or "127.0.0.1", parts.port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        port = self._listener.getsockname()[1]
        place = parts.netloc.rpartition("@")[0] + f"@127.0.0.1:{port}"
        self.url = urlunsplit(parts._replace(netloc=place))
        self.armed = False
        self.cut = 0
        self._committing = False
        self._threads: list[threading.Thread] = []
        self._start(self._accept)

    def _start(self, what: Callable[..., None], *given: socket.socket) -> None:
        self._threads.append(threading.Thread(target=what, args=given, daemon=True))
        self._threads[-1].start()

    def close(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(5)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(self._target)
                for pump in (self._ask, self._answer):
                    self._start(pump, client, server)

    def _ask(self, client: socket.socket, server: socket.socket) -> None:
        with suppress(OSError):
            while data := client.recv(65_536):
                self._committing = self.armed and b"COMMIT" in data
                server.sendall(data)

    def _answer(self, client: socket.socket, server: socket.socket) -> None:
        with suppress(OSError):
            while data := server.recv(65_536):
                if self._committing:  # it has committed: this is its response
                    self.armed = self._committing = False
                    self.cut += 1
                    break
                client.sendall(data)
        for one in (client, server):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()


@pytest.fixture
def proxy(office: Office) -> Iterator[CutAtCommit]:
    made = CutAtCommit(office.rest.url)
    yield made
    made.close()


@pytest.fixture
def beyond(office: Office, proxy: CutAtCommit) -> Iterator[Rest]:
    """An environment that reaches Postgres through the proxy."""
    rest = Rest.beside(office.rest)
    rest.database = CountingDatabase(proxy.url, application_name="test")
    rest.parts.database = rest.database
    rest.parts.database_clock = office.clock
    yield rest
    rest.database.close()


def hand_in(office: Office, beyond: Rest, proxy: CutAtCommit) -> list[int]:
    """Hand the same result in until it is answered, and once more; return the statuses."""
    made = office.add()
    job = office.leased()
    topic = {"ref": "a", "type": "topic", "key": office.kind, "name": "Fog"}
    body = {"lease_token": job["lease_token"], "result": {"entities": [topic]}}
    proxy.armed = True
    answers = [beyond("POST", f"/api/v1/jobs/{made}/results", body) for _ in range(3)]
    assert proxy.cut == 1
    assert office.shown(made)["status"] == "succeeded"
    assert office.outcomes(made) == ["succeeded"]
    found = office.rest("GET", "/api/v1/entities", query={"key": office.kind}).json["items"]
    assert [one["version"] for one in found] == [1]
    return [answer.status for answer in answers if answer.status != 503]


def test_a_repeated_result_gets_the_same_response_and_is_applied_once(
    office: Office, beyond: Rest, proxy: CutAtCommit
) -> None:
    assert set(hand_in(office, beyond, proxy)) == {200}


def test_without_the_stored_lease_a_repeated_result_is_refused(
    office: Office, beyond: Rest, proxy: CutAtCommit, monkeypatch: pytest.MonkeyPatch
) -> None:
    forgetful = lease_sql.SUCCEEDED_WITH.replace("= 'succeeded'", "= 'never'")
    monkeypatch.setattr(lease_sql, "SUCCEEDED_WITH", forgetful)
    assert set(hand_in(office, beyond, proxy)) == {409}
