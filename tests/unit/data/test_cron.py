from datetime import UTC, datetime

import pytest

from groundwork_data.cron import next_cron

NOON = datetime(2026, 3, 1, 12, 0, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("expression", "zone", "after", "expected"),
    [
        ("*/15 * * * *", "UTC", NOON, datetime(2026, 3, 1, 12, 15, tzinfo=UTC)),
        ("0 9 * * *", "Europe/Berlin", NOON, datetime(2026, 3, 2, 8, 0, tzinfo=UTC)),
        # summer time begins on 29 March 2026: the same hour in Berlin is another in UTC
        (
            "0 9 * * *",
            "Europe/Berlin",
            datetime(2026, 3, 28, 12, 0, tzinfo=UTC),
            datetime(2026, 3, 29, 7, 0, tzinfo=UTC),
        ),
        ("0 0 29 2 *", "UTC", NOON, datetime(2028, 2, 29, tzinfo=UTC)),
    ],
)
def test_the_next_moment_of_an_expression(
    expression: str, zone: str, after: datetime, expected: datetime
) -> None:
    assert next_cron(expression, zone, after) == expected


@pytest.mark.parametrize(
    ("expression", "zone"),
    [
        ("* * * *", "UTC"),
        ("* * * * * *", "UTC"),
        ("61 * * * *", "UTC"),
        ("nonsense at all is here", "UTC"),
        ("0 0 30 2 *", "UTC"),
        ("* * * * *", "Mars/Olympus"),
        ("* * * * *", "../../etc/passwd"),
    ],
)
def test_an_expression_that_cannot_be_kept_is_a_value_error(expression: str, zone: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        next_cron(expression, zone, NOON)
