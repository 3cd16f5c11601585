"""No address inside our own network is ever connected to, however it is written."""

import socket
import threading
from collections.abc import Iterator
from ipaddress import ip_address

import pytest

from groundwork_core.sources.fetch_outcome import Failed, Failure, FetchRequest
from groundwork_core.web.reachability import Address, AllowedTargets
from groundwork_data.web.fetcher import SafeFetcher


class Trap:
    """Listens on loopback and counts who comes."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._socket.getsockname()[1])
        self.visitors = 0
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        while True:
            try:
                visitor, _ = self._socket.accept()
            except OSError:
                return
            self.visitors += 1
            visitor.close()

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def trap() -> Iterator[Trap]:
    made = Trap()
    yield made
    made.close()


HOSTS = [
    "127.0.0.1",
    "127.1",
    "2130706433",
    "0x7f.1",
    "0x7f000001",
    "017700000001",
    "0177.0.0.1",
    "0",
    "0.0.0.0",  # noqa: S104 - refused, not bound
    "localhost",
    "LOCALHOST.",
    "127.0.0.1.",
    "[::1]",
    "[::]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[::127.0.0.1]",
    "[64:ff9b::7f00:1]",
    "[2002:7f00:1::]",
]


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_no_spelling_of_the_loopback_address_is_reached(trap: Trap, host: str, scheme: str) -> None:
    answer = SafeFetcher(AllowedTargets(), total_seconds=3).ask(
        FetchRequest(f"{scheme}://{host}:{trap.port}/")
    )
    assert isinstance(answer, Failed)
    assert answer.failure in (Failure.BLOCKED_ADDRESS, Failure.DNS, Failure.BAD_URL)
    assert trap.visitors == 0


def test_without_the_check_of_addresses_loopback_is_reached(trap: Trap) -> None:
    everything = AllowedTargets.parse(("0.0.0.0/0",))
    SafeFetcher(everything, total_seconds=3).ask(FetchRequest(f"http://127.1:{trap.port}/"))
    assert trap.visitors == 1


@pytest.mark.parametrize(
    "addresses",
    [["127.0.0.1"], ["1.1.1.1", "127.0.0.1"], ["2606:4700::1111", "::ffff:10.0.0.1"]],
)
def test_a_name_with_a_private_address_is_refused_even_if_it_also_has_a_public_one(
    trap: Trap, addresses: list[str]
) -> None:
    def resolver(_host: str, _port: int, _seconds: float) -> list[Address]:
        return [ip_address(one) for one in addresses]

    answer = SafeFetcher(AllowedTargets(), resolver=resolver).ask(
        FetchRequest(f"http://evil.example:{trap.port}/")
    )
    assert isinstance(answer, Failed)
    assert answer.failure is Failure.BLOCKED_ADDRESS
    assert trap.visitors == 0


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "ftp://example.org/",
        "gopher://127.0.0.1:6379/_INFO",
        "jar:http://example.org!/",
        "//example.org/",
        "http://",
        "http:///path",
        "http://user:pass@example.org/",
        "http://exa mple.org/",
        "",
    ],
)
def test_only_http_and_https_addresses_are_requested(url: str) -> None:
    answer = SafeFetcher(AllowedTargets(), total_seconds=3).ask(FetchRequest(url))
    assert isinstance(answer, Failed)
    assert answer.failure in (Failure.BAD_URL, Failure.DNS)


def test_a_header_cannot_be_smuggled_in_through_an_address(trap: Trap) -> None:
    allowed = AllowedTargets.parse((f"127.0.0.1:{trap.port}",))
    url = f"http://127.0.0.1:{trap.port}/x HTTP/1.1\r\nX-Evil: 1\r\n\r\n"
    answer = SafeFetcher(allowed, total_seconds=3).ask(FetchRequest(url))
    assert isinstance(answer, Failed)
