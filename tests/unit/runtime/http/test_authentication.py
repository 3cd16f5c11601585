"""Which tokens are accepted. Each refused token differs from a good one in one thing."""

import json
from base64 import urlsafe_b64encode
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import jwt
import pytest
from tests.fakes.callers import FakeCallers, FakeClock, Mint

from groundwork_core.errors import Unauthenticated
from groundwork_runtime.http import authentication
from groundwork_runtime.http.authentication import Authenticator

MINT = Mint()
NOW = datetime.now(UTC).timestamp()


class Moments:
    """A monotonic clock that a test moves."""

    def __init__(self) -> None:
        self.seconds = 1_000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def store() -> FakeCallers:
    fake = FakeCallers()
    fake.public[MINT.kid] = MINT.public
    return fake


@pytest.fixture
def user(store: FakeCallers) -> UUID:
    return store.add("entities:read")


@pytest.fixture
def moments() -> Moments:
    return Moments()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(datetime.now(UTC))


@pytest.fixture
def callers(store: FakeCallers, moments: Moments, clock: FakeClock) -> Authenticator:
    return Authenticator(store, issuer="groundwork", clock=clock, monotonic=moments)


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


def test_a_valid_token_identifies_its_user(callers: Authenticator, user: UUID) -> None:
    caller = callers.authenticate(bearer(MINT.token(user)))
    assert caller.user_id == user
    assert caller.permissions == {"entities:read"}


@pytest.mark.parametrize(
    ("header", "claims"),
    [
        ({}, {"exp": NOW - 1}),
        ({}, {"exp": None}),
        ({}, {"nbf": NOW + 3600}),
        ({}, {"iat": NOW + 3600}),
        ({}, {"iat": None}),
        ({}, {"iss": "another"}),
        ({}, {"iss": None}),
        ({}, {"aud": "another"}),
        ({}, {"aud": None}),
        ({}, {"sub": None}),
        ({}, {"sub": "no uuid"}),
        ({}, {"jti": None}),
        ({"kid": "another"}, {}),
        ({"kid": None}, {}),
        ({"typ": "JWT"}, {}),
        ({"typ": None}, {}),
        ({"crit": ["exp"]}, {}),
    ],
)
def test_a_token_that_is_wrong_in_one_thing_is_refused(
    callers: Authenticator, user: UUID, header: dict[str, object], claims: dict[str, object]
) -> None:
    with pytest.raises(Unauthenticated):
        callers.authenticate(bearer(MINT.token(user, header=header, **claims)))


def part(value: object) -> str:
    return urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def test_other_algorithms_are_refused(callers: Authenticator, user: UUID) -> None:
    head, payload, _ = MINT.token(user).split(".")
    header = {"alg": "none", "typ": "at+jwt", "kid": MINT.kid}
    unsigned = f"{part(header)}.{payload}."
    shared = jwt.encode(
        jwt.decode(MINT.token(user), options={"verify_signature": False}),
        json.dumps(MINT.public) * 2,
        algorithm="HS256",
        headers={"kid": MINT.kid, "typ": "at+jwt"},
    )
    for token in (unsigned, shared, f"{head}.{payload}."):
        with pytest.raises(Unauthenticated):
            callers.authenticate(bearer(token))


def test_a_tampered_payload_is_refused(
    callers: Authenticator, user: UUID, store: FakeCallers
) -> None:
    head, _, signature = MINT.token(user).split(".")
    other = store.add("users:write")
    stolen = MINT.token(other).split(".")[1]
    with pytest.raises(Unauthenticated):
        callers.authenticate(bearer(f"{head}.{stolen}.{signature}"))


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"authorization": ""},
        {"authorization": "Bearer"},
        {"authorization": "Bearer "},
        {"authorization": "Basic YTpi"},
        {"authorization": "Bearer x"},
        {"authorization": "Bearer a.b.c"},
        {"authorization": "Bearer \ud800"},
        {"authorization": "Bearer " + "a" * 100_000},
        {"authorization": "Bearer " + part("not an object") + ".e30.e30"},
    ],
)
def test_a_malformed_token_is_refused(callers: Authenticator, headers: dict[str, str]) -> None:
    with pytest.raises(Unauthenticated):
        callers.authenticate(headers)


def test_a_verified_token_is_remembered_until_it_expires(
    callers: Authenticator, user: UUID, store: FakeCallers, clock: FakeClock
) -> None:
    headers = bearer(MINT.token(user))
    callers.authenticate(headers)
    store.public.clear()
    callers.authenticate(headers)
    assert (store.key_reads, store.standings) == (1, 1)
    clock.pass_by(minutes=11)
    with pytest.raises(Unauthenticated, match="expired"):
        callers.authenticate(headers)


@pytest.mark.parametrize("how", ["disabled", "deleted", "sessions ended"])
def test_a_revocation_takes_effect_within_seconds(
    callers: Authenticator, user: UUID, store: FakeCallers, moments: Moments, how: str
) -> None:
    headers = bearer(MINT.token(user))
    callers.authenticate(headers)
    if how == "deleted":
        del store.users[user]
    elif how == "disabled":
        store.users[user] = replace(store.users[user], active=False)
    else:
        soon = datetime.now(UTC) + timedelta(seconds=1)
        store.users[user] = replace(store.users[user], sessions_valid_from=soon)
    callers.authenticate(headers)
    moments.seconds += authentication.RIGHTS_CACHE_SECONDS
    with pytest.raises(Unauthenticated):
        callers.authenticate(headers)


def test_a_privileged_write_does_not_use_the_cache(
    callers: Authenticator, user: UUID, store: FakeCallers
) -> None:
    headers = bearer(MINT.token(user))
    callers.authenticate(headers)
    store.users[user] = replace(store.users[user], active=False)
    with pytest.raises(Unauthenticated):
        callers.authenticate(headers, at_most_seconds=0)


def test_a_new_role_is_seen_within_seconds(
    callers: Authenticator, user: UUID, store: FakeCallers, moments: Moments
) -> None:
    headers = bearer(MINT.token(user))
    callers.authenticate(headers)
    store.users[user] = replace(store.users[user], permissions=frozenset({"jobs:write"}))
    moments.seconds += authentication.RIGHTS_CACHE_SECONDS
    assert callers.authenticate(headers).permissions == {"jobs:write"}


def test_a_new_key_is_found_and_unknown_key_ids_cause_few_reads(
    callers: Authenticator, user: UUID, store: FakeCallers, moments: Moments
) -> None:
    callers.authenticate(bearer(MINT.token(user)))
    second = Mint("second")
    store.public["second"] = second.public
    moments.seconds += authentication.UNKNOWN_KEY_SECONDS
    assert callers.authenticate(bearer(second.token(user))).user_id == user
    for _ in range(20):
        with pytest.raises(Unauthenticated):
            callers.authenticate(bearer(MINT.token(user, header={"kid": str(uuid4())})))
    assert store.key_reads == 2


def test_memory_is_bounded(
    callers: Authenticator, user: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(authentication, "CACHED_MAX", 5)
    for _ in range(20):
        callers.authenticate(bearer(MINT.token(user)))
    assert len(callers._tokens) <= 5
