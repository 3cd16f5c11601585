"""Stores of secrets: in memory, files, and Secrets Manager of moto and of the emulator."""

import stat
import uuid
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from moto import mock_aws

from groundwork_core.errors import NotFound, Unavailable
from groundwork_core.identity.ports import Secrets
from groundwork_data.aws.clients import secrets_manager
from groundwork_data.aws.secret_reader import SecretReader
from groundwork_data.aws.secrets import SecretsManager
from groundwork_data.aws.signed_request import AwsCredentials
from groundwork_data.identity.secret_files import SecretFiles

from ..conftest import Emulator
from ..fakes.secrets import MemorySecrets


@pytest.fixture(params=["memory", "files", "moto", "emulator"])
def safe(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Secrets]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    if request.param == "memory":
        yield MemorySecrets()
    elif request.param == "files":
        yield SecretFiles()
    elif request.param == "moto":
        with mock_aws():
            yield SecretsManager(lambda: secrets_manager("eu-central-1", None))
    else:
        emulator: Emulator = request.getfixturevalue("emulator")
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", emulator.access_key_id)
        endpoint = emulator.endpoint
        yield SecretsManager(lambda: secrets_manager("eu-central-1", endpoint))


@pytest.fixture
def name(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    callspec = getattr(request.node, "callspec", None)
    if callspec is not None and callspec.params.get("safe") == "files":
        return (tmp_path / "a secret é").as_uri()
    return f"test/{uuid.uuid4().hex}"


def test_a_written_secret_can_be_read(safe: Secrets, name: str) -> None:
    safe.write(name, "first")
    safe.write(name, "second é")

    assert safe.read(name) == "second é"


def test_a_secret_that_was_never_written_is_not_found(safe: Secrets, name: str) -> None:
    with pytest.raises(NotFound):
        safe.read(name)


def test_a_secret_that_exists_without_a_value_can_be_written(
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
    reader = SecretReader(
        emulator.endpoint, "eu-central-1", AwsCredentials(emulator.access_key_id, "x")
    )
    with pytest.raises(NotFound):
        reader.read(name)
    safe.write(name, "é")

    assert reader.read(name) == "é"
    with pytest.raises(Unavailable):
        SecretReader("http://127.0.0.1:9", "eu-central-1", AwsCredentials("a", "b")).read(name)


def test_an_unreachable_safe_is_unavailable(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    safe = SecretsManager(lambda: secrets_manager("eu-central-1", "http://127.0.0.1:9"))
    for attempt in (lambda: safe.read(name), lambda: safe.write(name, "x")):
        with pytest.raises(Unavailable):
            attempt()


def test_a_secrets_file_is_private_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    SecretFiles().write((tmp_path / "key").as_uri(), "text")
    (file,) = tmp_path.iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602])
def test_a_secrets_file_that_others_may_access_is_refused(tmp_path: Path, mode: int) -> None:
    address = (tmp_path / "key").as_uri()
    SecretFiles().write(address, "text")
    (tmp_path / "key").chmod(mode)
    with pytest.raises(Unavailable, match="chmod 600"):
        SecretFiles().read(address)
    SecretFiles().write(address, "new")  # a file of its own takes the open one's place
    assert SecretFiles().read(address) == "new"


@pytest.mark.parametrize("address", ["file://elsewhere/key", "key", "https://x/key", "file:key"])
def test_a_file_url_of_another_machine_is_not_found(address: str) -> None:
    with pytest.raises(NotFound):
        SecretFiles().read(address)
    with pytest.raises(NotFound):
        SecretFiles().write(address, "x")


def test_a_missing_folder_of_secrets_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(Unavailable):
        SecretFiles().write((tmp_path / "none" / "key").as_uri(), "x")
