"""SimHash: near texts have near hashes, and the hash never changes between releases."""

import random

import pytest

from groundwork_core.duplicates.simhash import (
    BITS,
    MIN_WORDS,
    NEAR_BITS,
    bands_of,
    distance,
    simhash,
    words_of,
)

FIXED = 0xAB2A_B377_E0AD_7444
WORDS = [f"word{number}" for number in range(2_000)]


def text(seed: int, length: int = 300) -> list[str]:
    return random.Random(seed).choices(WORDS, k=length)  # noqa: S311 - made-up texts


def hash_of(words: list[str]) -> int:
    found = simhash(words)
    assert found is not None
    return found


def test_the_hash_of_a_text_is_fixed() -> None:
    """It is stored: another result would part old documents from new ones."""
    assert hash_of([f"w{number}" for number in range(40)]) == FIXED


def test_words_are_those_that_a_reader_sees() -> None:
    assert words_of("<p class='x'>Ein Käse&amp;Brot</p>", "ﬁne") == ["ein", "käse", "brot", "fine"]


@pytest.mark.parametrize("count", [0, 1, MIN_WORDS - 1])
def test_a_short_text_has_no_hash(count: int) -> None:
    assert simhash(["word"] * count) is None
    assert simhash(text(1, MIN_WORDS)) is not None


@pytest.mark.parametrize("seed", range(5))
def test_a_changed_word_changes_few_bits_and_another_text_many(seed: int) -> None:
    words = text(seed)
    changed = [*words]
    changed[150] = "another"
    assert distance(hash_of(words), hash_of(changed)) <= NEAR_BITS
    assert distance(hash_of(words), hash_of(text(seed + 100))) > NEAR_BITS


def test_hashes_that_differ_in_five_bits_share_a_band() -> None:
    dice = random.Random(7)  # noqa: S311 - made-up hashes
    for _ in range(500):
        one = dice.getrandbits(BITS)
        other = one
        for bit in dice.sample(range(BITS), 5):
            other ^= 1 << bit
        assert distance(one, other) == 5
        assert any(a == b for a, b in zip(bands_of(one), bands_of(other), strict=True))
