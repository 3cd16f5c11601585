"""Parse dates as people write them, with dateutil after translating words to English."""

from __future__ import annotations

import re
from datetime import datetime

from dateutil.parser import parse

from groundwork_data.web.month_names import MONTHS, plain_letters
from groundwork_data.web.zones import ZONE, in_zone

_ZONE = re.compile(rf"(.*?[\d.])(?:\s*(?P<half>[ap])\.?m\b\.?)?{ZONE}", re.IGNORECASE)
_WORD = re.compile(r"[^\W\d_]+")
_ORDINAL = re.compile(r"\b(\d{1,2})(?:st|nd|rd|th|er|[ºª])\b", re.IGNORECASE)
_CJK = re.compile(r"(\d{4})\s*[年년]\s*(\d\d?)\s*[月월]\s*(\d\d?)\s*[日일]")
_HOUR = re.compile(r"\b(\d{1,2})\s*uhr\b", re.IGNORECASE)
_YEAR_LAST = re.compile(r"(.*\d:\d\d(?::\d\d)?)\s+([A-Za-z]{0,5}(?:[+-]\d{4})?)\s+(\d{4})")
_WHOLE_DATE = re.compile(r"[a-z]{3}|\d{4}-\d\d?-\d\d?")
_CLOCK = re.compile(r"\b(\d{1,2})[.h](\d\d)(?=\s*(?:uhr|h|$))", re.IGNORECASE)
_NUMERIC = re.compile(r"(?<![\d./:-])(\d{1,2})([./-])(\d{1,2})\2(\d{4})(?![\d./-])")
_FULL_YEAR = re.compile(r"(?<![\d:+.-])\d{4}(?![\d:])")
_FILLERS = frozenset(
    {
        "at", "on", "of", "the", "um", "uhr", "den", "der", "le", "a", "la", "las", "los", "el",
        "il", "lo", "alle", "ore", "as", "de", "do", "del", "di", "du", "o", "en", "kl", "h",
        "feira", "\N{CYRILLIC SMALL LETTER GHE}",
    }
)  # fmt: skip
_CLOCKS = frozenset({"uhr", "h"})
_ENGLISH = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTHS_A_YEAR = 12
# Two defaults that differ in every part, to detect parts that dateutil filled in.
_ONE, _OTHER = datetime(2001, 1, 1), datetime(2002, 2, 2)  # noqa: DTZ001 - without a zone


def read_free_date(text: str) -> datetime | None:
    """Return the time in UTC; None unless day, month, full year and zone are unambiguous."""
    # The format of the command `date`.
    text = _YEAR_LAST.sub(r"\1 \3 \2", text)
    found = _ZONE.fullmatch(text)
    if found is None:
        # Without a zone, with a word at the end, as in `5 Jan 2023 10 Uhr`.
        return _read(text, "", "")
    half = f" {found['half']}m" if found["half"] else ""
    at = _read(found[1], half, found["zone"])
    return at or (_read(text, "", "") if found["zone"].strip().casefold() in _CLOCKS else None)


def _read(text: str, half: str, zone: str) -> datetime | None:
    # The first word may be a weekday although it is also a month, as `mar` and `mai`.
    words = _WORD.match(text)
    for candidate in (text[words.end() :].lstrip(" .,"), text) if words else (text,):
        english = _in_english(candidate)
        if english and _FULL_YEAR.search(english) and _WHOLE_DATE.search(english):
            naive = _parsed(english + half)
            if naive is not None:
                return in_zone(naive, zone)
    return None


def _in_english(text: str) -> str | None:
    """Return the date with English month names and without filler words; None if ambiguous."""
    text = _CLOCK.sub(r"\1:\2", _ORDINAL.sub(r"\1", _CJK.sub(r"\1-\2-\3 ", text)))
    text = _HOUR.sub(r"\1:00", text) if ":" not in text else text
    numeric = _NUMERIC.search(text)
    if numeric:
        first, second = int(numeric[1]), int(numeric[3])
        day, month = (second, first) if second > _MONTHS_A_YEAR else (first, second)
        if numeric[2] != "." and first != second and max(first, second) <= _MONTHS_A_YEAR:
            return None
        date = f"{numeric[4]}-{month:02}-{day:02} "
        text = f"{text[: numeric.start()]}{date}{text[numeric.end() :]}"
    known = True

    def english(word: re.Match[str]) -> str:
        nonlocal known
        letters = plain_letters(word[0])
        if letters in MONTHS:
            return _ENGLISH[MONTHS[letters] - 1]
        if letters in _FILLERS:
            return " "
        known = known and letters in {"am", "pm"}
        return word[0]

    text = _WORD.sub(english, text)
    return text if known else None


def _parsed(english: str) -> datetime | None:
    try:
        one, other = parse(english, default=_ONE), parse(english, default=_OTHER)
    except (ValueError, OverflowError):
        return None
    return one if one == other and one.tzinfo is None else None
