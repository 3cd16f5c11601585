"""Subscriptions at hubs: asked for, confirmed, renewed, given up."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import psycopg
import pytest

from groundwork_core.web.reachability import AllowedTargets
from groundwork_data.postgres import push as postgres_push
from groundwork_data.postgres.push import PostgresPush
from groundwork_data.web.hub_client import HubClient

from .conftest import Reply, Rest
from .polls import poll
from .push import PUBLIC, Web, again, asked, callback, confirm, push, row, subscribe


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
    assert abs(left - timedelta(days=10)) < timedelta(hours=1)


def test_only_one_of_two_runs_requests_a_subscription(rest: Rest, source: Reply) -> None:
    with psycopg.connect(rest.url) as other:
        assert PostgresPush(other).claim_due(datetime.now(UTC)) is not None
        assert asked(rest) == []
    assert len(asked(rest)) == 1
    assert asked(rest) == []


def test_without_the_lock_two_runs_both_request_a_subscription(
    rest: Rest, source: Reply, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the guard disabled."""
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


def test_subscriptions_are_requested_by_the_client_that_refuses_private_addresses(
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
def test_a_hub_can_confirm_only_requested_subscriptions(
    rest: Rest, source: Reply, changed: dict[str, str]
) -> None:
    sent = subscribe(rest)
    assert confirm(rest, sent, **changed).status == 404
    assert row(rest)["status"] == "asked"


def test_a_subscription_is_not_confirmed_before_it_is_requested(rest: Rest, source: Reply) -> None:
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
    assert until < datetime.now(UTC) + timedelta(days=10, hours=1)
    assert until - timedelta(days=1, hours=1) < renewed < until
    rest.database.rows("UPDATE push_subscriptions SET next_try_at = now() - interval '1 s'")
    assert subscribe(rest)["hub.secret"] == form["hub.secret"]
    assert row(rest)["status"] == "active"


def test_a_feed_that_names_no_hub_any_more_is_forgotten(
    rest: Rest, web: Web, source: Reply, form: dict[str, str]
) -> None:
    body = b"<rss version='2.0'><channel><title>t</title></channel></rss>"
    web.answers["/feed"] = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
    again(rest, source)
    assert rest.database.rows("SELECT count(*) FROM push_subscriptions") == [(0,)]
    assert push(rest, form).status == 410


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


def test_a_hub_that_delivers_is_still_trusted(
    rest: Rest, web: Web, source: Reply, form: dict[str, str]
) -> None:
    """The tally's control: the same polls, each after a push."""
    for _ in range(5):
        push(rest, form)
        web.entries += 1
        web.serve()
        again(rest, source)
    assert rest("GET", source.location).json["state"]["push"] is not None


def test_the_refusal_of_a_subscription_is_stored(rest: Rest, source: Reply) -> None:
    sent = subscribe(rest)
    denied = {"hub.mode": "denied", "hub.topic": sent["hub.topic"], "hub.reason": "no"}
    assert rest("GET", callback(sent), query=denied, token=None).status == 200
    assert row(rest)["status"] == "refused"


def test_no_row_has_the_plain_secret(rest: Rest, form: dict[str, str]) -> None:
    assert form["hub.secret"] not in str(row(rest))
