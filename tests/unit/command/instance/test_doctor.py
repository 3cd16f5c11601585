"""Each finding of `groundwork doctor`, provoked."""

import os
from pathlib import Path

import pytest

from groundwork_command.instance import checks
from groundwork_command.instance.checks import State
from groundwork_command.services import neo4j_jars
from groundwork_command.services.home import Home


def test_an_old_python_is_a_blocking_finding() -> None:
    found = checks.python((3, 10, 9))
    assert (found.state, found.seen) == (State.BLOCKS, "3.10.9")
    assert "3.11" in found.do
    assert checks.python().state is State.GOOD


def test_a_platform_without_wheels_is_a_warning() -> None:
    assert checks.system("Windows", "ARM64").state is State.WARNING
    assert checks.system("Linux", "x86_64").state is State.GOOD


def test_a_full_disk_is_a_blocking_finding(tmp_path: Path) -> None:
    found = checks.disk(tmp_path / "not" / "made", needed_bytes=2**62)
    assert found.state is State.BLOCKS
    assert "GROUNDWORK_HOME" in found.do
    assert checks.disk(tmp_path, needed_bytes=1).state is State.GOOD


def test_little_memory_is_a_warning() -> None:
    assert checks.memory(needed_bytes=2**62).state is State.WARNING
    assert checks.memory(needed_bytes=1).state is State.GOOD


def test_a_secret_that_others_may_read_is_a_blocking_finding(tmp_path: Path) -> None:
    home = Home(tmp_path / "state")
    home.prepare()
    home.password("postgres")
    assert checks.state_folder(home).state is State.GOOD
    (home.secrets / "postgres").chmod(0o644)
    found = checks.state_folder(home)
    assert found.state is State.BLOCKS
    assert "chmod" in found.do


def test_a_file_in_place_of_the_state_folder_is_a_blocking_finding(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("")
    assert checks.state_folder(Home(tmp_path / "state")).state is State.BLOCKS


@pytest.mark.skipif(
    os.geteuid() == 0, reason="needs a user other than root, who may write everywhere"
)
def test_a_state_folder_of_another_user_is_a_blocking_finding(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    assert checks.state_folder(Home(tmp_path / "state")).state is State.BLOCKS


def test_jars_that_can_be_neither_found_nor_downloaded_are_a_blocking_finding(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(neo4j_jars, "cache", lambda: tmp_path)
    monkeypatch.setattr(checks, "reachable", lambda _host, _port: False)
    found = checks.jars({})
    assert found.state is State.BLOCKS
    assert "NEO4J_URI" in found.do
    monkeypatch.setattr(checks, "reachable", lambda _host, _port: True)
    assert checks.jars({}).state is State.GOOD


def test_the_network_is_not_asked_when_the_jars_are_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(neo4j_jars, "cache", lambda: tmp_path)
    monkeypatch.setattr(checks, "reachable", lambda _host, _port: pytest.fail("asked"))
    (tmp_path / "complete").touch()
    assert checks.jars({}).state is State.GOOD


def test_java_and_jars_are_not_needed_with_an_external_graph() -> None:
    given = {"NEO4J_URI": "bolt://127.0.0.1:7687"}
    assert checks.java(given).seen == checks.jars(given).seen == "not needed: NEO4J_URI is set"


def test_an_invalid_setting_is_a_blocking_finding() -> None:
    found = checks.settings({"GROUNDWORK_PORT": "x"})
    assert found.state is State.BLOCKS
    assert "GROUNDWORK_PORT" in found.seen
