"""What every safe does: the fake, Secrets Manager as moto has it, as the emulator has it."""

import uuid
from collections.abc import Iterator

import boto3
import pytest
from moto import mock_aws

from groundwork_core.errors import NotFound, Unavailable
from groundwork_core.identity.ports import Secrets
from groundwork_data.aws.clients import secrets_manager
from groundwork_data.aws.secret_reader import SecretReader
from groundwork_data.aws.secrets import SecretsManager
from groundwork_data.aws.signed_request import Credentials

from ..conftest import Emulator
from ..fakes.secrets import MemorySecrets


@pytest.fixture(params=["memory", "moto", "emulator"])
def safe(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Secrets]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    if request.param == "memory":
        yield MemorySecrets()
    elif request.param == "moto":
        with mock_aws():
            yield SecretsManager(lambda: secrets_manager("eu-central-1", None))
    else:
        endpoint = request.getfixturevalue("emulator").endpoint
        yield SecretsManager(lambda: secrets_manager("eu-central-1", endpoint))


@pytest.fixture
def name() -> str:
    return f"test/{uuid.uuid4().hex}"


def test_what_was_written_is_read(safe: Secrets, name: str) -> None:
    safe.write(name, "first")
    safe.write(name, "second é")

    assert safe.read(name) == "second é"


def test_what_was_never_written_is_not_found(safe: Secrets, name: str) -> None:
    with pytest.raises(NotFound):
        safe.read(name)


def test_a_secret_that_the_template_made_without_a_value_can_be_written(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    with mock_aws():
        boto3.client("secretsmanager", region_name="eu-central-1").create_secret(Name=name)
        safe = SecretsManager(lambda: secrets_manager("eu-central-1", None))
        with pytest.raises(NotFound):
            safe.read(name)
        safe.write(name, "value")

        assert safe.read(name) == "value"


def test_a_reader_without_boto3_reads_the_same(emulator: Emulator, name: str) -> None:
    safe = SecretsManager(lambda: emulator.client("secretsmanager"))
    reader = SecretReader(emulator.endpoint, "eu-central-1", Credentials("test", "test"))
    with pytest.raises(NotFound):
        reader.read(name)
    safe.write(name, "é")

    assert reader.read(name) == "é"
    with pytest.raises(Unavailable):
        SecretReader("http://127.0.0.1:9", "eu-central-1", Credentials("a", "b")).read(name)


def test_an_unreachable_safe_is_unavailable(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    safe = SecretsManager(lambda: secrets_manager("eu-central-1", "http://127.0.0.1:9"))
    for attempt in (lambda: safe.read(name), lambda: safe.write(name, "x")):
        with pytest.raises(Unavailable):
            attempt()
