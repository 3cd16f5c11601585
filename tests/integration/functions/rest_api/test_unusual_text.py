"""Text of any script is kept as it was sent; numbers and encodings at the edge are never a 500."""

import json
from base64 import b64encode

import pytest

from groundwork_core.knowledge.keys import folded, name_of
from groundwork_functions.rest_api.handler import router
from groundwork_runtime.http.application import Application

from .conftest import CONTEXT, Rest

KEPT = {
    "composed": "caf\u00e9",
    "decomposed": "cafe\u0301",
    "many marks": "Z" + "\u0351\u036f\u0353" * 20,
    "right to left": "\u202e\u05e9\u05dc\u05d5\u05dd \u0645\u0631\u062d\u0628\u0627\u202c",
    "joined emoji": "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466\U0001f3fd",
    "a flag": "\U0001f1e8\U0001f1ed",
    "invisible": "a\u200bb\u2060c\ufeffd\u00ad",
    "line ends": "a\u2028b\u2029c\u0085d",
    "control": "a\x01\x1b[31mb\x7f",
    "not characters": "\ufffe\uffff\U0010ffff",
    "a letter that grows": "\u0130\u00df\ufb03",
    "private": "\ue000\U000f0000",
}
NUMBERS = ["1e400", "-1e400", "9223372036854775808", "-9223372036854775809", "-0.0", "0.1e-400"]
SURROGATES = ['"\\ud800"', '"\\udfff"', '"\\udc00\\ud800"', '{"\\ud800":1}', '["\\ud83d"]']
PATH = "/api/v1/entities"


@pytest.mark.parametrize("text", KEPT.values(), ids=KEPT)
def test_text_is_kept_as_sent(shared_rest: Rest, text: str) -> None:
    """Names in their composed form, keys folded too; all else as it is."""
    fields = {"name": text, "key": text, "aliases": [text], "attributes": {text: [text]}}
    made = shared_rest.create("entities", type="topic", **fields)
    shown = {"name": name_of(text), "key": folded(text), "aliases": [name_of(text)]}
    assert made.json.items() >= (fields | shown).items()
    for name in ("key", "q"):
        (found,) = shared_rest("GET", PATH, query={name: text}).json["items"]
        assert found == made.json
    assert shared_rest("DELETE", made.location, headers={"If-Match": "*"}).status == 204


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("place", ['"confidence":%s', '"attributes":{"a":%s}'])
def test_a_number_at_the_edge_is_kept_or_refused(
    shared_rest: Rest, number: str, place: str
) -> None:
    body = f'{{"name":"n","type":"topic",{place % number}}}'
    reply = shared_rest("POST", PATH, body)
    assert reply.status in (201, 400, 422), reply.text
    if reply.status == 201:
        sent = json.loads(body)
        field = "confidence" if "confidence" in sent else "attributes"
        assert reply.json[field] == sent[field]


@pytest.mark.parametrize("value", SURROGATES)
def test_a_lone_surrogate_is_refused_anywhere_in_a_body(shared_rest: Rest, value: str) -> None:
    body = f'{{"name":"n","type":"topic","attributes":{{"a":{value}}}}}'
    reply = shared_rest("POST", PATH, body)
    assert (reply.status, reply.json["type"]) == (400, "/problems/not-json")


@pytest.mark.parametrize(
    "raw",
    [
        b'{"name":"\xff","type":"topic"}',
        b'{"name":"\xc0\xaf","type":"topic"}',
        b'{"name":"\xed\xa0\x80","type":"topic"}',
        b'{"name":"\xf5\x80\x80\x80","type":"topic"}',
        '{"name":"n","type":"topic"}'.encode("utf-16"),
        b'\xef\xbb\xbf{"name":"n","type":"topic"}',
    ],
    ids=["a byte", "too long", "half a character", "beyond Unicode", "UTF-16", "with a BOM"],
)
def test_a_body_that_is_not_utf_8_json_is_400(shared_rest: Rest, raw: bytes) -> None:
    event = {
        "httpMethod": "POST",
        "path": PATH,
        "headers": {
            "Content-Type": "application/json",
            "Authorization": f"Bearer {shared_rest.admin}",
        },
        "requestContext": {"requestId": "r"},
        "body": b64encode(raw).decode(),
        "isBase64Encoded": True,
    }
    answer = Application(router, lambda: shared_rest.parts)(event, CONTEXT)
    problem = json.loads(answer["body"])
    assert (answer["statusCode"], problem["type"]) == (400, "/problems/not-json"), problem
