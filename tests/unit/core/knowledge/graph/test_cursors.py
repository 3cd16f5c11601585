"""Cursors are decoded as they were encoded; anything else is refused."""

import base64
import json

import pytest

from groundwork_core.errors import Invalid
from groundwork_core.knowledge.graph.cursors import (
    entity_cursor,
    link_cursor,
    read_entity_cursor,
    read_link_cursor,
)
from groundwork_core.knowledge.graph.model import LinkPlace

ID = "01a2059b-f1e0-7e01-9141-5b2fb2c25268"


def encoded(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


@pytest.mark.parametrize("confidence", [0.0, 1.0, 0.1 + 0.2, 5e-324, 0.8450348855016139])
def test_a_cursor_is_decoded_to_the_same_place(confidence: float) -> None:
    place = LinkPlace(confidence, ID)
    assert read_link_cursor(link_cursor(place)) == place
    assert read_entity_cursor(entity_cursor(ID)) == ID


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "x",
        "AAAA",
        "é",
        "=" * 8,
        "A" * 300,
        encoded([]),
        encoded(["e", 5]),
        encoded(["e", ID, 1]),
        encoded(["e", ID.upper()]),
        encoded(["e", "' OR 1=1"]),
        encoded(["l", True, ID]),
        encoded(["l", 2, ID]),
        encoded(["l", 0.5, "x"]),
        encoded(["l", "0.5", ID]),
        base64.urlsafe_b64encode(b'["l",NaN,"%b"]' % ID.encode()).decode(),
        "W1tb" * 49,
    ],
)
def test_any_other_cursor_text_is_refused(cursor: str) -> None:
    for read in (read_entity_cursor, read_link_cursor):
        with pytest.raises(Invalid):
            read(cursor)


def test_a_cursor_of_one_list_is_refused_by_another() -> None:
    with pytest.raises(Invalid):
        read_link_cursor(entity_cursor(ID))
    with pytest.raises(Invalid):
        read_entity_cursor(link_cursor(LinkPlace(0.5, ID)))
