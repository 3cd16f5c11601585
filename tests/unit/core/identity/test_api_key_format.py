"""The format of API keys."""

import zlib

import pytest

from groundwork_core.identity.api_key_format import (
    ALPHABET,
    check_of,
    hash_of,
    is_well_formed,
    new_key,
    prefix_of,
)

KNOWN = "0" * 30


def number_of(digits: str) -> int:
    number = 0
    for digit in digits:
        number = number * 62 + ALPHABET.index(digit)
    return number


def test_a_key_is_a_prefix_thirty_characters_and_a_checksum_of_six() -> None:
    key = new_key()
    brand, body, check = key[:8], key[8:38], key[38:]
    assert (brand, len(key)) == ("gw_live_", 44)
    assert number_of(check) == zlib.crc32(body.encode())
    assert is_well_formed(key)
    assert prefix_of(key) == key[:12]
    assert len(hash_of(key)) == 32


def test_the_checksum_of_a_key_is_padded_on_the_left() -> None:
    assert number_of(check_of(KNOWN)) == zlib.crc32(KNOWN.encode())
    lowest = next(n for n in range(10**6) if zlib.crc32(f"{n:030}".encode()) < 62**5)
    assert check_of(f"{lowest:030}").startswith("0")


def test_five_hundred_new_keys_all_differ() -> None:
    made = {new_key() for _ in range(500)}
    assert len(made) == 500
    assert set("".join(key[8:38] for key in made)) == set(ALPHABET)


@pytest.mark.parametrize("place", range(44))
def test_one_wrong_character_anywhere_invalidates_a_key(place: int) -> None:
    key = new_key()
    other = "A" if key[place] != "A" else "B"
    assert not is_well_formed(key[:place] + other + key[place + 1 :])


@pytest.mark.parametrize(
    "words", ["", "gw_live_", "gw_test_" + "0" * 36, " ", "é" * 44, "x" * 100_000, "\ud800", "\n"]
)
def test_a_text_that_is_not_an_api_key_is_not_well_formed(words: str) -> None:
    assert not is_well_formed(words)
    assert not is_well_formed(new_key() + words) or words == ""
    assert not is_well_formed(new_key()[:-1])
