import warnings
from datetime import UTC, datetime, timedelta

import pytest

from groundwork_data.web.dates import moment

TEN = datetime(2023, 1, 5, 10, 0, tzinfo=UTC)
MIDNIGHT = datetime(2023, 1, 5, tzinfo=UTC)


def at(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc, arg-type]


@pytest.mark.parametrize(
    "stated",
    [
        # RFC 822 and what passes for it.
        "Thu, 05 Jan 2023 10:00:00 GMT", "Thu,05 Jan 2023 10:00:00 GMT", "5 Jan 23 10:00 UT",
        "Thursday, 05-Jan-23 10:00:00 GMT", "Mon, 05 January 2023 10:00:00 Z",
        "Thu, 05 Jan 2023 10:00:00", "Thu, 05 Jan 2023 10:00:00 +0000", "05 Jan, 2023 10:00",
        "Thu,&nbsp;05&nbsp;Jan 2023 10:00:00 GMT", "Thu, 05 Jan 2023 10:00:00 -0000",
        # RFC 3339 and ISO 8601.
        "2023-01-05T10:00:00Z", "2023-01-05t10:00:00z", "2023-01-05 10:00:00 UTC",
        "20230105T100000Z", "2023-01-05T10:00Z", "2023-01-05T10Z", "2023-W01-4T10:00:00Z",
        "2023-01-05 10:00:00 +0000 UTC", "202301051000", "20230105100000",
        "2023/01/05 10:00:00", "2023.01.05 10:00", "2023-1-5 10:00 AM",
        # As people write.
        "January 5, 2023 10:00 am", "Jan 5th, 2023 at 10:00 a.m.", "5 January 2023, 10:00",
        "Thu Jan  5 10:00:00 2023", "Thu Jan 5 10:00:00 UTC 2023", "10:00 5 Jan 2023",
        "05.01.2023 10:00", "05.01.2023, 10.00 Uhr", "2023年1月5日 10:00",
        # Unix time.
        "1672912800", "1672912800000",
    ],
)  # fmt: skip
def test_a_date_is_read_in_many_spellings(stated: str) -> None:
    assert moment(stated) == TEN


@pytest.mark.parametrize(
    "stated",
    [
        "Do, 05 Jan 2023 10:00:00 GMT", "Donnerstag, 5. Januar 2023, 10:00 Uhr",
        "Donnerstag, 5. Jänner 2023 um 10.00 Uhr", "jeu., 05 janv. 2023 10:00:00 GMT",
        "jeudi 5 janvier 2023 à 10h00", "jue, 05 ene 2023 10:00:00 GMT",
        "jueves, 5 de enero de 2023 10:00", "gio, 05 gen 2023 10:00:00 GMT",
        "giovedì 5 gennaio 2023, ore 10:00", "qui, 05 jan 2023 10:00:00 GMT",
        "quinta-feira, 5 de janeiro de 2023 às 10:00", "donderdag 5 januari 2023 10:00",
        "czw., 5 stycznia 2023 10:00", "чт, 5 янв 2023 10:00:00 GMT",
        "5 января 2023 \N{CYRILLIC SMALL LETTER GHE}. 10:00",
    ],
)  # fmt: skip
def test_a_date_with_foreign_names_of_months_and_days_is_read(stated: str) -> None:
    assert moment(stated) == TEN


@pytest.mark.parametrize(
    ("name", "month"),
    [
        ("Mrz", 3), ("März", 3), ("Mai", 5), ("Okt", 10), ("Dez", 12), ("févr", 2), ("avr", 4),
        ("mai", 5), ("juin", 6), ("juil", 7), ("août", 8), ("déc", 12), ("abr", 4), ("ago", 8),
        ("dic", 12), ("mag", 5), ("giu", 6), ("lug", 7), ("set", 9), ("ott", 10), ("fev", 2),
        ("out", 10), ("dez", 12), ("mrt", 3), ("mei", 5), ("Sept", 9), ("maja", 5),
    ],
)  # fmt: skip
def test_names_of_months_are_read(name: str, month: int) -> None:
    assert moment(f"5 {name} 2023 10:00:00 GMT") == at(2023, month, 5, 10)
    assert moment(f"{name} 5, 2023") == at(2023, month, 5)


