"""Push by WebSub: subscriptions, and hubs that lie, replay, flood or do not deliver."""

import hmac
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest

from groundwork_core.push import take_push
from groundwork_core.push.keep_subscribed import keep_subscribed
from groundwork_core.sources.model import FetchDue
from groundwork_core.web.reachability import AllowedTargets
from groundwork_data.postgres import push as postgres_push
from groundwork_data.postgres.push import PostgresPush
from groundwork_data.web.hub_client import HubClient

from ....feeds import RawServer
from .conftest import Reply, Rest

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


def poll(rest: Rest, made: Reply) -> None:
    (row,) = rest.database.rows(
        "SELECT data FROM outbox WHERE kind = 'fetch_due' AND aggregate_id = %s"
        " ORDER BY id DESC LIMIT 1",
        [made.json["id"]],
    )
    due = FetchDue.model_validate_json(json.dumps(row[0]))
    assert [error for _, error in rest.parts.fetch_sources([due])] == [None]


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
        clock=rest.parts.clock,
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


def test_a_feed_with_a_hub_is_subscribed_to(rest: Rest, web: Web, source: Reply) -> None:
    assert rest("GET", source.location).json["state"]["push"] is None
    sent = subscribe(rest)
    assert (sent["hub.mode"], sent["hub.topic"]) == ("subscribe", web.url)
    assert sent["hub.lease_seconds"] == "864000"
    reply = confirm(rest, sent)
    assert (reply.status, reply.text) == (200, "a challenge")
    shown = rest("GET", source.location).json["state"]["push"]
    assert shown["hub"] == f"http://127.0.0.1:{web.port}/hub"
    left = datetime.fromisoformat(shown["until"]) - datetime.now(UTC)
    assert timedelta(days=9) < left <= timedelta(days=10)


def test_of_two_runs_one_asks_a_hub(rest: Rest, source: Reply) -> None:
    with psycopg.connect(rest.url) as other:
        assert PostgresPush(other).claim_due(datetime.now(UTC)) is not None
        assert asked(rest) == []
    assert len(asked(rest)) == 1
    assert asked(rest) == []


