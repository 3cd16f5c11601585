"""The derivation of refresh tokens."""

from datetime import UTC, datetime, timedelta

import pytest

from groundwork_core.identity import refresh_token_format
from groundwork_core.identity.model import RefreshToken
from groundwork_core.ids import new_id

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def token(used: datetime | None) -> RefreshToken:
    return RefreshToken(new_id(), new_id(), new_id(), b"", NOW, NOW, used_at=used)


def test_a_successor_follows_from_both_parent_and_salt() -> None:
    words, salt = refresh_token_format.first_token(), refresh_token_format.new_salt()
    following = refresh_token_format.next_token(words, salt)

    assert following == refresh_token_format.next_token(words, salt)
    assert following != refresh_token_format.next_token(words, refresh_token_format.new_salt())
    assert following != refresh_token_format.next_token(refresh_token_format.first_token(), salt)
    assert following.startswith("gwr_")
    assert len(following) == len(words) == 47


@pytest.mark.parametrize(
    ("used_ago", "successor", "may"),
    [
        (timedelta(0), token(None), True),
        (timedelta(seconds=10), token(None), True),
        (timedelta(seconds=10.001), token(None), False),
        (timedelta(seconds=1), token(NOW), False),
        (timedelta(seconds=1), None, False),
        (None, token(None), False),
    ],
)
def test_only_the_immediate_parent_may_be_repeated_and_only_just_now(
    used_ago: timedelta | None,
    successor: RefreshToken | None,
    may: bool,  # noqa: FBT001 - what is expected
) -> None:
    used = token(None if used_ago is None else NOW - used_ago)

    assert refresh_token_format.may_be_repeated(used, successor, NOW) is may
