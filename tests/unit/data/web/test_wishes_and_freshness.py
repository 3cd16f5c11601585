"""The polling rates that feeds and answers ask for."""

import pytest

from groundwork_core.sources.wishes import Wishes
from groundwork_data.web.feed_wishes import feed_wishes
from groundwork_data.web.freshness import fresh_seconds

DATE = "Sun, 01 Mar 2026 12:00:00 GMT"
LATER = "Sun, 01 Mar 2026 13:00:00 GMT"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"Cache-Control": "max-age=600"}, 600),
        ({"Cache-Control": "public, Max-Age=600, must-revalidate"}, 600),
        ({"Cache-Control": 'max-age="600"'}, 600),
        ({"Cache-Control": "s-maxage=600"}, None),
        ({"Cache-Control": "no-cache, max-age=600"}, None),
        ({"Cache-Control": "no-store"}, None),
        ({"Cache-Control": "max-age=600", "Age": "100"}, 500),
        ({"Cache-Control": "max-age=600", "Age": "700"}, 0),
        ({"Cache-Control": "max-age=600", "Expires": LATER, "Date": DATE}, 600),
        ({"Expires": LATER, "Date": DATE}, 3_600),
        ({"Expires": DATE, "Date": LATER}, 0),
        ({"Expires": "0", "Date": DATE}, None),
        ({"Expires": LATER}, None),
        ({"Cache-Control": "max-age=-1"}, None),
    ],
)
def test_a_response_says_how_long_it_is_fresh(headers: dict[str, str], seconds: int | None) -> None:
    assert fresh_seconds(headers) == seconds


@pytest.mark.parametrize(
    ("head", "wishes"),
    [
        ("", Wishes()),
        ("<ttl>60</ttl>", Wishes(3_600)),
        ("<ttl>soon</ttl>", Wishes()),
        ("<sy:updatePeriod> hourly </sy:updatePeriod>", Wishes(3_600)),
        (
            "<sy:updatePeriod>daily</sy:updatePeriod><sy:updateFrequency>4</sy:updateFrequency>",
            Wishes(21_600),
        ),
        ("<ttl>60</ttl><sy:updatePeriod>daily</sy:updatePeriod>", Wishes(86_400)),
        (
            "<skipHours><hour>0</hour><hour>24</hour><hour>7</hour></skipHours>",
            Wishes(None, (0, 7)),
        ),
        (
            "<skipDays><day>Sunday</day><day>sat</day><day>x</day><day>Moonday</day></skipDays>",
            Wishes(None, (), (5, 6)),
        ),
        ("<item><ttl>60</ttl></item>", Wishes()),
        ("<skipHours>" + "<hour>1</hour>" * 10_000, Wishes()),
    ],
)
def test_a_feed_says_how_often_it_wants_to_be_asked(head: str, wishes: Wishes) -> None:
    assert feed_wishes(f"<rss><channel>{head}<item/></channel></rss>") == wishes
