"""Webhooks: the secret that signs is shown once, and nowhere else."""

from uuid import UUID

import psycopg
import pytest

from groundwork_core.webhooks.secrets import PRESENT

from .conftest import Reply, Rest

NEW = {"url": "https://example.org/hook", "events": ["contents.published"]}


@pytest.fixture
def webhook(rest: Rest) -> Reply:
    return rest.create("webhooks", **NEW)


def test_the_secret_is_shown_once(rest: Rest, webhook: Reply) -> None:
    secret = webhook.json["secret"]
    assert secret.startswith("whsec_")
    shown = dict(webhook.json)
    del shown["secret"]
    assert rest("GET", webhook.location).json == shown
    assert rest("GET", "/api/v1/webhooks").json["items"] == [shown]
    patched = rest("PATCH", webhook.location, {"enabled": False}, headers={"If-Match": "*"})
    assert (patched.json["enabled"], "secret" in patched.json) == (False, False)
    assert rest.create("webhooks", **NEW).json["secret"] != secret


def test_the_secret_is_stored_encrypted(rest: Rest, webhook: Reply) -> None:
    ((plain, encrypted),) = rest.database.rows(
        "SELECT w.secret, s.encrypted FROM webhooks w JOIN webhook_secrets s ON s.webhook_id = w.id"
    )
    assert plain is None
    place = PRESENT.place(UUID(webhook.json["id"]))
    assert rest.parts.encryption.decrypt(encrypted, place) == webhook.json["secret"]
    assert webhook.json["secret"] not in encrypted


def test_the_secret_is_in_no_event(rest: Rest, webhook: Reply) -> None:
    secret = webhook.json["secret"]

    def stored_texts() -> str:
        rows = rest.database.rows(
            "SELECT to_jsonb(o)::text FROM outbox o UNION ALL"
            " SELECT to_jsonb(a)::text FROM audit_events a"
        )
        return "\n".join(row[0] for row in rows)

    assert "example.org/hook" in stored_texts()
    assert secret not in stored_texts()
    # Without the guard, a secret in the webhook's own row is shown.
    with psycopg.connect(rest.url, autocommit=True) as connection:
        connection.execute("SELECT groundwork_unaudit('webhooks')")
        connection.execute("SELECT groundwork_audit('webhooks', '{}')")
        connection.execute("UPDATE webhooks SET secret = %s", (secret,))
    assert secret in stored_texts()


@pytest.mark.parametrize("url", ["ftp://example.org/", "example.org", "https://", "javascript:x"])
def test_an_address_is_http_or_https(rest: Rest, url: str) -> None:
    reply = rest("POST", "/api/v1/webhooks", {**NEW, "url": url})
    assert (reply.status, reply.pointers) == (422, {"/url"})
    made = rest.create("webhooks", **NEW)
    reply = rest("PATCH", made.location, {"url": url}, headers={"If-Match": "*"})
    assert (reply.status, reply.pointers) == (422, {"/url"})
