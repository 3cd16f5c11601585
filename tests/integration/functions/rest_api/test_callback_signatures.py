"""Callbacks need a signature that holds."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import uuid4

import pytest

from groundwork_core.publishing import take_callback
from groundwork_core.publishing.remembered_secrets import UNKNOWN
from groundwork_core.publishing.signatures import REFUSED

from .callbacks import PATH, Publisher, update
from .conftest import Rest


class Stopped:
    """A clock that stands."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at


FORGERIES: dict[str, Callable[[dict[str, str]], dict[str, str]]] = {
    "no headers": lambda _: {},
    "another id": lambda good: {**good, "webhook-id": "msg_other"},
    "another time": lambda good: {
        **good, "webhook-timestamp": str(int(good["webhook-timestamp"]) + 1)
    },
    "no version": lambda good: {**good, "webhook-signature": good["webhook-signature"][3:]},
    "cut": lambda good: {**good, "webhook-signature": good["webhook-signature"][:-2]},
    "not base64": lambda good: {**good, "webhook-signature": "v1,\u00e9\u00e9"},
    "empty": lambda good: {**good, "webhook-signature": "v1,"},
}  # fmt: skip


@pytest.mark.parametrize("forged", FORGERIES)
def test_every_invalid_signature_gets_the_same_response(
    rest: Rest, publisher: Publisher, sending: str, forged: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = json.dumps({"type": "delivery.updated", "data": update(sending)})
    headers = FORGERIES[forged](publisher.signed(body, "msg_forged"))
    reply = rest("POST", PATH, body, token=None, headers=headers)
    assert (reply.status, reply.json["detail"]) == (401, REFUSED)
    assert "WWW-Authenticate" in reply.headers
    # What is no JSON at all is refused alike: nothing is decoded before.
    assert rest("POST", PATH, "{", token=None, headers=headers).json == reply.json
    # Nor does an account help.
    assert rest("POST", PATH, body, headers=headers).status == 401
    # Without the check of signatures, every client that sends well-formed headers is believed.
    monkeypatch.setattr(take_callback, "is_signed_with", lambda *_: True)
    well_formed = {**publisher.signed(body, "msg_x"), "webhook-signature": "v1,AAAA"}
    assert rest("POST", PATH, body, token=None, headers=well_formed).status == 200


@pytest.mark.parametrize(("seconds", "status"), [(-360, 401), (-240, 200), (240, 200), (360, 401)])
def test_a_clock_may_be_five_minutes_off(
    rest: Rest, publisher: Publisher, sending: str, seconds: int, status: int
) -> None:
    body = json.dumps({"type": "delivery.updated", "data": update(sending)})
    headers = publisher.signed(body, "msg_clock", seconds=seconds)
    assert rest("POST", PATH, body, token=None, headers=headers).status == status


def test_both_secrets_are_valid_for_a_day_after_a_rotation(
    rest: Rest, publisher: Publisher, sending: str
) -> None:
    rotated = rest("POST", f"{publisher.made.location}/rotate")
    assert (rotated.status, rotated.json["version"]) == (200, 2)
    new = rotated.json["secret"]
    assert new not in ("", publisher.secret)
    for secret in (publisher.secret, new):
        assert publisher(update(sending), secret=secret).status == 200
    rest.database.rows("UPDATE publisher_secrets SET previous_until = now() - interval '1 s'")
    rest.parts.publisher_secrets.forget()
    assert publisher(update(sending)).status == 401
    assert publisher(update(sending), secret=new).status == 200
    missing = rest("POST", f"/api/v1/publishers/{uuid4()}/rotate")
    assert missing.status == 404


def test_a_disabled_publisher_is_refused(rest: Rest, publisher: Publisher, sending: str) -> None:
    off = rest("PATCH", publisher.made.location, {"enabled": False}, headers={"If-Match": "*"})
    assert off.status == 200
    assert publisher(update(sending)).status == 401


def test_the_secret_of_a_publisher_is_shown_once_and_is_in_no_event(
    rest: Rest, publisher: Publisher
) -> None:
    new = rest("POST", f"{publisher.made.location}/rotate").json["secret"]
    shown = rest("GET", publisher.made.location).text + rest("GET", "/api/v1/publishers").text
    rows = rest.database.rows(
        "SELECT to_jsonb(o)::text FROM outbox o UNION ALL"
        " SELECT to_jsonb(a)::text FROM audit_events a"
    )
    reported = shown + "\n".join(row[0] for row in rows)
    assert "Mailer" in reported
    assert publisher.secret not in reported
    assert new not in reported


def test_a_flood_of_bad_signatures_causes_few_queries(
    rest: Rest, publisher: Publisher, sending: str
) -> None:
    publisher.sends(update(sending))
    body = json.dumps({"type": "delivery.updated", "data": update(sending)})
    forged = {**publisher.signed(body, "msg_flood"), "webhook-signature": "v1,AAAA"}
    rest.parts.clock = Stopped(rest.parts.clock.now())
    before = rest.database.statements
    for _ in range(100):
        assert rest("POST", PATH, body, token=None, headers=forged).status == 401
    assert rest.database.statements - before <= 1


def test_a_publisher_is_known_as_soon_as_it_is_made(rest: Rest, sending: str) -> None:
    clock = rest.parts.clock = Stopped(rest.parts.clock.now())
    for n in range(3):
        made = Publisher(rest)
        clock.at += UNKNOWN + timedelta(milliseconds=1)
        assert made.sends(update(sending, f"r{n}"))["applied"] == 1
