"""Refresh tokens and their families."""

from ..work import Work
from .rows import LATER, NOW, add_user, token


def test_a_refresh_token_is_read_as_it_was_stored(work: Work) -> None:
    user_id = add_user(work)
    first = token(user_id)
    second = token(
        user_id, b"s" * 32, family_id=first.family_id, parent_id=first.id, salt=b"x" * 32
    )
    with work:
        work.refresh_tokens.add(first)
        work.refresh_tokens.add(second)
    with work:
        assert work.refresh_tokens.locked(first.token_hash) == first
        assert work.refresh_tokens.owner(first.token_hash) == user_id
        assert work.refresh_tokens.successor(first.id) == second
        assert work.refresh_tokens.successor(second.id) is None
        assert work.refresh_tokens.locked(b"?" * 32) is None
        assert work.refresh_tokens.owner(b"?" * 32) is None


def test_a_used_refresh_token_keeps_the_time_of_its_use(work: Work) -> None:
    first = token(add_user(work))
    with work:
        work.refresh_tokens.add(first)
        work.refresh_tokens.use(first.id, NOW)
    with work:
        used = work.refresh_tokens.locked(first.token_hash)
    assert used is not None
    assert used.used_at == NOW


def test_a_token_family_is_revoked_once_and_no_other_with_it(work: Work) -> None:
    user_id = add_user(work)
    first, other = token(user_id), token(user_id, b"o" * 32)
    with work:
        work.refresh_tokens.add(first)
        work.refresh_tokens.add(other)
        work.refresh_tokens.revoke_family(first.family_id, NOW)
        work.refresh_tokens.revoke_family(first.family_id, LATER)
        revoked = work.refresh_tokens.locked(first.token_hash)
        kept = work.refresh_tokens.locked(other.token_hash)
    assert revoked is not None
    assert revoked.revoked_at == NOW
    assert kept == other
