"""The memory that one client can make the host use. Clients live in the test's process, too, but
they send the same piece over and over and read nothing."""

import socket
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress

import psutil
import pytest
from tests.integration.lambda_host.conftest import Function
from tests.security.front_door.conftest import ECHO, HostThread
from tests.security.front_door.wire import answers, ask, connect, read_to_end

from groundwork_lambda_host.gateway import ServerLimits
from groundwork_lambda_host.gateway.protocol import HttpProtocol

MEGABYTE = 1024 * 1024
PIECE = b"x" * MEGABYTE
LARGE = Function("Large", "large.handler", "/large")
CHUNKED = b"POST /echo/a HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
Start = Callable[..., HostThread]


class Growth:
    """The memory that this process has taken since, in MB."""

    def __init__(self) -> None:
        self._process = psutil.Process()
        self._before = self._process.memory_info().rss

    @property
    def megabytes(self) -> float:
        return (self._process.memory_info().rss - self._before) / MEGABYTE


def until(condition: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end, what
        time.sleep(0.05)


def send_sixty_megabytes(connection: socket.socket, piece: bytes) -> bytes:
    with suppress(ConnectionError):
        for _ in range(60):
            connection.sendall(piece)
    return read_to_end(connection)


ENDLESS = {
    "one trailer": (CHUNKED + b"0\r\nX: ", PIECE),
    "many trailers": (CHUNKED + b"0\r\n", b"X: 1\r\n" * (MEGABYTE // 6)),
    "a chunk extension": (CHUNKED + b"5;", PIECE),
    "one header": (b"GET /echo/a HTTP/1.1\r\nHost: localhost\r\nX: ", PIECE),
    "many headers": (b"GET /echo/a HTTP/1.1\r\nHost: localhost\r\n", b"X: 1\r\n" * 170_000),
    "a target": (b"GET /echo/a?", PIECE),
    "a method": (b"", PIECE),
    "empty lines": (b"", b"\r\n" * (MEGABYTE // 2)),
}


@pytest.mark.parametrize("what", ENDLESS)
def test_endless_parts_of_a_request_other_than_its_body_are_not_buffered(
    door: HostThread, what: str
) -> None:
    begin, piece = ENDLESS[what]
    grown = Growth()
    with connect(door.port) as connection:
        connection.sendall(begin)
        heard = send_sixty_megabytes(connection, piece)

    assert grown.megabytes < 40
    assert [answer.status for answer in answers(heard)] in ([400], [431], [])
    assert ask(door.port, "/echo/afterwards").path == "/echo/afterwards"


def headers_kept(running: HostThread) -> int:
    return sum(len(one._reader.headers) for one in connections_of(running))


def unread_bytes(running: HostThread) -> int:
    return sum(one.transport.get_write_buffer_size() for one in connections_of(running))


def connections_of(running: HostThread) -> list[HttpProtocol]:
    found = list(running.host._server._state.connections)
    return [one for one in found if isinstance(one, HttpProtocol)]


def test_without_the_limit_of_header_bytes_endless_headers_are_buffered(start: Start) -> None:
    """The negative control."""
    running = start(ECHO, limits=ServerLimits(header_bytes=1024 * MEGABYTE))
    begin, piece = ENDLESS["many headers"]
    with connect(running.port) as connection:
        connection.sendall(begin)
        for _ in range(5):
            connection.sendall(piece)
        until(lambda: headers_kept(running) > 500_000, "the headers are not kept")


def test_millions_of_tiny_chunks_are_refused(door: HostThread) -> None:
    grown = Growth()
    with connect(door.port) as connection:
        connection.sendall(CHUNKED)
        heard = send_sixty_megabytes(connection, b"1\r\nx\r\n" * (MEGABYTE // 6))

    assert grown.megabytes < 40
    assert [answer.status for answer in answers(heard)] in ([413], [])


def ask_and_never_read(stack: ExitStack, port: int, connections: int) -> None:
    """Pipelines a hundred requests on each connection and reads none of the responses."""
    request = b"GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n"
    for _ in range(connections):
        connection = stack.enter_context(connect(port))
        connection.sendall(request * 100)


def test_responses_that_a_client_does_not_read_delay_its_next_request(start: Start) -> None:
    running = start(LARGE)
    stats = running.host.fleet.pools["Large"].stats
    grown = Growth()
    with ExitStack() as stack:
        ask_and_never_read(stack, running.port, connections=4)
        until(lambda: stats.invocations >= 4, "nothing was asked")
        time.sleep(1)  # more would come now

        assert stats.invocations <= 8
        assert unread_bytes(running) < 40 * MEGABYTE
        assert grown.megabytes < 100


def test_without_a_pause_of_writing_unread_responses_pile_up(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control."""
    monkeypatch.setattr(HttpProtocol, "pause_writing", lambda _self: None)
    running = start(LARGE, limits=ServerLimits(held_bytes=10_000 * MEGABYTE))
    with ExitStack() as stack:
        ask_and_never_read(stack, running.port, connections=4)
        until(lambda: unread_bytes(running) > 150 * MEGABYTE, "they do not pile up")


def half_a_body(stack: ExitStack, port: int) -> socket.socket:
    connection = stack.enter_context(connect(port))
    head = f"POST /echo/a HTTP/1.1\r\nHost: localhost\r\nContent-Length: {9 * MEGABYTE}\r\n\r\n"
    with suppress(ConnectionError):
        connection.sendall(head.encode())
        for _ in range(8):
            connection.sendall(PIECE)
    return connection


def test_bodies_of_many_connections_share_one_limit(start: Start) -> None:
    running = start(ECHO, limits=ServerLimits(held_bytes=32 * MEGABYTE))
    grown = Growth()
    with ExitStack() as stack:
        connections = [half_a_body(stack, running.port) for _ in range(30)]
        (refused,) = answers(read_to_end(connections[-1]))

        assert (refused.status, refused.headers["retry-after"]) == (503, "1")
        assert grown.megabytes < 80
        assert running.host._server._context.held.bytes <= 16 * MEGABYTE  # one address has half
        assert ask(running.port, "/echo/small").path == "/echo/small"
    until(lambda: running.host._server._context.held.bytes == 0, "it is not given back")


def test_without_the_common_limit_bodies_of_many_connections_are_all_buffered(start: Start) -> None:
    """The negative control."""
    running = start(ECHO, limits=ServerLimits(held_bytes=10_000 * MEGABYTE))
    with ExitStack() as stack:
        for _ in range(30):
            half_a_body(stack, running.port)
        held = running.host._server._context.held
        until(lambda: held.bytes > 200 * MEGABYTE, "they are not kept")


def test_unread_responses_of_many_connections_share_one_limit(start: Start) -> None:
    running = start(LARGE, limits=ServerLimits(held_bytes=32 * MEGABYTE))
    with ExitStack() as stack:
        ask_and_never_read(stack, running.port, connections=30)
        until(lambda: running.host.gateway.responses[503] > 0, "none is refused")

        assert running.host._server._context.held.bytes <= 16 * MEGABYTE


def test_a_last_response_that_the_client_does_not_read_is_dropped_in_time(start: Start) -> None:
    """The connection closes behind it, which is no reason to keep it for ever."""
    running = start(LARGE, limits=ServerLimits(write_seconds=0.5))
    with connect(running.port) as connection:
        connection.sendall(b"GET /large HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        until(lambda: running.host.fleet.pools["Large"].stats.invocations == 1, "not asked")
        until(lambda: running.host._server.connections == 0, "the connection is kept")
    assert running.host._server._context.held.bytes == 0
