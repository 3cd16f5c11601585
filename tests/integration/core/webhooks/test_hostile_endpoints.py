"""Endpoints that attack: hanging, endless responses, redirects, a name that becomes private."""

import ipaddress
import threading
import time
from typing import Any

import pytest

from groundwork_core.web.reachability import Address, AllowedTargets
from groundwork_core.webhooks import send_due
from groundwork_data.web import connecting, message_poster
from groundwork_data.web.message_poster import MessagePoster

from ....waiting import eventually
from ....webhook_receiver import Answers, Received, answering
from .conftest import Office


@pytest.mark.parametrize("guarded", [True, False])
def test_an_endpoint_that_hangs_delays_no_other(
    office: Office, monkeypatch: pytest.MonkeyPatch, *, guarded: bool
) -> None:
    monkeypatch.setattr(send_due, "THREADS", 4)
    monkeypatch.setattr(send_due, "FAILING_THREADS", 2)
    monkeypatch.setattr(send_due, "PROMISE_SECONDS", 5.0)  # it looks for more
    let_go = threading.Event()

    def hang(_to: Answers, _of: Received) -> None:
        let_go.wait(60)

    office.receiver.answers["/hang"] = hang
    # With the guard disabled: the endpoint may have all threads.
    hanging = office.webhook("/hang", max_in_flight=2 if guarded else 20)
    office.publish(10)
    office.relay()
    sender = office.sender(post=office.poster(total_seconds=60.0))
    run = threading.Thread(target=sender.run, args=(lambda: 1_000.0,))
    run.start()
    try:
        assert eventually(lambda: len(office.receiver.at("/hang")) == (2 if guarded else 4))
        office.webhook("/a", "contents.created")
        office.publish(5)
        office.relay()
        came = eventually(
            lambda: len(office.receiver.at("/a")) == 5, within_seconds=30 if guarded else 2
        )
        assert came is guarded
    finally:
        monkeypatch.setattr(send_due, "PROMISE_SECONDS", 0.0)  # enough has been seen
        let_go.set()
        run.join()
    assert {one["status"] for one in office.attempts(hanging)} == {None}


def test_an_endless_response_of_an_endpoint_is_cut_off(office: Office) -> None:
    office.receiver.answers |= {"/stream": office.receiver.stream, "/drip": office.receiver.drip}
    streaming, dripping = office.webhook("/stream"), office.webhook("/drip")
    office.publish()
    began = time.monotonic()
    office.go()
    assert time.monotonic() - began < 10
    (attempt,) = office.attempts(streaming)  # its status has said that it was taken
    assert (attempt["status"], attempt["response"][:10]) == (200, "more more ")
    assert len(attempt["response"]) <= 1_024
    (attempt,) = office.attempts(dripping)
    assert attempt["status"] is None
    assert attempt["error"].startswith("The response took")  # longer than 1 s, or a read of it


def test_a_redirect_is_a_failure_and_is_not_followed(office: Office) -> None:
    for path, to in (("/meta", "http://169.254.169.254/latest/meta-data/"), ("/own", "/secret")):
        office.receiver.answers[path] = answering(307, Location=to)
    hooks = [office.webhook("/meta"), office.webhook("/own")]
    office.publish()
    office.go()
    for hook in hooks:
        (attempt,) = office.attempts(hook)
        assert attempt["status"] == 307
        assert attempt["error"] == "The endpoint responded with 307; redirects are not followed."
    assert office.receiver.at("/secret") == []


class Rebinding:
    """A name that is public at the first look-up, and this machine at later ones."""

    def __init__(self, later: str) -> None:
        self.later = ipaddress.ip_address(later)
        self.asked = 0

    def __call__(self, _host: str, _port: int, _seconds: float) -> list[Address]:
        self.asked += 1
        return [ipaddress.ip_address("8.8.8.8")] if self.asked == 1 else [self.later]


@pytest.mark.parametrize("later", ["127.0.0.1", "169.254.169.254", "10.0.0.1", "::1"])
def test_a_name_that_becomes_private_is_refused(
    office: Office, later: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    went: list[str] = []
    real = connecting.exchange

    def noted(address: Address, **more: Any) -> Any:
        went.append(str(address))
        if str(address) == "8.8.8.8":
            raise ConnectionRefusedError
        return real(address, **more)

    monkeypatch.setattr(message_poster, "exchange", noted)
    names = Rebinding(later)
    poster = MessagePoster(AllowedTargets(), resolver=names, total_seconds=1.0)
    hook = office.rest.create(
        "webhooks",
        url=f"http://hooks.example.org:{office.receiver.port}/x",
        events=["contents.published"],
    )
    office.publish()
    office.relay()
    for _ in range(2):
        office.send(post=poster)
        office.clock.forward(seconds=60)
    errors = [one["error"] for one in office.attempts(hook)]
    assert errors == [
        "The server refused the connection.",
        "hooks.example.org has an address that is not public.",
    ]
    assert (names.asked, went) == (2, ["8.8.8.8"])  # one look-up an attempt, and its address alone
    if later == "127.0.0.1":
        # Without the check at the attempt, the message arrives inside.
        monkeypatch.setattr(AllowedTargets, "permits", lambda *_: True)
        office.send(post=poster)
        office.clock.forward(hours=1)
        office.send(post=poster)
        assert len(office.receiver.at("/x")) == 1
