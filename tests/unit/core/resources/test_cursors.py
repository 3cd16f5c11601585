import json
from base64 import urlsafe_b64decode, urlsafe_b64encode

import pytest

from groundwork_core.errors import Invalid
from groundwork_core.knowledge.resources import ENTITIES, RELATIONSHIPS
from groundwork_core.resources.cursors import MAC_BYTES, Cursors
from groundwork_core.resources.page import After, PageQuery, page_query

CURSORS = Cursors(b"a key of this test")
LAST = json.dumps({"id": "0190b9d0-0000-7000-8000-000000000000", "name": "Ada", "key": None})


def query(**parameters: str) -> PageQuery:
    return page_query(ENTITIES, {name: (value,) for name, value in parameters.items()})


def test_a_cursor_is_decoded_to_the_place_that_it_encodes() -> None:
    cursor = CURSORS.write("entities", query(sort="name"), LAST)
    place = CURSORS.read("entities", query(sort="name", cursor=cursor))
    assert place == After("Ada", "0190b9d0-0000-7000-8000-000000000000")


def test_a_query_without_cursor_begins_at_the_start() -> None:
    assert CURSORS.read("entities", query()) is None


@pytest.mark.parametrize("place", range(0, 60, 3))
def test_a_cursor_with_any_byte_changed_is_refused(place: int) -> None:
    cursor = CURSORS.write("entities", query(sort="name"), LAST)
    raw = bytearray(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    raw[place % len(raw)] ^= 1
    tampered = urlsafe_b64encode(bytes(raw)).decode().rstrip("=")
    with pytest.raises(Invalid) as raised:
        CURSORS.read("entities", query(sort="name", cursor=tampered))
    assert raised.value.faults[0].pointer == "/cursor"


def test_a_cursor_signed_with_another_key_is_refused() -> None:
    cursor = Cursors(b"another").write("entities", query(sort="name"), LAST)
    with pytest.raises(Invalid):
        CURSORS.read("entities", query(sort="name", cursor=cursor))


def test_a_cursor_is_valid_only_for_its_own_list_and_order() -> None:
    cursor = CURSORS.write("entities", query(sort="name"), LAST)
    with pytest.raises(Invalid):
        CURSORS.read("entities", query(sort="-name", cursor=cursor))
    with pytest.raises(Invalid):
        CURSORS.read(RELATIONSHIPS.name, query(sort="name", cursor=cursor))


@pytest.mark.parametrize("cursor", ["", "x", "====", "ü", "a" * 10_000, "AAAA" * 10])
def test_a_malformed_cursor_is_refused(cursor: str) -> None:
    with pytest.raises(Invalid):
        CURSORS.read("entities", query(cursor=cursor))


def test_without_its_signature_a_changed_cursor_would_be_read() -> None:
    """The negative control: the place itself reads back whatever stands in it."""
    cursor = CURSORS.write("entities", query(sort="name"), LAST)
    raw = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    assert json.loads(raw[MAC_BYTES:].replace(b"Ada", b"Eve")) == [
        "Eve",
        "0190b9d0-0000-7000-8000-000000000000",
    ]