@pytest.mark.parametrize(
    ("stated", "expected"),
    [
        # `mar` is March, or Tuesday in four languages.
        ("mar, 14 feb 2023 10:00:00 GMT", at(2023, 2, 14, 10)),
        ("mar. 14 mars 2023", at(2023, 3, 14)),
        ("Mar 14, 2023", at(2023, 3, 14)),
        # Clocks of twelve hours.
        ("Thu, 05 Jan 2023 1:00 PM", at(2023, 1, 5, 13)),
        ("Thu, 05 Jan 2023 12:30 AM", at(2023, 1, 5, 0, 30)),
        ("Thu, 05 Jan 2023 12:30 p.m. EST", at(2023, 1, 5, 17, 30)),
        ("March 30 2020 07:02:38 PM", at(2020, 3, 30, 19, 2, 38)),
        ("2023/01/05 10:00 PM", at(2023, 1, 5, 22)),
        # The ends of days and minutes.
        ("2023-01-05T24:00:00Z", at(2023, 1, 6)),
        ("2016-12-31T23:59:60Z", at(2017, 1, 1)),
        ("2023-01-05T10:00:00.1234567Z", at(2023, 1, 5, 10, 0, 0, 123456)),
        ("2023-01-05T10:00:00,5Z", at(2023, 1, 5, 10, 0, 0, 500000)),
        # Years of two digits (RFC 5322).
        ("5 Jan 49 10:00 GMT", at(2049, 1, 5, 10)),
        ("5 Jan 99 10:00 GMT", at(1999, 1, 5, 10)),
        # Which number is the month.
        ("13/06/2019", at(2019, 6, 13)),
        ("06/13/2019 10:00 PM", at(2019, 6, 13, 22)),
        ("05/05/2019", at(2019, 5, 5)),
        ("05.06.2019", at(2019, 6, 5)),
        # A day without a time; a weekday that is wrong; a date that lies ahead.
        ("2023-01-05", MIDNIGHT), ("20230105", MIDNIGHT), ("Aug 15, 2019", at(2019, 8, 15)),
        ("Mon, 05 Jan 2023", MIDNIGHT),
        ("Wed, 02 Jul 2031 10:00:00 GMT", at(2031, 7, 2, 10)),
        # Zones.
        ("2023-01-05T10:00:00+05:30", at(2023, 1, 5, 4, 30)),
        ("2023-01-05T10:00:00+0530", at(2023, 1, 5, 4, 30)),
        ("2023-01-05T10:00:00-03:30", at(2023, 1, 5, 13, 30)),
        ("2023-01-05T10:00:00+14:00", at(2023, 1, 4, 20)),
        ("2023-01-05T10:00:00\N{MINUS SIGN}03:00", at(2023, 1, 5, 13)),
        ("2023-W01-4T10:00:00+01:00", at(2023, 1, 5, 9)),
        ("5 Jan 2023 10:00 +01", at(2023, 1, 5, 9)),
        ("5 Jan 2023 10:00 GMT+2", at(2023, 1, 5, 8)),
        ("5 Jan 2023 10:00 UTC-03:00", at(2023, 1, 5, 13)),
        ("Thu Jan 05 2023 10:00:00 GMT+0100 (Central European Standard Time)", at(2023, 1, 5, 9)),
        ("Thu Jan 05 10:00:00 +0100 2023", at(2023, 1, 5, 9)),
        ("Thu, 05 Jan 2023 10:00:00 +0100 CET", at(2023, 1, 5, 9)),
        ("2023-01-05T10:00:00+01:00[Europe/Berlin]", at(2023, 1, 5, 9)),
    ],
)  # fmt: skip
def test_a_date_is_read_as_the_right_moment(stated: str, expected: datetime) -> None:
    assert moment(stated) == expected


@pytest.mark.parametrize(
    ("zone", "hours"),
    [("EST", -5), ("EDT", -4), ("CST", -6), ("PDT", -7), ("CET", 1), ("CEST", 2), ("MESZ", 2),
     ("BST", 1), ("EET", 2), ("MSK", 3), ("JST", 9), ("KST", 9), ("AEST", 10), ("NZDT", 13),
     ("HST", -10), ("BRT", -3), ("ET", -4), ("PT", -7)],
)  # fmt: skip
def test_names_of_time_zones_are_read(zone: str, hours: int) -> None:
    expected = at(2023, 7, 6, 12) - timedelta(hours=hours)
    assert moment(f"Thu, 06 Jul 2023 12:00:00 {zone}") == expected


@pytest.mark.parametrize(
    "stated",
    [
        # It can be read in two ways.
        "05/06/2019", "05-06-2019 10:00", "1/2/23", "1 2 2023", "2023010510",
        "Thu, 05 Jan 2023 10:00:00 IST", "Thu, 05 Jan 2023 10:00:00 AST",
        "Thu, 05 Jan 2023 10:00:00 A", "Thu, 05 Jan 2023 10:00:00 XYZ", "5 lip 2023",
        # A part is missing.
        "2023", "2023-01", "Jan 2023", "5 Jan", "10:00", "Thursday", "Thursday 10:00",
        # There is no such time.
        "30 Feb 2023", "2023-02-29", "2023-13-01", "Thu, 32 Jan 2023 10:00:00 GMT",
        "Thu, 05 Jan 2023 25:00:00 GMT", "2023-01-05T24:00:01Z", "2023-01-05T10:61Z",
        "2023-01-05 13:00 AM", "2023-01-05 0:30 PM", "2023-01-05T10:00:00+15:00",
        "2023-01-05T10:00:00+05:75", "Fri, 31 Dec 9999 23:59:59 -0100",
        # It stands for "unknown".
        "Thu, 01 Jan 1970 00:00:00 GMT", "1970-01-01T01:00:00+01:00", "0001-01-01T00:00:00Z",
        "0000-00-00 00:00:00", "1899-12-30", "0",
        # It depends on when it is read, or is no date.
        "yesterday", "2 hours ago", "next friday", "now", "today 10:00", "", " ", "-", "date",
        None, True, [], -1, 1e30, float("nan"), "9" * 30, "1" * 10_000,
    ],
)  # fmt: skip
def test_an_ambiguous_date_is_not_used(stated: object) -> None:
    assert moment(stated) is None


def test_a_date_that_is_a_number_is_unix_time() -> None:
    assert moment(1672912800) == moment(1672912800.4) == moment(1672912800000) == TEN


def test_reading_a_date_with_an_unknown_zone_raises_no_warning() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert moment("January 5, 2023 10:00 XYZ") is None