def test_without_a_lock_both_runs_ask_the_hub(
    rest: Rest, source: Reply, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The guard taken away."""
    unlocked = postgres_push.CLAIM_DUE.replace("FOR UPDATE SKIP LOCKED", "")
    monkeypatch.setattr(postgres_push, "CLAIM_DUE", unlocked)
    with psycopg.connect(rest.url) as other:
        assert PostgresPush(other).claim_due(datetime.now(UTC)) is not None
        assert len(asked(rest)) == 1


def test_the_link_header_comes_first(rest: Rest, web: Web) -> None:
    web.serve(header=True)
    made = rest.create("sources", name="x", url=web.url)
    poll(rest, made)
    assert row(rest)["hub"].endswith("/hub")


def test_the_hub_is_asked_over_http_by_the_guarded_client(
    rest: Rest, web: Web, source: Reply
) -> None:
    hub = row(rest)["hub"]
    assert HubClient(rest.parts.allowed)(hub, {"hub.mode": "subscribe"}) == 202
    assert web.asked[-1] == "/hub"
    assert HubClient(AllowedTargets())(hub, {}) is None
    assert web.asked.count("/hub") == 1


@pytest.mark.parametrize(
    "changed",
    [{"mode": "unsubscribe"}, {"topic": "https://other.example/"}, {"challenge": ""}],
)
def test_only_what_we_asked_for_is_confirmed(
    rest: Rest, source: Reply, changed: dict[str, str]
) -> None:
    sent = subscribe(rest)
    assert confirm(rest, sent, **changed).status == 404
    assert row(rest)["status"] == "asked"


def test_nothing_is_confirmed_before_we_ask_or_for_unknown_addresses(
    rest: Rest, source: Reply
) -> None:
    known = {"hub.topic": row(rest)["topic"], "hub.callback": f"{PUBLIC}/api/v1/push/"}
    wanted = known | {"hub.callback": f"{PUBLIC}/api/v1/push/{row(rest)['callback_id']}"}
    unknown = known | {"hub.callback": f"{PUBLIC}/api/v1/push/{UUID(int=7)}"}
    assert confirm(rest, wanted).status == confirm(rest, unknown).status == 404


def test_a_long_lease_is_cut_and_renewed_in_time_with_the_same_secret(
    rest: Rest, source: Reply, form: dict[str, str]
) -> None:
    assert confirm(rest, form, lease_seconds="99999999999").status == 200
    until = datetime.fromisoformat(row(rest)["until"])
    renewed = datetime.fromisoformat(row(rest)["next_try_at"])
    assert until <= datetime.now(UTC) + timedelta(days=10)
    assert until - timedelta(days=1, hours=1) < renewed < until
    rest.database.rows("UPDATE push_subscriptions SET next_try_at = now()")
    assert subscribe(rest)["hub.secret"] == form["hub.secret"]
    assert row(rest)["status"] == "active"


def test_a_signed_push_makes_the_source_due(rest: Rest, form: dict[str, str]) -> None:
    assert not due(rest)
    assert push(rest, form).status == 202
    assert due(rest)


@pytest.mark.parametrize("secret", ["another", ""])
def test_a_push_with_a_wrong_signature_is_ignored(
    rest: Rest, form: dict[str, str], secret: str
) -> None:
    assert push(rest, form, secret).status == 202
    assert rest("POST", callback(form), "x", token=None).status == 202
    assert not due(rest)


def test_without_the_check_of_the_signature_anybody_would_make_it_due(
    rest: Rest, form: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The guard taken away."""
    monkeypatch.setattr(take_push, "is_signed", lambda *_: True)
    push(rest, form, "another")
    assert due(rest)


def test_replays_and_floods_cause_one_poll_a_minute_and_no_documents(
    rest: Rest, form: dict[str, str]
) -> None:
    body = "<rss><channel><item><guid>forged</guid><title>forged</title></item></channel></rss>"
    before = rest.database.rows("SELECT count(*) FROM documents")
    outbox = rest.database.rows("SELECT count(*) FROM outbox")
    for _ in range(50):
        assert push(rest, form, body=body).status == 202
    (moment,) = rest.database.rows("SELECT next_poll_at - last_poll_at FROM source_states")
    assert moment[0] >= timedelta(seconds=60)
    assert rest.database.rows("SELECT count(*) FROM documents") == before
    assert rest.database.rows("SELECT count(*) FROM outbox") == outbox


def test_what_is_gone_is_410(rest: Rest, source: Reply, form: dict[str, str]) -> None:
    assert rest("DELETE", source.location, headers={"If-Match": "*"}).status == 204
    assert push(rest, form).status == 410
    assert confirm(rest, form).status == 404


def test_a_feed_that_names_no_hub_any_more_is_forgotten(
    rest: Rest, web: Web, source: Reply, form: dict[str, str]
) -> None:
    body = b"<rss version='2.0'><channel><title>t</title></channel></rss>"
    web.answers["/feed"] = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
    again(rest, source)
    assert rest.database.rows("SELECT count(*) FROM push_subscriptions") == [(0,)]
    assert push(rest, form).status == 410


def test_a_pushed_feed_is_polled_once_a_day(
    rest: Rest, source: Reply, form: dict[str, str]
) -> None:
    again(rest, source)
    shown = rest("GET", f"{source.location}/schedule").json
    assert shown["reason"] == "push"
    pause = datetime.fromisoformat(shown["next_poll_at"]) - datetime.now(UTC)
    assert timedelta(hours=23) < pause <= timedelta(hours=24)


def test_a_hub_that_does_not_deliver_is_no_longer_trusted(
    rest: Rest, web: Web, source: Reply, form: dict[str, str]
) -> None:
    for found in range(5):
        web.entries += 1
        web.serve()
        again(rest, source)
        trusted = rest("GET", source.location).json["state"]["push"] is not None
        # The first poll after the confirmation cannot tell.
        assert trusted == (found < 3), found
    assert rest("GET", f"{source.location}/schedule").json["reason"] != "push"
    assert push(rest, form).status == 410


def test_a_hub_that_delivers_stays(
    rest: Rest, web: Web, source: Reply, form: dict[str, str]
) -> None:
    """The tally's control: the same polls, each after a push."""
    for _ in range(5):
        push(rest, form)
        web.entries += 1
        web.serve()
        again(rest, source)
    assert rest("GET", source.location).json["state"]["push"] is not None


def test_a_refusal_is_noted(rest: Rest, source: Reply) -> None:
    sent = subscribe(rest)
    denied = {"hub.mode": "denied", "hub.topic": sent["hub.topic"], "hub.reason": "no"}
    assert rest("GET", callback(sent), query=denied, token=None).status == 200
    assert row(rest)["status"] == "refused"


def test_the_secret_stands_in_no_row(rest: Rest, form: dict[str, str]) -> None:
    assert form["hub.secret"] not in str(row(rest))
