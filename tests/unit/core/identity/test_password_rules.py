"""Which passwords are accepted: NIST SP 800-63B."""

import pytest

from groundwork_core.errors import Invalid
from groundwork_core.identity import passwords
from groundwork_core.identity.passwords import COMMON, SHORTEST, check_password, normal

EMAIL = "ada.lovelace@example.test"


@pytest.mark.parametrize(
    "password",
    [
        "correct horse battery staple",
        "only letters here",
        "12 34 56 78 90 12",
        "пароль из слов",
        "🌍🌎🌏🗺🧭🏔⛰🌋",
        "a" * 7 + "b" * 249,
        "  spaces count  ",
    ],
)
def test_long_uncommon_passwords_of_any_characters_are_accepted(password: str) -> None:
    check_password(password, email=EMAIL)


@pytest.mark.parametrize(
    ("password", "reason"),
    [
        ("", "shorter"),
        ("seven77", "shorter"),
        ("x" * 257, "longer"),
        ("password1", "a common password"),
        ("PassWord1", "a common password"),
        ("".join(chr(ord(c) + 0xFEE0) for c in "password"), "a common password"),  # fullwidth
        ("zzzzzzzzzzzz", "repeats"),
        ("Ada.Lovelace", "address"),
        (EMAIL, "address"),
    ],
)
def test_bad_passwords_are_refused_with_a_reason_and_not_repeated(
    password: str, reason: str
) -> None:
    with pytest.raises(Invalid) as found:
        check_password(password, email=EMAIL, pointer="/new_password")

    assert reason in found.value.detail
    assert found.value.faults[0].pointer == "/new_password"
    assert not password or password not in found.value.detail


def test_the_list_of_common_passwords_has_only_passwords_of_allowed_length() -> None:
    assert {word for word in COMMON if len(word) < SHORTEST} == set()
    assert {word for word in COMMON if word != word.casefold()} == set()


def test_composed_and_decomposed_letters_make_the_same_password() -> None:
    assert normal("cafe\u0301") == normal("café")


def test_every_common_password_is_refused_only_because_it_is_listed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refused() -> list[str]:
        found = []
        for word in sorted(COMMON):
            try:
                check_password(word, email=EMAIL)
            except Invalid as error:
                found.append(error.detail)
        return found

    assert len(refused()) == len(COMMON)
    monkeypatch.setattr(passwords, "COMMON", frozenset())
    # Those of one character are refused for that.
    assert {detail for detail in refused() if "repeats" not in detail} == set()
