"""Each check of the doctor finds its fault: a deployment that has all of them."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from groundwork_command.instance.checks import Finding, State
from groundwork_command.outside.address import address_of
from groundwork_command.outside.examine import examine

BODIES = {"/health/live": {"status": "tired"}, "/openapi.json": {"paths": {"/old": {}}}}


class Careless(BaseHTTPRequestHandler):
    """Serves everything to everybody."""

    def do_GET(self) -> None:
        body = json.dumps(BODIES.get(self.path, {"oldest_due_seconds": 5000})).encode()
        self.send_response(200)
        self.send_header("Access-Control-Allow-Origin", "*")
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path == "/graphql":
            self.send_error(503)
        else:
            self.do_GET()

    def log_message(self, format: str, *_: object) -> None:  # noqa: A002 - the library's name
        pass


@contextmanager
def serving(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="module")
def findings() -> dict[str, Finding]:
    with serving(Careless) as url:
        found = examine(address_of(url, "prod", key="gw_live_any"))
    return {one.check: one for one in found}


def test_every_check_of_a_deployment_finds_its_fault_and_says_what_to_do(
    findings: dict[str, Finding],
) -> None:
    good = {name for name, one in findings.items() if one.state is State.GOOD}
    assert good == {"database"}, "sources can be listed, by anybody"
    assert all(one.do for name, one in findings.items() if name not in good)


@pytest.mark.parametrize(
    "check",
    ["health", "pages", "strangers", "logins", "headers", "origins", "rate limit", "sockets"],
)
def test_a_fault_that_endangers_users_is_a_blocking_finding(
    findings: dict[str, Finding], check: str
) -> None:
    assert findings[check].state is State.BLOCKS


@pytest.mark.parametrize("check", ["encryption", "release", "graph", "queues", "readiness"])
def test_a_fault_that_only_hinders_is_a_warning(findings: dict[str, Finding], check: str) -> None:
    assert findings[check].state is State.WARNING


def test_a_deployment_that_does_not_respond_is_unreachable() -> None:
    found = examine(address_of("http://127.0.0.1:1", "dev"))
    assert found[-1].check == "reachable"
    assert found[-1].state is State.BLOCKS


def test_without_an_api_key_checks_that_need_one_are_warnings() -> None:
    with serving(Careless) as url:
        found = {one.check: one for one in examine(address_of(url, "prod"))}
    for name in ("database", "graph", "queues", "rate limit"):
        assert found[name].state is State.WARNING
        assert "GROUNDWORK_API_KEY" in found[name].do
