"""Data keys: the newest encrypts; a replaced one goes when nothing needs it."""

from datetime import UTC, datetime, timedelta

import pytest

from groundwork_core.encryption.data_keys import (
    KEPT_AFTER_REPLACEMENT,
    DataKeys,
    new_data_key,
)
from groundwork_data.encryption.aes_gcm import STALE_SECONDS

NOW = datetime(2026, 11, 30, tzinfo=UTC)
LATER = NOW + KEPT_AFTER_REPLACEMENT


def two_keys() -> DataKeys:
    return DataKeys(keys=(new_data_key(NOW - timedelta(days=9)),)).with_new(NOW)


def test_the_newest_data_key_is_current_and_each_key_is_found_by_its_id() -> None:
    keys = two_keys()
    assert keys.current is keys.keys[1]
    assert [keys.find(one.kid) for one in keys.keys] == list(keys.keys)
    assert keys.find("another") is None
    assert DataKeys.parse(keys.text) == keys


@pytest.mark.parametrize(
    ("used", "at", "gone"),
    [
        ((), LATER, 1),
        ((), LATER - timedelta(seconds=1), 0),
        (("old",), LATER, 0),
    ],
)
def test_a_key_is_removable_when_it_encrypts_nothing_for_some_time(
    used: tuple[str, ...], at: datetime, gone: int
) -> None:
    keys = two_keys()
    kids = {keys.keys[0].kid for _ in used}
    found = keys.removable(kids, at)
    assert found == tuple(one.kid for one in keys.keys[:gone])
    assert keys.current.kid in {one.kid for one in keys.without(found).keys}


def test_no_function_encrypts_with_a_removed_key() -> None:
    assert KEPT_AFTER_REPLACEMENT.total_seconds() > STALE_SECONDS


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        '{"keys": []}',
        '{"keys": [{"kid": "x", "key": "c2VjcmV0", "created_at": "2026-11-30T00:00:00Z"}]}',
    ],
)
def test_a_malformed_secret_shows_nothing_of_itself(text: str) -> None:
    with pytest.raises(ValueError, match="malformed") as found:
        DataKeys.parse(text)
    assert "c2VjcmV0" not in str(found.value)


def test_a_key_does_not_show_itself() -> None:
    key = new_data_key(NOW)
    assert key.key not in repr(key)
    assert len(key.raw) == 32
