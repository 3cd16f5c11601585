"""The table is RFC 7396, appendix A."""

import pytest
from pydantic import JsonValue

from groundwork_core.errors import Invalid
from groundwork_core.resources.merge_patch import merge_patch
from groundwork_core.sources.resource import merge_schedule


@pytest.mark.parametrize(
    ("target", "patch", "merged"),
    [
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        (["a", "b"], ["c", "d"], ["c", "d"]),
        ({"a": "b"}, ["c"], ["c"]),
        ({"a": "foo"}, None, None),
        ({"a": "foo"}, "bar", "bar"),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ],
)
def test_merge_patch_follows_rfc_7396(
    target: JsonValue, patch: JsonValue, merged: JsonValue
) -> None:
    assert merge_patch(target, patch) == merged


def test_a_patch_of_a_schedule_keeps_fields_that_it_omits() -> None:
    now: JsonValue = {"kind": "adaptive", "min_seconds": 60, "max_seconds": 600}
    assert merge_schedule(now, {"max_seconds": 900}) == {**now, "max_seconds": 900}  # type: ignore[dict-item]


def test_another_kind_of_schedule_replaces_the_present_one() -> None:
    now: JsonValue = {"kind": "interval", "every_seconds": 60}
    patch: JsonValue = {"kind": "cron", "expression": "*/5 * * * *", "timezone": "UTC"}
    assert merge_schedule(now, patch) == patch


@pytest.mark.parametrize(
    ("patch", "pointer"),
    [
        ({"every_seconds": 0}, "/schedule/every_seconds"),
        ({"every": 5}, "/schedule/every"),
        ({"kind": "hourly"}, "/schedule/kind"),
        (None, "/schedule"),
    ],
)
def test_a_schedule_that_breaks_a_rule_is_pointed_at(patch: JsonValue, pointer: str) -> None:
    with pytest.raises(Invalid) as raised:
        merge_schedule({"kind": "interval", "every_seconds": 60}, patch)
    assert raised.value.faults[0].pointer == pointer
