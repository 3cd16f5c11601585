"""Detection of automated engagements: programs that say so, or are too fast for a person."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from groundwork_core.publishing.automated import Act, Click, Known, many_at_once, reasons

AT = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
NOTHING = Known(None, ())


def clicks(*said: tuple[float, str]) -> list[Click]:
    return [
        Click(id=uuid4(), at=AT + timedelta(seconds=seconds), link=link) for seconds, link in said
    ]


def act(kind: str = "clicked", seconds: float = 0, **fields: str | None) -> Act:
    at = AT + timedelta(seconds=seconds)
    return Act(uuid4(), kind, fields.get("agent"), at, fields.get("link"))


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ([], 0),
        ([(0, "a"), (0.1, "b")], 0),
        ([(0, "a"), (0.1, "b"), (0.2, "c")], 3),
        ([(0, "a"), (0.1, "a"), (0.2, "a"), (0.3, "a")], 0),
        ([(0, "a"), (0.1, "a"), (0.2, "b"), (0.3, "c")], 4),
        ([(0, "a"), (0.5, "b"), (1.1, "c")], 0),
        ([(0, "a"), (0.5, "b"), (1, "c")], 3),
        ([(0, "a"), (5, "a"), (5.1, "b"), (5.2, "c"), (9, "a")], 3),
        ([(0.2, "c"), (0, "a"), (0.1, "b")], 3),
    ],
)
def test_many_links_within_a_second_are_automated(
    said: list[tuple[float, str]], expected: int
) -> None:
    assert len(many_at_once(clicks(*said))) == expected


@pytest.mark.parametrize(
    ("kind", "seconds", "expected"),
    [
        ("opened", 0, "soon"),
        ("opened", 1.99, "soon"),
        ("opened", 2, None),
        ("opened", -1.5, "soon"),
        ("opened", -2, None),
        ("clicked", 1, "soon"),
        ("delivered", 0, None),
        ("bounced", 1, None),
    ],
)
def test_an_engagement_within_two_seconds_of_the_delivery_is_automated(
    kind: str, seconds: float, expected: str | None
) -> None:
    one = act(kind, seconds)
    assert reasons([one], Known(AT, ())).get(one.id) == expected
    assert reasons([one], NOTHING) == {}


def test_a_user_agent_of_a_program_is_the_first_reason() -> None:
    one = act("opened", agent="Googlebot/2.1")
    assert reasons([one], Known(AT, ())) == {one.id: "agent"}


def test_clicks_that_are_stored_count_with_the_new_ones() -> None:
    stored = tuple(clicks((0, "a"), (0.2, "b"), (30, "x")))
    new = act(seconds=0.4, link="c")
    found = reasons([new], Known(None, stored))
    assert found == dict.fromkeys([stored[0].id, stored[1].id, new.id], "many_links")
