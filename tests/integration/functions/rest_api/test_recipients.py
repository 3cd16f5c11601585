"""The users of a distribution and their preferences."""

from datetime import UTC, datetime

import pytest

from .conftest import Rest
from .distributions import FUTURE, PATH, lease, messages, new, started


def test_preferences_are_the_effective_ones(rest: Rest, content: str) -> None:
    """With the message alone a publisher knows what `/preferences/effective` says."""
    users = {name: str(rest.user("viewer")) for name in ("states", "outdated", "none")}
    rest.create("preferences", user_id=users["states"], key="digest", value={"day": "Mon"})
    rest.create("preferences", user_id=users["outdated"], key="digest", value="daily")
    rest.create("preferences", user_id=users["none"], key="language", value="de")
    properties = {"day": {"type": "string", "default": "Sun"}, "hour": {"default": 8}}
    schema = {"type": "object", "properties": properties}
    at = "/api/v1/preference-schemas/digest"
    assert rest("PUT", at, schema).status == 201
    night = {"from": "00:00", "to": "23:59", "timezone": "UTC"}
    quiet = {"default": night}
    assert rest("PUT", "/api/v1/preference-schemas/quiet_hours", quiet).status == 201
    new(rest, content, spec={"user_ids": list(users.values())})
    (message,) = messages(rest)
    assert message["preference_defaults"] == {
        "digest": {"day": "Sun", "hour": 8},
        "quiet_hours": night,
    }
    assert message["preferences"] == {
        users["states"]: {"digest": {"day": "Mon", "hour": 8}},
        users["none"]: {"language": "de"},
    }
    assert message["quiet_hours"].keys() == set(users.values())
    for user in users.values():
        shown = rest("GET", f"/api/v1/users/{user}/preferences/effective").json["values"]
        stated = message["preferences"].get(user, {})
        assert {**message["preference_defaults"], **stated} == shown


def test_a_distribution_without_users_has_no_defaults(rest: Rest, content: str) -> None:
    assert rest("PUT", "/api/v1/preference-schemas/digest", {"default": 1}).status == 201
    new(rest, content)
    assert messages(rest)[0]["preference_defaults"] == {}


def test_quiet_hours_are_those_at_the_time_of_sending(rest: Rest, content: str) -> None:
    users = {name: str(rest.user("viewer")) for name in ("night", "day", "wrong", "none")}
    zone = "Europe/Berlin"
    for name, value in (
        ("night", {"from": "21:00", "to": "08:00", "timezone": zone}),
        ("day", {"from": "09:00", "to": "17:00", "timezone": zone}),
        ("wrong", {"from": "9", "to": "17:00", "timezone": zone}),
    ):
        rest.create("preferences", user_id=users[name], key="quiet_hours", value=value)
    made = new(rest, content, spec={"user_ids": list(users.values())}, scheduled_at=FUTURE)
    rest.database.rows("UPDATE distributions SET scheduled_at = now() - interval '1 s' RETURNING 1")

    class Night:
        def now(self) -> datetime:
            return datetime(2099, 3, 29, 0, 30, tzinfo=UTC)  # the clocks go forward at 1:00

    started(rest, Night())
    (message,) = messages(rest)
    assert message["distribution_id"] == made.json["id"]
    assert message["quiet_hours"] == {
        users["night"]: {"quiet": True, "until": "2099-03-29T06:00:00Z", "fault": None},
        users["day"]: {"quiet": False, "until": None, "fault": None},
        users["wrong"]: {
            "quiet": False,
            "until": None,
            "fault": "from must be a time as HH:MM, from 00:00 to 23:59",
        },
    }
    due = "UPDATE distribution_handovers SET available_at = now() - interval '1 s' RETURNING 1"
    rest.database.rows(due)
    leased = lease(rest).json
    assert leased["quiet_hours"] == message["quiet_hours"]


@pytest.mark.parametrize("users", ["all", ["x"], [1], [None], ["0"] * 1_001, {}])
def test_user_ids_of_a_distribution_must_be_a_list_of_ids(
    rest: Rest, content: str, users: object
) -> None:
    body = {"content_id": content, "channel": "email", "spec": {"user_ids": users}}
    reply = rest("POST", PATH, body)
    assert (reply.status, reply.pointers) == (422, {"/spec/user_ids"})
