"""Signatures of Standard Webhooks: the specification's example, and everything malformed."""

from datetime import UTC, datetime, timedelta

import pytest

from groundwork_core.errors import Unauthenticated
from groundwork_core.publishing.signatures import (
    REFUSED,
    is_signed_with,
    key_of,
    new_secret,
    read_headers,
    signature_of,
)

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
ID, TIMESTAMP, BODY = "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", b'{"test": 2432232314}'
SIGNATURE = "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
NOW = datetime.fromtimestamp(int(TIMESTAMP), UTC)
HEADERS = {
    "webhook-id": ID,
    "webhook-timestamp": TIMESTAMP,
    "webhook-signature": f"v1,{SIGNATURE}",
}


def test_the_example_of_the_specification_is_verified() -> None:
    assert signature_of(key_of(SECRET), ID, TIMESTAMP, BODY) == SIGNATURE
    message = read_headers(HEADERS, NOW)
    assert (message.id, message.sent_at) == (ID, NOW)
    assert is_signed_with([key_of(SECRET)], message, BODY)
    assert not is_signed_with([key_of(SECRET)], message, BODY + b" ")
    assert not is_signed_with([key_of(new_secret())], message, BODY)
    assert is_signed_with([key_of(new_secret()), key_of(SECRET)], message, BODY)


def test_one_good_signature_among_others_is_enough() -> None:
    stated = f"v1a,AAAA v1,{'A' * 43}= v1,{SIGNATURE}"
    message = read_headers({**HEADERS, "webhook-signature": stated}, NOW)
    assert is_signed_with([key_of(SECRET)], message, BODY)


@pytest.mark.parametrize("seconds", [-300, 0, 300])
def test_a_clock_may_differ_by_five_minutes(seconds: int) -> None:
    assert read_headers(HEADERS, NOW + timedelta(seconds=seconds)).id == ID


@pytest.mark.parametrize("seconds", [-360, -301, 301, 360])
def test_a_clock_may_not_differ_by_more(seconds: int) -> None:
    with pytest.raises(Unauthenticated):
        read_headers(HEADERS, NOW + timedelta(seconds=seconds))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("webhook-id", ""),
        ("webhook-id", "a.b"),
        ("webhook-id", "a b"),
        ("webhook-id", "é"),
        ("webhook-id", "x" * 201),
        ("webhook-timestamp", ""),
        ("webhook-timestamp", "1614265330.0"),
        ("webhook-timestamp", "-1614265330"),
        ("webhook-timestamp", "+1614265330"),
        ("webhook-timestamp", "1_614_265_330"),
        ("webhook-timestamp", "١٦١٤٢٦٥٣٣٠"),
        ("webhook-timestamp", "nan"),
        ("webhook-timestamp", "9" * 400),
        ("webhook-timestamp", "2021-02-25T15:02:10Z"),
        ("webhook-signature", ""),
        ("webhook-signature", SIGNATURE),
        ("webhook-signature", f"v2,{SIGNATURE}"),
        ("webhook-signature", "v1"),
        ("webhook-signature", "v1,"),
        ("webhook-signature", "v1," + "A" * 1_000),
    ],
)
def test_malformed_headers_are_refused_with_the_same_words(name: str, value: str) -> None:
    with pytest.raises(Unauthenticated) as caught:
        read_headers({**HEADERS, name: value}, NOW)
    assert caught.value.detail == REFUSED


@pytest.mark.parametrize("value", ["v1,é", "v1,\ud800", "v1,=", "v1,AAAA==="])
def test_a_signature_that_is_not_base64_does_not_match(value: str) -> None:
    message = read_headers({**HEADERS, "webhook-signature": value}, NOW)
    assert not is_signed_with([key_of(SECRET)], message, BODY)


def test_a_new_secret_has_the_specifications_form() -> None:
    secret = new_secret()
    assert len(key_of(secret)) == 32
    assert new_secret() != secret


@pytest.mark.parametrize("bad", ["", "whsec_", "whsec_AAAA", SECRET[6:], "whsec_" + "é" * 32])
def test_a_weak_or_malformed_secret_is_refused(bad: str) -> None:
    with pytest.raises(ValueError, match="not a secret"):
        key_of(bad)
