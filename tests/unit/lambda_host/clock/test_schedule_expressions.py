"""Schedule expressions, as EventBridge Scheduler reads them."""

from datetime import UTC, datetime

import pytest

from groundwork_lambda_host.clock.expressions import BadExpression, parse_expression


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("expression", "timezone", "moment", "slots"),
    [
        ("rate(1 minute)", "UTC", "2026-03-01T10:00:30", ["2026-03-01T10:01", "2026-03-01T10:02"]),
        ("rate(5 minutes)", "UTC", "2026-03-01T10:00:00", ["2026-03-01T10:05"]),
        ("rate(1 hour)", "Asia/Tokyo", "2026-03-01T10:00:30", ["2026-03-01T11:00"]),
        ("rate(2 days)", "UTC", "1970-01-02T00:00:00", ["1970-01-03T00:00", "1970-01-05T00:00"]),
        ("cron(0 12 * * ? *)", "UTC", "2026-03-01T12:00:00", ["2026-03-02T12:00"]),
        ("cron(0/15 8-9 * * ? *)", "UTC", "2026-03-01T09:31:00",
         ["2026-03-01T09:45", "2026-03-02T08:00"]),
        ("cron(5,35 14 * * ? *)", "UTC", "2026-03-01T14:05:00", ["2026-03-01T14:35"]),
        # Sunday is 1.
        ("cron(0 9 ? * 1 *)", "UTC", "2026-03-02T00:00:00", ["2026-03-08T09:00"]),
        ("cron(0 9 ? * MON-FRI *)", "UTC", "2026-03-06T09:00:00", ["2026-03-09T09:00"]),
        ("cron(0 9 ? * FRI-MON *)", "UTC", "2026-03-02T09:00:00",
         ["2026-03-06T09:00", "2026-03-07T09:00"]),
        ("cron(0 9 ? * 2#1 *)", "UTC", "2026-03-02T09:00:00", ["2026-04-06T09:00"]),
        ("cron(0 9 ? * 6L *)", "UTC", "2026-03-01T00:00:00", ["2026-03-27T09:00"]),
        ("cron(0 9 L * ? *)", "UTC", "2028-02-01T00:00:00", ["2028-02-29T09:00"]),
        # 1 March 2026 is a Sunday: the nearest weekday of the same month is Monday the 2nd.
        ("cron(0 9 1W * ? *)", "UTC", "2026-02-20T00:00:00", ["2026-03-02T09:00"]),
        ("cron(0 9 LW * ? *)", "UTC", "2026-05-01T00:00:00", ["2026-05-29T09:00"]),
        ("cron(0 0 29 2 ? *)", "UTC", "2026-01-01T00:00:00", ["2028-02-29T00:00"]),
        ("cron(0 0 1 1 ? 2030/5)", "UTC", "2026-01-01T00:00:00",
         ["2030-01-01T00:00", "2035-01-01T00:00"]),
        ("cron(30 6 * * ? *)", "Europe/Berlin", "2026-07-01T00:00:00", ["2026-07-01T04:30"]),
        # Spring: 02:30 does not exist on 29 March, and is skipped.
        ("cron(30 2 * * ? *)", "Europe/Berlin", "2026-03-28T02:00:00", ["2026-03-30T00:30"]),
        # Autumn: 02:30 comes twice on 25 October, and fires once.
        ("cron(30 2 * * ? *)", "Europe/Berlin", "2026-10-24T12:00:00",
         ["2026-10-25T00:30", "2026-10-26T01:30"]),
        ("at(2026-11-20T13:00:00)", "Europe/Berlin", "2026-01-01T00:00:00", ["2026-11-20T12:00"]),
    ],
)  # fmt: skip
def test_the_next_slots_of_an_expression_are_computed(
    expression: str, timezone: str, moment: str, slots: list[str]
) -> None:
    parsed, now = parse_expression(expression, timezone), utc(moment)
    for slot in slots:
        found = parsed.after(now)
        assert found == utc(slot)
        assert parsed.latest(found) == found  # a slot is its own latest
        now = found


@pytest.mark.parametrize(
    ("expression", "moment", "slot"),
    [
        ("rate(5 minutes)", "2026-03-01T10:04:59", "2026-03-01T10:00"),
        ("cron(0 3 * * ? *)", "2026-03-01T02:59:00", "2026-02-28T03:00"),
        ("cron(0 0 29 2 ? *)", "2026-01-01T00:00:00", "2024-02-29T00:00"),
        ("at(2026-11-20T13:00:00)", "2027-01-01T00:00:00", "2026-11-20T13:00"),
    ],
)
def test_the_latest_slot_of_an_expression_is_computed(
    expression: str, moment: str, slot: str
) -> None:
    assert parse_expression(expression).latest(utc(moment)) == utc(slot)


def test_an_expression_may_have_no_slot() -> None:
    now = utc("2026-03-01T00:00:00")
    assert parse_expression("at(2025-01-01T00:00:00)").after(now) is None
    assert parse_expression("at(2027-01-01T00:00:00)").latest(now) is None
    assert parse_expression("cron(0 0 1 1 ? 2020)").after(now) is None


@pytest.mark.parametrize(
    ("expression", "timezone"),
    [
        ("rate(0 minutes)", "UTC"),
        ("rate(1 minutes)", "UTC"),
        ("rate(5 minute)", "UTC"),
        ("rate(30 seconds)", "UTC"),
        ("cron(0 12 * * *)", "UTC"),
        ("cron(0 12 * * * *)", "UTC"),
        ("cron(0 12 ? * ? *)", "UTC"),
        ("cron(60 12 * * ? *)", "UTC"),
        ("cron(0 12 32 * ? *)", "UTC"),
        ("cron(0 12 ? * 8 *)", "UTC"),
        ("cron(0 12 ? * 2#6 *)", "UTC"),
        ("cron(0 12 * * ? x)", "UTC"),
        ("at(2026-11-20)", "UTC"),
        ("every(1 minute)", "UTC"),
        ("rate(1 minute)", "Mars/Olympus"),
    ],
)
def test_an_expression_that_eventbridge_rejects_is_refused(expression: str, timezone: str) -> None:
    with pytest.raises(BadExpression):
        parse_expression(expression, timezone)
