"""Addresses of sources and webhooks: which the API accepts, and how it stores them."""

from contextlib import closing
from typing import TYPE_CHECKING

import psycopg
import pytest

from groundwork_core.web import address
from groundwork_runtime.settings import Settings
from groundwork_runtime.wiring import Wiring

from ....fakes.secrets import DATA_KEYS, safe_with_data_keys
from .conftest import Rest

if TYPE_CHECKING:
    from collections.abc import Iterator

HOOK = {"events": ["contents.published"]}
RESOURCES = [("sources", {"name": "A blog"}), ("webhooks", HOOK)]
REFUSED = [
    "http://blog.example:99999/f",
    "http://user:pw@blog.example/f",
    "https://blog.example/a\nb",
    "https://",
    "ftp://blog.example/f",
    "feed://blog.example/f",
    "http://127.0.0.1/f",
    "http://0x7f.1/f",
    "http://2130706433/",
    "http://[::ffff:10.0.0.1]/f",
    "http://localhost:8000/f",
    "http://169.254.169.254/latest/meta-data/",
]


@pytest.mark.parametrize("url", REFUSED)
@pytest.mark.parametrize(("resource", "fields"), RESOURCES)
def test_an_address_that_cannot_be_fetched_is_422(
    shared_rest: Rest, resource: str, fields: dict[str, object], url: str
) -> None:
    reply = shared_rest("POST", f"/api/v1/{resource}", {**fields, "url": url})
    assert (reply.status, reply.pointers) == (422, {"/url"})
    assert "pw" not in reply.text
    good = f"https://ok-{abs(hash((resource, url)))}.example/"
    made = shared_rest.create(resource, **fields, url=good)
    reply = shared_rest("PATCH", made.location, {"url": url}, headers={"If-Match": "*"})
    assert (reply.status, reply.pointers) == (422, {"/url"})
    assert shared_rest("GET", made.location).json["url"] == good


def test_user_info_in_a_url_is_refused_and_the_error_names_credentials(shared_rest: Rest) -> None:
    body = {"name": "a", "url": "http://user:pw@blog.example/f"}
    (fault,) = shared_rest("POST", "/api/v1/sources", body).json["errors"]
    assert "`credentials`" in fault["detail"]


@pytest.mark.parametrize(("resource", "fields"), RESOURCES)
def test_without_the_rule_against_private_addresses_one_is_accepted(
    rest: Rest, resource: str, fields: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(address, "refuse_private", lambda _url, _allowed: None)
    rest.create(resource, **fields, url="http://127.0.0.1/f")


@pytest.mark.parametrize(("resource", "fields"), RESOURCES)
def test_configured_addresses_are_accepted(
    rest: Rest, resource: str, fields: dict[str, object]
) -> None:
    given = {"DATABASE_URL": rest.url, "GROUNDWORK_FETCH_ALLOW": "127.0.0.0/8"}
    others = {"GROUNDWORK_RATE_LIMIT": "0", "DATA_KEYS_SECRET_ID": DATA_KEYS}
    rest.parts = Wiring(Settings.from_environment(given | others))
    rest.parts.secrets = safe_with_data_keys()
    with closing(rest.parts.database):
        rest.create(resource, **fields, url="http://localhost:9/f")


def test_an_address_is_kept_in_normal_form(shared_rest: Rest) -> None:
    made = shared_rest.create("sources", name="a", url=" HTTPS://Bücher.Example:443/Feed#top\n")
    assert made.json["url"] == "https://xn--bcher-kva.example/Feed"
    reply = shared_rest(
        "PATCH", made.location, {"url": "http://Blog.example:80"}, headers={"If-Match": "*"}
    )
    assert reply.json["url"] == "http://blog.example/"


@pytest.mark.parametrize(
    "other",
    [
        "https://one.example/f",
        "HTTPS://ONE.example:443/f",
        " https://one.example/f ",
        "https://one.example/f#x",
        "https://one.example./f",
    ],
)
def test_two_spellings_of_one_address_conflict(rest: Rest, other: str) -> None:
    rest.create("sources", name="a", url="https://one.example/f")
    reply = rest("POST", "/api/v1/sources", {"name": "b", "url": other})
    assert (reply.status, reply.pointers) == (409, {"/url"})


@pytest.fixture
def direct(database_url: str) -> "Iterator[psycopg.Connection]":
    with psycopg.connect(database_url, autocommit=True) as connection:
        yield connection


@pytest.mark.parametrize(
    "url", ["HTTP://a.example/", "http://A.example/", "http://a.example", "http://a.example/#f"]
)
def test_the_database_refuses_an_address_that_is_not_in_normal_form(
    direct: "psycopg.Connection", url: str
) -> None:
    with pytest.raises(psycopg.errors.CheckViolation):
        direct.execute(
            "INSERT INTO sources (name, url, schedule) VALUES ('a', %s, %s)",
            [
                url,
                '{"kind":"interval","every_seconds":60}',
            ],
        )
