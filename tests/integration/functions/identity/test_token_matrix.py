"""Every forged or damaged token is refused, and costs little."""

import base64
import json
import time
import uuid
from collections.abc import Callable, Mapping
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from groundwork_data.identity.signing_keys import SigningKey, new_signing_key, signing_key

from .conftest import Identity, MakeUser

NOT_STUCK_SECONDS = 5.0
"""Of CPU; all of them together take a few hundredths."""


class Forge:
    """Makes tokens like ours, and a little unlike."""

    def __init__(self, key: SigningKey, user: uuid.UUID) -> None:
        self.key, self.user = key, user

    def token(
        self,
        claims: Mapping[str, object | None] | None = None,
        header: Mapping[str, object] | None = None,
        key: Ed25519PrivateKey | None = None,
    ) -> str:
        now = time.time()
        body: dict[str, Any] = {
            "iss": "groundwork", "aud": "groundwork", "sub": str(self.user),
            "jti": uuid.uuid4().hex, "iat": now, "exp": now + 600, "roles": ["admin"],
            **(claims or {}),
        }  # fmt: skip
        body = {name: value for name, value in body.items() if value is not None}
        headers = {"typ": "at+jwt", "kid": self.key.kid, **(header or {})}
        return jwt.encode(body, key or self.key.private, algorithm="EdDSA", headers=headers)

    def public_bytes(self) -> bytes:
        return base64.urlsafe_b64decode(self.key.public_jwk["x"] + "=")

    def with_payload_of(self, other: str) -> str:
        head, _, signature = self.token().split(".")
        return ".".join([head, other.split(".")[1], signature])

    def unsigned(self) -> str:
        head = base64.urlsafe_b64encode(
            json.dumps({"alg": "none", "typ": "at+jwt", "kid": self.key.kid}).encode()
        ).rstrip(b"=").decode()  # fmt: skip
        return f"{head}.{self.token().split('.')[1]}."


@pytest.fixture
def forge(identity: Identity, make_user: MakeUser) -> Forge:
    user = make_user("ada@example.test", "admin")
    return Forge(signing_key(identity.parts.secrets.read("signing-key")), user)


def hs256(forge: Forge) -> str:
    """Signed with our public key, as if it were a shared secret."""
    body = {"iss": "groundwork", "aud": "groundwork", "sub": str(forge.user), "jti": "1",
            "iat": time.time(), "exp": time.time() + 600}  # fmt: skip
    headers = {"typ": "at+jwt", "kid": forge.key.kid}
    return jwt.encode(body, forge.public_bytes(), algorithm="HS256", headers=headers)


REFUSED: dict[str, Callable[[Forge], str]] = {
    "expired": lambda f: f.token({"exp": time.time() - 1}),
    "not yet valid": lambda f: f.token({"nbf": time.time() + 60}),
    "issued in the future": lambda f: f.token({"iat": time.time() + 600}),
    "issued two minutes in the future": lambda f: f.token({"iat": time.time() + 120}),
    "iat is a text": lambda f: f.token({"iat": "now"}),
    "iat is infinite": lambda f: f.token({"iat": float("-inf")}),
    "iat is no number": lambda f: f.token({"iat": float("nan")}),
    "no exp": lambda f: f.token({"exp": None}),
    "no iat": lambda f: f.token({"iat": None}),
    "no jti": lambda f: f.token({"jti": None}),
    "no sub": lambda f: f.token({"sub": None}),
    "sub is no id": lambda f: f.token({"sub": "admin"}),
    "unknown user": lambda f: f.token({"sub": str(uuid.uuid4())}),
    "other issuer": lambda f: f.token({"iss": "https://elsewhere.test"}),
    "other audience": lambda f: f.token({"aud": "elsewhere"}),
    "other kid": lambda f: f.token(header={"kid": "unknown"}),
    "kid is a path": lambda f: f.token(header={"kid": "../../dev/null"}),
    "other key, our kid": lambda f: f.token(key=new_signing_key().private),
    "alg none": Forge.unsigned,
    "HS256 with the public key": hs256,
    "swapped typ": lambda f: f.token(header={"typ": "JWT"}),
    "no typ": lambda f: f.token(header={"typ": ""}),
    "crit": lambda f: f.token(header={"crit": ["x"], "x": 1}),
    "embedded key": lambda f: f.token(header={"jwk": new_signing_key().public_jwk, "kid": "x"}),
    "tampered payload": lambda f: f.with_payload_of(f.token({"sub": str(uuid.uuid4())})),
    "100 KB": lambda f: f.token({"roles": ["x" * 100_000]}),
    "100 KB of dots": lambda _: "." * 100_000,
    "nothing": lambda _: "",
    "not a token": lambda _: "not.a.token",
    "deep": lambda _: base64.urlsafe_b64encode(b"[" * 5_000).decode() + ".e30.AA",
    "unicode": lambda f: f.token() + "é",
}


def test_the_forge_of_these_tests_makes_valid_tokens(identity: Identity, forge: Forge) -> None:
    assert identity.me(forge.token()).status == 200


def test_tokens_that_are_not_ours_are_refused_at_once(identity: Identity, forge: Forge) -> None:
    """One database serves all of them: each is named where it fails."""
    for name, make in REFUSED.items():
        token = make(forge)
        began = time.process_time()
        reply = identity.call("GET", "/api/v1/me", token=token or " ")
        took = time.process_time() - began

        assert reply.status == 401, name
        assert reply.headers["WWW-Authenticate"][0].startswith("Bearer"), name
        assert took < NOT_STUCK_SECONDS, name
        if len(token) > 10:
            assert token[:50] not in reply.text, name


def test_a_token_of_a_machine_whose_clock_is_ahead_is_valid(
    identity: Identity, forge: Forge
) -> None:
    assert identity.me(forge.token({"iat": time.time() + 5})).status == 200


def test_a_token_of_an_older_key_is_valid_after_a_rotation(
    identity: Identity, forge: Forge
) -> None:
    old = forge.token()
    newer = new_signing_key()
    identity.parts.database.rows(
        "INSERT INTO signing_keys (kid, public_jwk) VALUES (%s, %s::jsonb)",
        (newer.kid, json.dumps(newer.public_jwk)),
    )

    assert identity.me(old).status == 200
    keys = identity.call("GET", "/.well-known/jwks.json").json["keys"]
    assert [key["kid"] for key in keys] == [newer.kid, forge.key.kid]
    assert all(set(key) == {"kty", "crv", "x", "kid", "use", "alg"} for key in keys)


@pytest.mark.parametrize("path", ["/api/v1/me", "/api/v1/auth/ws-ticket", "/api/v1/auth/password"])
def test_every_other_operation_needs_a_token(identity: Identity, path: str) -> None:
    method = "GET" if path.endswith("me") else "POST"

    assert identity.call(method, path, None if method == "GET" else {}).status == 401
