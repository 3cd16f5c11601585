"""Sessions begun and ended by machines whose clocks differ by some seconds."""

import pytest

from groundwork_core.identity import sign_access_token

from .conftest import Identity, MakeUser

EMAIL = "ada@example.test"
ENDED_BY_A_CLOCK_AHEAD = "UPDATE users SET sessions_valid_from = now() + interval '5 seconds'"


def earliest(now: object, _ended: object) -> object:
    return now


@pytest.mark.parametrize("how", ["login", "refresh"])
@pytest.mark.parametrize("choose", [max, earliest])
def test_a_session_begun_after_an_end_by_a_clock_ahead_is_valid(
    identity: Identity,
    make_user: MakeUser,
    how: str,
    choose: object,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With the guard disabled, the new token counts as issued before the end."""
    monkeypatch.setattr(sign_access_token, "max", choose, raising=False)
    make_user(EMAIL)
    old = identity.log_in(EMAIL).json
    identity.parts.database.rows(f"{ENDED_BY_A_CLOCK_AHEAD} RETURNING 1")
    new = (
        identity.log_in(EMAIL) if how == "login" else identity.refresh(old["refresh_token"])
    ).json
    assert identity.me(new["access_token"]).status == (200 if choose is max else 401)
    assert identity.me(old["access_token"]).status == 401
