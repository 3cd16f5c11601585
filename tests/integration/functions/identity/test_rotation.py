"""Rotation of the signing key: no session ends, and no token is signed with an unpublished key."""

import json
from collections.abc import Callable

import psycopg
import pytest
from jwt import get_unverified_header

from groundwork_command.instance.project import template
from groundwork_command.instance.safe import DATA_KEYS, SIGNING_KEY, secret_name
from groundwork_core.errors import Unavailable
from groundwork_data.identity import access_tokens
from groundwork_data.identity.access_tokens import KEY_SECONDS, STALE_SECONDS, SecretKeySigner
from groundwork_data.identity.rotation import AHEAD_SECONDS, Rotated, rotate_signing_key
from groundwork_data.identity.signing_keys import signing_key
from groundwork_runtime.http.authentication import UNKNOWN_KEY_SECONDS

from .conftest import Identity, MakeUser, MemorySafe

EMAIL = "ada@example.test"
SECRET = "signing-key"


class Moments:
    """A monotonic clock that a test moves, for signer and verifier."""

    def __init__(self, identity: Identity) -> None:
        self.seconds = 1_000.0
        parts = identity.parts
        parts.token_signer = SecretKeySigner(
            parts.secrets, SECRET, "groundwork", parts.database, lambda: self.seconds
        )
        parts.authenticator._monotonic = lambda: self.seconds


class AwaySafe:
    """A safe that cannot be reached."""

    def read(self, secret_id: str) -> str:
        raise Unavailable(f"{secret_id} cannot be read.")


def rotate(
    identity: Identity,
    *,
    pause: Callable[[float], None] = lambda _: None,
) -> Rotated:
    safe = identity.parts.secrets
    assert isinstance(safe, MemorySafe)
    return rotate_signing_key(safe, SECRET, identity.parts.database, pause=pause)


def kid_of(token: str) -> str:
    return str(get_unverified_header(token)["kid"])


def published(identity: Identity) -> list[str]:
    keys = identity.call("GET", "/.well-known/jwks.json").json["keys"]
    return [key["kid"] for key in keys]


def test_tokens_signed_before_and_after_a_rotation_are_valid_in_every_process(
    new_identity: Callable[[], Identity], make_user: MakeUser
) -> None:
    make_user(EMAIL)
    one, other = new_identity(), new_identity()
    clock, others = Moments(one), Moments(other)
    before = one.log_in(EMAIL).json
    assert other.me(before["access_token"]).status == 200

    done = rotate(one)

    # Those who sign have the old key for a minute more, and it still holds.
    late = one.log_in(EMAIL).json
    assert kid_of(late["access_token"]) == kid_of(before["access_token"]) == done.retired[0]
    clock.seconds += KEY_SECONDS
    others.seconds += KEY_SECONDS
    after = one.refresh(before["refresh_token"]).json
    assert kid_of(after["access_token"]) == done.kid
    for environment in (one, other, new_identity()):
        for token in (before, late, after):
            assert environment.me(token["access_token"]).status == 200
        assert set(published(environment)) == {done.kid, *done.retired}


def test_a_retired_key_is_removed_when_all_its_tokens_have_expired(
    new_identity: Callable[[], Identity], identity: Identity, make_user: MakeUser, database_url: str
) -> None:
    make_user(EMAIL)
    token = identity.log_in(EMAIL).json["access_token"]
    done = rotate(identity)
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("UPDATE signing_keys SET retired_at = retired_at - interval '2 hours'"
                           " WHERE retired_at IS NOT NULL")  # fmt: skip
    assert published(identity) == [done.kid]
    assert new_identity().me(token).status == 401


def test_a_new_key_is_published_before_tokens_are_signed_with_it(identity: Identity) -> None:
    safe = identity.parts.secrets
    old = safe.read(SECRET)
    seen: list[tuple[float, bool, int]] = []

    def pause(seconds: float) -> None:
        seen.append((seconds, safe.read(SECRET) == old, len(published(identity))))

    rotate(identity, pause=pause)
    assert seen == [(AHEAD_SECONDS, True, 2)]
    assert AHEAD_SECONDS > UNKNOWN_KEY_SECONDS


@pytest.mark.parametrize("ahead", [AHEAD_SECONDS, 0.0])
def test_a_verifier_with_cached_keys_accepts_tokens_of_a_new_key(
    new_identity: Callable[[], Identity], make_user: MakeUser, ahead: float
) -> None:
    """With the guard disabled: without the pause, somebody is refused for seconds."""
    make_user(EMAIL)
    signer, verifier = new_identity(), new_identity()
    clock = Moments(verifier)
    verifier.me(signer.log_in(EMAIL).json["access_token"])  # it reads the keys now

    def pause(seconds: float) -> None:
        clock.seconds += min(seconds, ahead)

    rotate(signer, pause=pause)
    token = new_identity().log_in(EMAIL).json["access_token"]
    assert (verifier.me(token).status == 200) == (ahead > 0)


def test_a_rotation_that_breaks_off_changes_nothing(
    identity: Identity, make_user: MakeUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_user(EMAIL)
    token = identity.log_in(EMAIL).json["access_token"]

    def fail(*_: object) -> None:
        raise Unavailable("The safe is away.")

    with monkeypatch.context() as patch:
        patch.setattr(MemorySafe, "write", fail)
        with pytest.raises(Unavailable):
            rotate(identity)

    assert identity.me(token).status == 200
    assert kid_of(identity.log_in(EMAIL).json["access_token"]) == kid_of(token)
    done = rotate(identity)
    assert len(done.retired) == 2


def test_a_rotation_is_logged_without_the_key(identity: Identity) -> None:
    done = rotate(identity)
    kept = identity.parts.secrets.read(SECRET)
    row = identity.parts.database.row(
        "SELECT t::text, detail FROM audit_events t WHERE action = 'signing-keys.rotated'"
    )
    assert row is not None
    assert row[1] == {"kid": done.kid, "retired": list(done.retired)}
    assert signing_key(kept).kid == done.kid
    assert json.loads(kept)["d"] not in row[0]


def test_the_secret_store_is_read_once_a_minute_and_may_fail_for_minutes(
    identity: Identity, make_user: MakeUser
) -> None:
    make_user(EMAIL)
    clock = Moments(identity)
    assert identity.log_in(EMAIL).status == 200
    signer = identity.parts.token_signer
    assert isinstance(signer, SecretKeySigner)
    signer._secrets = AwaySafe()
    for seconds, status in ((KEY_SECONDS, 200), (STALE_SECONDS - KEY_SECONDS, 503)):
        clock.seconds += seconds
        assert identity.log_in(EMAIL).status == status
    # What a retired key signs last is over before verifiers let it go.
    assert access_tokens.STALE_SECONDS + 600 < 20 * 60


@pytest.mark.parametrize("name", [SIGNING_KEY, DATA_KEYS])
def test_the_command_names_the_templates_secret(name: str) -> None:
    assert secret_name("${Stage}", name) in template().read_text()
