"""State folders of these tests' own."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from groundwork_command.services.home import Home
from groundwork_command.services.postgres import Postgres

from ....folders import state_folder


@pytest.fixture(scope="session")
def first_home() -> Iterator[Path]:
    """A state folder whose database was made once, to make copies of."""
    with state_folder("groundwork-first-") as folder:
        home = Home(folder / "state")
        home.prepare()
        postgres = Postgres(home, {"fsync": "off"})
        postgres.start(lambda _line: None)
        postgres.stop()
        (home.path / "ports.json").unlink()
        yield home.path


def _copy(first_home: Path) -> Iterator[Home]:
    with state_folder("groundwork-home-") as folder:
        # With owners: the database belongs to another user where we are root.
        subprocess.run(["cp", "-a", first_home, folder / "state"], check=True)
        made = Home(folder / "state")
        made.prepare()
        yield made


@pytest.fixture
def home(first_home: Path) -> Iterator[Home]:
    """A state folder with a database in it."""
    yield from _copy(first_home)


@pytest.fixture
def other_home(first_home: Path) -> Iterator[Home]:
    """Another one."""
    yield from _copy(first_home)
