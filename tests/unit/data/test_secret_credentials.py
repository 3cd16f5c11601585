"""Credentials from secrets: when they are read, and what is refused."""

import json

import pytest

from groundwork_core.errors import NotFound, Unavailable
from groundwork_data.secret_credentials import SecretCredentials, SecretUrl
from groundwork_runtime.settings import BadSettings, Settings


class Store:
    def __init__(self, *texts: str) -> None:
        self.texts = list(texts)
        self.reads = 0

    def read(self) -> str:
        self.reads += 1
        return self.texts[min(self.reads, len(self.texts)) - 1]


def credentials(store: Store, clock: list[float] | None = None) -> SecretCredentials:
    at = clock or [0.0]
    return SecretCredentials(
        store.read, "groundwork/dev/x", defaults_allowed=False, now=lambda: at[0]
    )


def secret(password: str, **more: str) -> str:
    return json.dumps({"username": "app", "password": password} | more)


def test_a_secret_is_read_once() -> None:
    store = Store(secret("one-secret"))
    read = credentials(store)
    assert store.reads == 0
    assert (read.current().password, read.current().password) == ("one-secret", "one-secret")
    assert store.reads == 1


def test_a_refused_connection_reads_the_secret_again_but_not_too_often() -> None:
    store, clock = Store(secret("one-secret"), secret("two-secret")), [0.0]
    read = credentials(store, clock)
    assert read.current().password == "one-secret"
    assert not read.renew()
    assert store.reads == 1
    clock[0] = 5.0
    assert read.renew()
    assert read.current().password == "two-secret"
    clock[0] = 10.0
    assert not read.renew(), "nothing has changed"


def test_user_and_password_go_into_the_address_escaped() -> None:
    url = SecretUrl(
        credentials(Store(secret("p@ss/word:1"))),
        "postgresql://proxy:5432/groundwork?sslmode=require",
    )
    assert (
        url.current() == "postgresql://app:p%40ss%2Fword%3A1@proxy:5432/groundwork?sslmode=require"
    )


def test_a_whole_url_is_taken_without_an_address() -> None:
    whole = "postgresql://app:s3cret-enough@db/groundwork"
    assert SecretUrl(credentials(Store(json.dumps({"url": whole})))).current() == whole


def test_the_error_for_a_missing_database_address_says_what_to_set() -> None:
    with pytest.raises(Unavailable, match="DATABASE_URL"):
        SecretUrl(credentials(Store(secret("s3cret")))).current()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("not json", "not a JSON object"),
        ("[]", "not a JSON object"),
        ("{}", "no password or a default"),
        (secret("postgres"), "no password or a default"),
        ('{"password": 5}', "no password or a default"),
        ('{"url": "postgresql://groundwork:groundwork@db/x"}', "no password or a default"),
    ],
)
def test_a_bad_secret_is_refused_without_its_content(text: str, says: str) -> None:
    with pytest.raises(Unavailable, match=says) as refused:
        credentials(Store(text)).current()
    assert text not in str(refused.value)


def test_a_missing_secret_is_named() -> None:
    def missing() -> str:
        raise NotFound("x")

    with pytest.raises(Unavailable, match="groundwork/dev/x does not exist"):
        SecretCredentials(missing, "groundwork/dev/x", defaults_allowed=True).current()


def test_outside_local_a_url_without_password_needs_a_secret() -> None:
    stage = {"GROUNDWORK_ENV": "prod", "DATABASE_URL": "postgresql://proxy/groundwork"}
    with pytest.raises(BadSettings, match="DATABASE_URL"):
        Settings.from_environment(stage)
    Settings.from_environment(stage | {"DATABASE_SECRET_ID": "groundwork/prod/database"})
