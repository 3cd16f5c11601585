"""Ports that are chosen seconds before a server binds them."""

import socket
from pathlib import Path

import pytest

from groundwork_command.services import home
from groundwork_command.services.home import FIRST_PORT, Home, free_port, port_is_free


def given_by(tmp_path: Path, text: str) -> int:
    (tmp_path / "range").write_text(text)
    return free_port(tmp_path / "range")


def test_a_chosen_port_is_outside_the_ephemeral_range(tmp_path: Path) -> None:
    ports = {given_by(tmp_path, "20010\t60999\n") for _ in range(50)}
    assert ports <= set(range(FIRST_PORT, 20_010))
    assert len(ports) > 1


@pytest.mark.parametrize("text", ["1024\t65535\n", "20000 60999"])
def test_where_all_ports_are_ephemeral_the_system_chooses_one(tmp_path: Path, text: str) -> None:
    assert port_is_free(given_by(tmp_path, text))


@pytest.mark.parametrize("text", ["", "none"])
def test_an_unreadable_ephemeral_range_counts_as_the_usual_one(tmp_path: Path, text: str) -> None:
    assert FIRST_PORT <= given_by(tmp_path, text) < home.END_OF_PORTS
    assert FIRST_PORT <= free_port(tmp_path / "absent") < home.END_OF_PORTS


def test_a_port_in_use_is_not_chosen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        first = taken.getsockname()[1]
        monkeypatch.setattr(home, "FIRST_PORT", first)
        monkeypatch.setattr(home, "END_OF_PORTS", first + 1)
        assert given_by(tmp_path, f"{first + 1} 60999") != first


def test_the_port_of_the_last_run_is_chosen_again_unless_it_is_in_use(tmp_path: Path) -> None:
    state = Home(tmp_path)
    port = state.port("neo4j")
    assert state.port("neo4j") == port
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", port))
        taken.listen()
        assert state.port("neo4j") != port
