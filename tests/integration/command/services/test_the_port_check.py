"""`groundwork doctor` looks at the port of the address that is set."""

import socket
from pathlib import Path

from groundwork_command.commands import doctor
from groundwork_command.instance import checks
from groundwork_command.instance.checks import State
from groundwork_command.services.home import Home, free_port


def test_a_port_is_tried_at_the_configured_address(tmp_path: Path) -> None:
    home = Home(tmp_path / "state")
    with socket.socket() as other:
        number = free_port()
        other.bind(("127.0.0.2", number))
        other.listen()
        assert checks.port(home, number, "127.0.0.2").state is State.BLOCKS
        assert checks.port(home, number, "0.0.0.0").state is State.BLOCKS  # noqa: S104 - the point of it
        assert checks.port(home, number).state is State.GOOD
        environment = {"GROUNDWORK_HOME": str(tmp_path), "GROUNDWORK_PORT": str(number)}
        for address, state in (("127.0.0.2", State.BLOCKS), ("", State.GOOD)):
            found = doctor.examine({**environment, "GROUNDWORK_ADDRESS": address})
            assert [each.state for each in found if each.check == "port"] == [state]
    assert checks.port(home, number, "192.0.2.1").state is State.BLOCKS  # not of this machine
