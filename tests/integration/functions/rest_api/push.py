"""A feed with a hub, the subscription at the hub, and what the hub sends."""

import hmac
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from groundwork_core.push.keep_subscribed import keep_subscribed
from groundwork_core.web.reachability import AllowedTargets

from ....feeds import RawServer
from .polls import poll
from .rest import Reply, Rest

PUBLIC = "https://groundwork.example"


class Web(RawServer):
    """A feed with a hub on loopback."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[dict[str, str]] = []
        self.entries = 1

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/feed"

    def serve(self, *, header: bool = False) -> None:
        hub = f"http://127.0.0.1:{self.port}/hub"
        named = "" if header else f'<atom:link rel="hub" href="{hub}"/>'
        items = "".join(
            f"<item><guid>{n}</guid><title>{n}</title></item>" for n in range(self.entries)
        )
        body = (
            '<rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom"><channel>'
            f'<title>t</title>{named}<atom:link rel="self" href="{self.url}"/>'
            f"{items}</channel></rss>"
        ).encode()
        link = f'Link: <{hub}>; rel="hub"\r\n' if header else ""
        head = f"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\n{link}Content-Length: {len(body)}\r\n"
        self.answers["/feed"] = head.encode() + b"\r\n" + body
        self.answers["/hub"] = b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n"


@pytest.fixture
def web(rest: Rest) -> Iterator[Web]:
    server = Web()
    with server:
        rest.parts.allowed = AllowedTargets.parse((f"127.0.0.1:{server.port}",))
        server.serve()
        yield server


@pytest.fixture
def source(rest: Rest, web: Web) -> Reply:
    made = rest.create("sources", name="x", url=web.url)
    poll(rest, made)
    return made


def again(rest: Rest, made: Reply) -> None:
    """Poll once more, now."""
    rest.database.rows("UPDATE hosts SET next_allowed_at = now() - interval '1 s'")
    assert rest("POST", f"{made.location}/fetch").status == 202
    poll(rest, made)


def row(rest: Rest) -> dict[str, Any]:
    (found,) = rest.database.rows("SELECT to_jsonb(p) FROM push_subscriptions p")
    shown: dict[str, Any] = found[0]
    return shown


def asked(rest: Rest) -> list[dict[str, str]]:
    """Ask the hubs whose turn it is; return the forms that were sent."""
    forms: list[dict[str, str]] = []

    def ask(hub: str, form: Mapping[str, str]) -> int:
        forms.append(dict(form))
        return 202

    keep_subscribed(
        work=rest.parts.work,
        clock=rest.parts.database_clock,
        ask=ask,
        encryption=rest.parts.encryption,
        public_url=PUBLIC,
    )
    return forms


def subscribe(rest: Rest) -> dict[str, str]:
    """Ask the hubs; return the form that was sent."""
    (form,) = asked(rest)
    return form


def callback(form: dict[str, str]) -> str:
    return form["hub.callback"].removeprefix(PUBLIC)


def confirm(rest: Rest, form: dict[str, str], **changed: str) -> Reply:
    query = {
        "hub.mode": "subscribe",
        "hub.topic": form["hub.topic"],
        "hub.challenge": "a challenge",
        "hub.lease_seconds": "864000",
        **{f"hub.{name}": value for name, value in changed.items()},
    }
    return rest("GET", callback(form), query=query, token=None)


def push(rest: Rest, form: dict[str, str], secret: str | None = None, body: str = "x") -> Reply:
    key = (form["hub.secret"] if secret is None else secret).encode()
    signed = hmac.new(key, body.encode(), "sha256").hexdigest()
    headers = {"X-Hub-Signature": f"sha256={signed}", "Content-Type": "application/rss+xml"}
    return rest("POST", callback(form), body, headers=headers, token=None)


@pytest.fixture
def form(rest: Rest, source: Reply) -> dict[str, str]:
    """A confirmed subscription."""
    sent = subscribe(rest)
    assert confirm(rest, sent).status == 200
    return sent


def due(rest: Rest) -> bool:
    (found,) = rest.database.rows(
        "SELECT next_poll_at <= now() + interval '61 s', next_poll_reason FROM source_states"
    )
    return bool(found[0]) and found[1] == "pushed"
