"""The client's address and the served hosts, as the settings of a host say."""

import json
import logging
from collections.abc import Callable

import pytest
from tests.security.front_door.conftest import ECHO, HostThread
from tests.security.front_door.request_bytes import get
from tests.security.front_door.wire import Heard, answers, ask, connect, read_to_end

from groundwork_lambda_host.settings import HostSettings

Start = Callable[..., HostThread]
SPOOFED = "X-Forwarded-For: 6.6.6.6"


def of(**environ: str) -> HostSettings:
    return HostSettings.from_environ({"GROUNDWORK_PORT": "0", **environ})


def source_ip(heard: Heard) -> str:
    return str(json.loads(heard.body)["event"]["requestContext"]["identity"]["sourceIp"])


@pytest.mark.parametrize(
    ("headers", "address"),
    [
        (("X-Forwarded-For: 203.0.113.7",), "203.0.113.7"),
        (("X-Forwarded-For: 6.6.6.6, 203.0.113.7, 10.1.2.3",), "203.0.113.7"),
        (("X-Forwarded-For: 6.6.6.6", "X-Forwarded-For: 203.0.113.7"), "203.0.113.7"),
        (("Forwarded: for=6.6.6.6, for=203.0.113.7;proto=https, for=10.1.2.3",), "203.0.113.7"),
        (('Forwarded: For="[2001:db8::7]:4711"',), "2001:db8::7"),
        ((), "127.0.0.1"),
    ],
)
def test_a_trusted_proxy_states_the_clients_address(
    start: Start, headers: tuple[str, ...], address: str
) -> None:
    running = start(ECHO, settings=of(GROUNDWORK_TRUSTED_PROXIES="127.0.0.0/8, 10.0.0.0/8"))
    assert source_ip(ask(running.port, "/echo/a", "GET", *headers)) == address


@pytest.mark.parametrize("proxies", ["", "10.0.0.0/8"])
def test_forwarding_headers_of_untrusted_peers_are_ignored(start: Start, proxies: str) -> None:
    running = start(ECHO, settings=of(GROUNDWORK_TRUSTED_PROXIES=proxies))
    for header in (SPOOFED, "Forwarded: for=6.6.6.6"):
        assert source_ip(ask(running.port, "/echo/a", "GET", header)) == "127.0.0.1"


def test_a_listed_host_is_served_on_any_port(start: Start) -> None:
    running = start(ECHO, settings=of(GROUNDWORK_HOSTS="api.example.org, *.example.net"))
    served = ("api.example.org", "API.example.org:8443", "a.example.net", "localhost:1")
    refused = ("example.org", "evil.example", "example.net", "xapi.example.org")

    for host in served:
        assert ask(running.port, "/echo/a", "GET", f"Host: {host}").status == 200
    for host in refused:
        for path in ("/echo/a", "/metrics", "/none", "/ws"):
            heard = ask(running.port, path, "GET", f"Host: {host}")
            assert (heard.status, json.loads(heard.body)["type"]) == (
                421,
                "/problems/misdirected-request",
            )


def test_outside_local_every_host_can_be_served(start: Start) -> None:
    running = start(ECHO, settings=of(GROUNDWORK_HOSTS="*", GROUNDWORK_ENV="prod"))
    assert ask(running.port, "/echo/a", "GET", "Host: anything.example").status == 200


def test_a_head_response_has_the_length_of_the_get_and_no_body(start: Start) -> None:
    running = start(ECHO)
    for path in ("/metrics", "/echo/a", "/none"):
        heard = ask(running.port, path, "HEAD")
        assert int(heard.headers["content-length"]) > 100
    assert ask(running.port, "/metrics", "DELETE").headers["allow"] == "GET, HEAD"


def test_bad_requests_write_one_line_a_minute(
    start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    running = start(ECHO)
    with caplog.at_level(logging.INFO):
        for _ in range(50):
            with connect(running.port) as connection:
                connection.sendall(get("/echo/a", "X Y: 1"))
                (heard,) = answers(read_to_end(connection))
                assert heard.status == 400
        server = running.host._server
        for second in (100.0, 101.0, 130.0):
            server._log_bad_requests(second)
        running.host.gateway.bad_requests += 7
        server._log_bad_requests(200.0)

    assert running.host.gateway.responses[400] == 50
    messages = [record.getMessage() for record in caplog.records]
    assert sum("not valid HTTP" in line for line in messages) <= 3
    assert "7 requests were not valid HTTP" in messages
    assert len(messages) <= 3
