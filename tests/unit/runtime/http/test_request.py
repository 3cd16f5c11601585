import pytest

from groundwork_runtime.http.request import NotJson, Request, UnsupportedMediaType, strict_json


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"nothing",
        b"'single'",
        b'{"a":NaN}',
        b'{"a":Infinity}',
        b'{"a":1e999}',
        b'{"a":-1e999}',
        b'{"a":1,"a":2}',
        b'{"a":{"b":1,"b":1}}',
        b'"\\ud800"',
        b"\xff\xfe",
        b'"a\x00b"',
        b"[" * 10_000,
        b"[" * 10_000 + b"]" * 10_000,
        b'{"a":' * 10_000,
        b"9" * 5_000,
        b'{"a":1}x',
    ],
)
def test_json_that_is_not_strict_is_refused(body: bytes) -> None:
    with pytest.raises(NotJson):
        strict_json(body)


@pytest.mark.parametrize(
    ("body", "value"),
    [(b"{}", {}), (b'{"a":[1,2.5,null,true,"\xc3\xbc"]}', {"a": [1, 2.5, None, True, "ü"]})],
)
def test_valid_json_is_decoded(body: bytes, value: object) -> None:
    assert strict_json(body) == value


def test_a_repeated_member_is_named() -> None:
    with pytest.raises(NotJson, match="'name' twice"):
        strict_json(b'{"name":"a","name":"b"}')


def request(content_type: str | None, body: str = "{}") -> Request:
    headers = {} if content_type is None else {"Content-Type": content_type}
    return Request({"httpMethod": "POST", "path": "/", "headers": headers, "body": body}, "r")


@pytest.mark.parametrize("given", [None, "application/json", "Application/JSON; charset=utf-8"])
def test_json_content_types_are_accepted(given: str | None) -> None:
    assert request(given).json() == {}


@pytest.mark.parametrize(
    "given", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]
)
def test_another_media_type_is_refused(given: str) -> None:
    with pytest.raises(UnsupportedMediaType):
        request(given).json()


def coded(coding: str) -> Request:
    headers = {"Content-Type": "application/json", "Content-Encoding": coding}
    return Request({"httpMethod": "POST", "path": "/", "headers": headers, "body": "{}"}, "r")


@pytest.mark.parametrize("coding", ["gzip", "br", "GZIP"])
def test_a_compressed_body_is_refused(coding: str) -> None:
    with pytest.raises(UnsupportedMediaType, match="content coding"):
        coded(coding).json()


def test_a_body_with_content_encoding_identity_is_accepted() -> None:
    assert coded("identity").json() == {}


def test_a_body_in_base64_is_decoded() -> None:
    event = {"httpMethod": "POST", "path": "/", "body": "e30=", "isBase64Encoded": True}
    assert Request(event, "r").json() == {}
