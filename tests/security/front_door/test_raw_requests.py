"""The corpus of raw requests: what is refused, what is served, and that no response is shifted."""

from contextlib import suppress

import pytest
from tests.security.front_door.conftest import HostThread
from tests.security.front_door.raw_requests import CASES
from tests.security.front_door.request_bytes import LAST_REQUEST, Case, get
from tests.security.front_door.wire import answers, ask, connect, read_to_end


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_a_raw_request_gets_the_expected_responses(door: HostThread, case: Case) -> None:
    with connect(door.port) as connection:
        connection.sendall(case.sent)
        with suppress(ConnectionError):  # it may have been closed by now
            connection.sendall(LAST_REQUEST)
        heard = answers(read_to_end(connection), case.bodiless)

    finals = [answer for answer in heard if answer.status != 100]
    assert tuple(answer.said for answer in finals) == case.heard
    for answer in finals:
        if answer.status >= 400 and answer.body:
            assert answer.headers["content-type"] == "application/problem+json"
    assert ask(door.port, "/echo/afterwards").path == "/echo/afterwards"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_a_request_sent_in_pieces_gets_the_same_response(door: HostThread, case: Case) -> None:
    """The first 300 bytes are sent one by one, the rest of a longer request at once."""
    with connect(door.port) as connection:
        with suppress(ConnectionError):
            for at in range(min(len(case.sent), 300)):
                connection.sendall(case.sent[at : at + 1])
            connection.sendall(case.sent[300:] + LAST_REQUEST)
        heard = answers(read_to_end(connection), case.bodiless)

    assert tuple(answer.said for answer in heard if answer.status != 100) == case.heard


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"G",
        b"GET /echo/a HTTP/1.1\r\nHost: loc",
        get("/echo/a"),
        get("/echo/a") * 50,
        b"POST /echo/a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99\r\n\r\nhalf",
        b"POST /echo/a HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nha",
    ],
)
def test_a_client_that_disconnects_early_does_no_harm(door: HostThread, sent: bytes) -> None:
    for _ in range(5):
        with connect(door.port) as connection:
            connection.sendall(sent)

    assert ask(door.port, "/echo/afterwards").path == "/echo/afterwards"
