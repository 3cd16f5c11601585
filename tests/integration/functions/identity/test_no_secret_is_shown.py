"""Passwords, tokens and keys are in no log line, no error and no table."""

import json

import psycopg
import pytest

from groundwork_data.identity.signing_keys import signing_key
from groundwork_runtime import logs

from .conftest import PASSWORD, Identity, MakeUser

EMAIL = "ada@example.test"


def everything_in(database_url: str) -> str:
    """All rows of all tables, as text."""
    with psycopg.connect(database_url) as connection:
        tables = connection.execute(
            "SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = 'public'"
        ).fetchall()
        rows = [
            row
            for (table,) in tables
            for row in connection.execute(f"SELECT t::text FROM {table} t").fetchall()
        ]
    return str(rows)


def test_no_log_response_or_row_shows_a_secret(
    identity: Identity,
    make_user: MakeUser,
    database_url: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    logs.configure("identity", "DEBUG")
    make_user(EMAIL)
    private = json.loads(identity.parts.secrets.read("signing-key"))["d"]
    pair = identity.log_in(EMAIL).json
    second = identity.refresh(pair["refresh_token"]).json
    third = identity.refresh(second["refresh_token"]).json
    ticket = identity.call("POST", "/api/v1/auth/ws-ticket", token=third["access_token"]).json
    replies = [
        identity.log_in(EMAIL, "a wrong password of mine"),
        identity.refresh(pair["refresh_token"]),
        identity.call("POST", "/api/v1/auth/login", {"email": EMAIL, "password": [PASSWORD]}),
        identity.call("POST", "/api/v1/auth/refresh", {"refresh_token": {"x": PASSWORD}}),
        identity.me(third["access_token"] + "x"),
        identity.call(
            "POST",
            "/api/v1/auth/password",
            {"current_password": PASSWORD, "new_password": "password1"},
            token=third["access_token"],
        ),
    ]
    secrets = {
        "password": PASSWORD,
        "wrong password": "a wrong password of mine",
        "private key": private,
        "access token": third["access_token"].split(".")[2],
        "ticket": ticket["ticket"],
        **{f"refresh token {n}": p["refresh_token"] for n, p in enumerate([pair, second, third])},
    }

    logged = capsys.readouterr()
    answers = "".join(reply.text for reply in replies)
    stored = everything_in(database_url)

    assert "A used refresh token came back" in logged.out
    for name, secret in secrets.items():
        assert secret not in logged.out + logged.err, f"{name} is logged"
        assert secret not in answers, f"{name} is answered"
        assert secret not in stored, f"{name} is stored"


def test_no_representation_or_error_shows_the_signing_key() -> None:
    with pytest.raises(ValueError, match="not a private Ed25519 JWK") as found:
        signing_key('{"kty": "OKP", "crv": "Ed25519", "d": "c2VjcmV0", "x": "x", "kid": "k"}')

    assert "c2VjcmV0" not in str(found.value)
    assert found.value.__suppress_context__
