"""Names of months in the languages of common feeds."""

from __future__ import annotations

import unicodedata

_NAMES = """
january february march april may june july august september october november december
januar februar märz april mai juni juli august september oktober november dezember
jänner feber märz april mai juni juli august september oktober november dezember
janvier février mars avril mai juin juillet août septembre octobre novembre décembre
enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre
gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre
janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro
januari februari maart april mei juni juli augustus september oktober november december
januari februari mars april maj juni juli augusti september oktober november december
styczeń luty marzec kwiecień maj czerwiec lipiec sierpień wrzesień październik - grudzień
stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października - grudnia
январь февраль март апрель май июнь июль август сентябрь октябрь ноябрь декабрь
января февраля марта апреля мая июня июля августа сентября октября ноября декабря
"""
_SHORT = {"mrz": 3, "mrt": 3}
# In other Slavic languages these are names of other months.
_AMBIGUOUS = frozenset({"lip", "lis", "listopad", "listopada"})
_SHORTEST = 3


def plain_letters(text: str) -> str:
    """Return text in lower case without accents."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(one for one in decomposed if not unicodedata.combining(one))


def _numbers() -> dict[str, int]:
    """Map each name, and each unambiguous prefix of a name, to the month's number."""
    found: dict[str, set[int]] = {}
    for language in _NAMES.split("\n"):
        for number, name in enumerate(language.split(), start=1):
            letters = plain_letters(name)
            for length in range(min(_SHORTEST, len(letters)), len(letters) + 1):
                found.setdefault(letters[:length], set()).add(number)
    sure = {name: next(iter(numbers)) for name, numbers in found.items() if len(numbers) == 1}
    return {name: n for name, n in (sure | _SHORT).items() if name not in _AMBIGUOUS | {"-"}}


MONTHS = _numbers()
"""Month number (1 to 12) by name, in the form that `plain_letters` returns."""
