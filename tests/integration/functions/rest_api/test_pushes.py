"""A push of a hub makes a source due if it is signed."""

from datetime import UTC, datetime, timedelta

import pytest

from groundwork_core.push import take_push

from .conftest import Reply, Rest
from .push import again, callback, confirm, due, push


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


def test_without_the_check_of_the_signature_any_push_makes_a_source_due(
    rest: Rest, form: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the guard disabled."""
    monkeypatch.setattr(take_push, "is_signed", lambda *_: True)
    push(rest, form, "another")
    assert due(rest)


def test_repeated_pushes_cause_one_poll_a_minute_and_store_no_documents(
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


def test_a_push_for_a_deleted_source_is_410(
    rest: Rest, source: Reply, form: dict[str, str]
) -> None:
    assert rest("DELETE", source.location, headers={"If-Match": "*"}).status == 204
    assert push(rest, form).status == 410
    assert confirm(rest, form).status == 404


def test_a_pushed_feed_is_polled_once_a_day(
    rest: Rest, source: Reply, form: dict[str, str]
) -> None:
    again(rest, source)
    shown = rest("GET", f"{source.location}/schedule").json
    assert shown["reason"] == "push"
    pause = datetime.fromisoformat(shown["next_poll_at"]) - datetime.now(UTC)
    assert abs(pause - timedelta(hours=24)) < timedelta(hours=1)
