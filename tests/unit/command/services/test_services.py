"""Rules of the embedded services that need no process."""

import stat
import sys
from pathlib import Path

import pytest

from groundwork_command.services import neo4j_jars
from groundwork_command.services.home import Home
from groundwork_command.services.neo4j_jars import Jar
from groundwork_command.services.service import ServiceError
from groundwork_command.services.supervisor import embedded


@pytest.mark.parametrize(
    ("variable", "left"),
    [
        ("DATABASE_URL", ["neo4j", "emulator"]),
        ("NEO4J_URI", ["postgres", "emulator"]),
        ("AWS_ENDPOINT_URL", ["postgres", "neo4j"]),
    ],
)
def test_a_service_whose_address_is_given_is_not_started(
    tmp_path: Path, variable: str, left: list[str]
) -> None:
    services = embedded(Home(tmp_path), {variable: "somewhere"})
    assert [service.name for service in services] == left


def test_all_are_started_where_none_is_given(tmp_path: Path) -> None:
    services = embedded(Home(tmp_path), {"DATABASE_URL": ""})
    assert [service.name for service in services] == ["postgres", "neo4j", "emulator"]


def test_a_password_is_made_once_and_kept_private(tmp_path: Path) -> None:
    home = Home(tmp_path / "state")
    home.prepare()
    made = home.password("neo4j")
    assert home.password("neo4j") == made
    assert len(made) >= 32
    assert home.password("postgres") != made
    assert stat.S_IMODE((home.secrets / "neo4j").stat().st_mode) == 0o600


def test_every_locked_jar_has_a_digest_and_a_place_of_its_own() -> None:
    jars = neo4j_jars.locked_jars()
    assert len(jars) > 200
    assert all(len(jar.sha256) == 64 for jar in jars)
    assert len({jar.path for jar in jars}) == len(jars)


def test_a_jar_with_another_digest_is_refused_and_thrown_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetched = tmp_path / "fetched.jar"
    fetched.write_bytes(b"not what was locked")
    monkeypatch.setattr(neo4j_jars, "_download", lambda _jar, _staging: fetched)
    monkeypatch.setattr(neo4j_jars, "_user_repository", lambda: tmp_path / "none")
    jar = Jar("org.test", "thing", "1.0", "", "0" * 64)
    with pytest.raises(ServiceError, match=r"org\.test:thing:1\.0 .* SHA-256"):
        neo4j_jars.fetch(jar, tmp_path / "cache", tmp_path)
    assert not fetched.exists()


def test_a_jar_with_the_right_digest_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetched = tmp_path / "fetched.jar"
    fetched.write_bytes(b"")
    monkeypatch.setattr(neo4j_jars, "_download", lambda _jar, _staging: fetched)
    monkeypatch.setattr(neo4j_jars, "_user_repository", lambda: tmp_path / "none")
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    jar = Jar("org.test", "thing", "1.0", "", empty)
    neo4j_jars.fetch(jar, tmp_path / "cache", tmp_path)
    assert (tmp_path / "cache" / jar.path).exists()


def test_the_cache_lies_inside_the_python_environment() -> None:
    assert neo4j_jars.cache().is_relative_to(sys.prefix)
