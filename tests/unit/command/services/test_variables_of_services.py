"""Child services see an allow-list of variables: no password of ours, no setting of the user."""

import os
from pathlib import Path

import pytest

from groundwork_command.services import (
    emulator,
    neo4j,
    neo4j_jars,
    postgres,
    postgres_tools,
    variables,
)
from groundwork_command.services.emulator import Emulator
from groundwork_command.services.home import Home
from groundwork_command.services.neo4j import Neo4j
from groundwork_command.services.postgres import Postgres
from groundwork_command.services.process import Launch
from groundwork_command.services.service import Service

SECRET = "correct horse battery staple"
NOT_FOR_CHILDREN = (
    "GROUNDWORK_ADMIN_PASSWORD",
    "DATABASE_URL",
    "NEO4J_PASSWORD",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "PGPASSWORD",
    "PGOPTIONS",
    "JAVA_TOOL_OPTIONS",
    "_JAVA_OPTIONS",
    "PYTHONPATH",
    "SOME_PROGRAMS_TOKEN",
)


class Started(Exception):
    """Instead of a process."""


@pytest.fixture
def launched(monkeypatch: pytest.MonkeyPatch) -> list[Launch]:
    """The service processes that were to be started, in an environment with secrets."""
    for name in NOT_FOR_CHILDREN:
        monkeypatch.setenv(name, SECRET)
    seen: list[Launch] = []

    def record(how: Launch) -> None:
        seen.append(how)
        raise Started

    for module in (emulator, neo4j, postgres):
        monkeypatch.setattr(module, "Child", record)
    monkeypatch.setattr(Home, "port", lambda *_: 1)
    monkeypatch.setattr(neo4j_jars, "ensure", lambda _progress: [])
    monkeypatch.setattr(Postgres, "_initialise", lambda *_: None)
    return seen


def start(service: Service) -> None:
    with pytest.raises(Started):
        service.start(lambda _line: None)


def services(folder: Path) -> list[Service]:
    home = Home(folder / "state")
    home.prepare()
    return [Postgres(home), Neo4j(home, "no archive"), Emulator(home)]


def test_no_service_inherits_a_secret(launched: list[Launch], tmp_path: Path) -> None:
    for service in services(tmp_path):
        start(service)
    assert len(launched) == 3
    for how in launched:
        assert SECRET not in how.environment.values()
        assert how.environment["PATH"] == os.environ["PATH"]
        assert SECRET not in how.command


def test_a_service_that_inherits_all_variables_is_found(
    launched: list[Launch], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the guard disabled."""
    for module in (emulator, neo4j, postgres):
        monkeypatch.setattr(module, "service_variables", lambda own: {**os.environ, **own})
    for service in services(tmp_path):
        start(service)
    assert all(SECRET in how.environment.values() for how in launched)


def test_the_tools_know_where_the_database_is_and_no_more(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in NOT_FOR_CHILDREN:
        monkeypatch.setenv(name, SECRET)
    lines: list[str] = []
    tool = tmp_path / "tool"
    tool.write_text("#!/bin/sh\nenv >&2\n")
    tool.chmod(0o700)
    monkeypatch.setattr(postgres_tools, "_found", lambda _tool: str(tool))
    postgres_tools.dump("postgresql://me:word@127.0.0.1:1/db", tmp_path / "x", lines.append)
    assert "PGPASSWORD=word" in lines
    assert not [line for line in lines if SECRET in line]


def test_services_inherit_only_variables_that_any_program_needs() -> None:
    environ = dict.fromkeys((*variables.PASSED_ON, *NOT_FOR_CHILDREN), "x")
    assert variables.service_variables({"OWN": "y"}, environ) == {
        **dict.fromkeys(variables.PASSED_ON, "x"),
        "OWN": "y",
    }
