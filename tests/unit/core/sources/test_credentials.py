"""Credentials of sources: what is accepted, and the header that comes of it."""

import base64

import pytest
from pydantic import TypeAdapter, ValidationError

from groundwork_core.sources.credentials import (
    AnyCredentials,
    Credentials,
    origin_of,
    sealed_text,
    secret_header,
)

ANY: TypeAdapter[AnyCredentials] = TypeAdapter(Credentials)
URL = "https://blog.example/feed"


@pytest.mark.parametrize(
    ("given", "name", "value"),
    [
        (
            {"scheme": "basic", "username": "zoë", "password": "a:b ü"},
            "Authorization",
            "Basic " + base64.b64encode("zoë:a:b ü".encode()).decode(),
        ),
        ({"scheme": "basic", "username": "u", "password": ""}, "Authorization", "Basic dTo="),
        ({"scheme": "bearer", "token": "abc.def"}, "Authorization", "Bearer abc.def"),
        ({"scheme": "header", "name": "X-Api-Key", "value": "k 1"}, "X-Api-Key", "k 1"),
    ],
)
def test_a_scheme_becomes_a_header(given: dict[str, str], name: str, value: str) -> None:
    header = secret_header(sealed_text(ANY.validate_python(given), URL))
    assert (header.origin, header.name, header.value) == ("https://blog.example:443", name, value)
    assert value not in repr(header)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "X Key",
        "X-Key:",
        "X-Key\r\nHost",
        "Ключ",
        "Connection",
        "transfer-encoding",
        "TE",
        "Upgrade",
        "Proxy-Authorization",
        "Proxy-Anything",
        "Host",
        "Content-Length",
        "User-Agent",
        "Cookie",
    ],
)
def test_names_that_may_not_be_sent_are_refused(name: str) -> None:
    with pytest.raises(ValidationError):
        ANY.validate_python({"scheme": "header", "name": name, "value": "x"})


@pytest.mark.parametrize(
    "given",
    [
        {"scheme": "header", "name": "X-Key", "value": value}
        for value in ("", "a\r\nHost: evil", "a\nb", "a\0b", " a", "a ", "é", "x" * 4_001)
    ]
    + [{"scheme": "bearer", "token": token} for token in ("", "a b", "a\nb", "é")]
    + [
        {"scheme": "basic", "username": "a:b", "password": "x"},
        {"scheme": "basic", "username": "a\nb", "password": "x"},
        {"scheme": "basic", "username": "a", "password": "x\r\n"},
        {"scheme": "basic", "username": "a"},
        {"scheme": "digest", "username": "a", "password": "x"},
        {"scheme": "bearer", "token": "x", "more": 1},
        {"username": "a", "password": "x"},
    ],
)
def test_a_value_that_could_inject_a_header_is_refused(given: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        ANY.validate_python(given)


@pytest.mark.parametrize(
    ("url", "same"),
    [
        ("https://blog.example/other", True),
        ("https://blog.example:443/", True),
        ("http://blog.example/", False),
        ("https://blog.example:8443/", False),
        ("https://www.blog.example/", False),
    ],
)
def test_an_origin_is_scheme_host_and_port(url: str, same: bool) -> None:  # noqa: FBT001 - a table
    assert (origin_of(url) == origin_of(URL)) is same
