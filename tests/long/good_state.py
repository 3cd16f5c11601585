"""State that no single request makes: leases, an export that has ended, and a confirmed hub."""

import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qsl
from uuid import uuid4

import httpx2

Json = dict[str, Any]
LEASE_SECONDS = 86_400
"""Longer than any run of the fuzzer, so that no lease ends before its request."""
WAIT_SECONDS = 300.0
"""More than the minute after which a schedule of the instance runs."""


def waited_for(look: Callable[[], Json | None], what: str) -> Json:
    """Look until there is something; a test that needs it has nothing to do meanwhile."""
    ends = time.monotonic() + WAIT_SECONDS
    while (found := look()) is None:
        assert time.monotonic() < ends, f"{what} did not come"
        time.sleep(0.5)
    return found


class Leases:
    """Jobs and distributions that are leased; nobody else asks for their kinds and channels."""

    def __init__(self, client: httpx2.Client) -> None:
        self._client = client

    def job(self) -> Json:
        """Return a leased job: `id` and `lease_token`."""
        kind = f"fuzzed_{uuid4().hex}"
        self._made("/api/v1/jobs", {"kind": kind})
        asked = {"kinds": [kind], "worker": "fuzzer", "lease_seconds": LEASE_SECONDS}
        return self._leased("/api/v1/jobs/lease", asked, "id")

    def distribution(self) -> Json:
        """Return a leased distribution: `id` and `lease_token`."""
        content = {"title": "On engines", "body": "Text.", "status": "published"}
        channel = f"fuzzed {uuid4()}"
        of = self._made("/api/v1/contents", content)["id"]
        self._made("/api/v1/distributions", {"content_id": of, "channel": channel})
        asked = {"channels": [channel], "worker": "fuzzer", "lease_seconds": LEASE_SECONDS}
        return self._leased("/api/v1/distributions/lease", asked, "distribution_id")

    def _made(self, path: str, body: Json) -> Json:
        answer = self._client.post(path, json=body)
        assert answer.status_code == 201, (path, answer.text)
        made: Json = answer.json()
        return made

    def _leased(self, path: str, asked: Json, id_: str) -> Json:
        answer = self._client.post(path, json=asked)
        assert answer.status_code == 200, (path, answer.text)
        return {"id": answer.json()[id_], "lease_token": answer.json()["lease_token"]}


def started_export(client: httpx2.Client) -> str:
    """Let a schedule ask for an export; return its id."""
    new = {
        "name": "Everything",
        "schedule": {"kind": "interval", "every_seconds": 86_400},
        "action": {"export": {"resource": "entities"}},
    }
    made = client.post("/api/v1/schedules", json=new)
    assert made.status_code == 201, made.text
    run = client.post(f"/api/v1/schedules/{made.json()['id']}/run")
    assert run.status_code == 202, run.text
    return str(run.json()["id"])


def ended_export(client: httpx2.Client, run_id: str) -> Json:
    """Wait for the files of an export; return path parameters for them."""
    place = f"/api/v1/exports/{run_id}"

    def ended() -> Json | None:
        answer = client.get(place)
        found = answer.json() if answer.status_code == 200 else {}
        return found if found.get("files") else None

    waited_for(ended, "the export")
    return {"run_id": run_id, "number": "0"}


class Hub:
    """A feed on loopback and its hub (WebSub). Used as `with Hub() as hub:`."""

    def __init__(self) -> None:
        self.forms: list[dict[str, str]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._answer(200, outer.feed())

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.forms.append(dict(parse_qsl(body.decode())))
                self._answer(202, b"")

            def _answer(self, status: int, body: bytes) -> None:
                self.send_response(status)
                self.send_header("Content-Type", "application/rss+xml")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *_: object) -> None:  # noqa: A002 - as above
                """Keep the terminal clear."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self._server.server_address[1]}"

    def feed(self) -> bytes:
        url = f"http://{self.address}"
        return (
            '<rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom"><channel><title>t</title>'
            f'<atom:link rel="hub" href="{url}/hub"/><atom:link rel="self" href="{url}/feed"/>'
            "<item><guid>1</guid><title>1</title></item></channel></rss>"
        ).encode()

    def __enter__(self) -> "Hub":
        Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def subscribed(self, client: httpx2.Client) -> Json:
        """Subscribe to the feed; return the parameters with which the hub confirms it."""
        source = {
            "name": "pushed",
            "url": f"http://{self.address}/feed",
            "kind": "feed",
            "schedule": {"kind": "interval", "every_seconds": 86_400},
        }
        made = client.post("/api/v1/sources", json=source)
        assert made.status_code == 201, made.text
        asked = client.post(f"/api/v1/sources/{made.json()['id']}/fetch")
        assert asked.status_code in (202, 409), asked.text  # 409: the scheduler was faster
        form = waited_for(lambda: self.forms[0] if self.forms else None, "the subscription")
        return {
            "callback_id": form["hub.callback"].rpartition("/")[2],
            "hub.mode": "subscribe",
            "hub.topic": form["hub.topic"],
            "hub.challenge": "a challenge",
            "hub.lease_seconds": "864000",
        }
