"""The switch to a new Neo4j store: a kill leaves either the old one or the new one."""

from pathlib import Path

import pytest

from groundwork_command.services import neo4j_folders
from groundwork_command.services.home import Home


@pytest.fixture
def home(tmp_path: Path) -> Home:
    found = Home(tmp_path / "state")
    found.prepare()
    (found.folder(neo4j_folders.CURRENT) / "store").write_text("old")
    return found


def draft(home: Home) -> None:
    (neo4j_folders.new_draft(home) / "store").write_text("new")


def served(home: Home) -> str:
    """Return the store that a start would serve, after it has finished a switch."""
    neo4j_folders.finish_switch(home)
    return (home.path / neo4j_folders.CURRENT / "store").read_text()


def test_a_switch_puts_the_new_store_into_the_place_of_the_old(home: Home) -> None:
    draft(home)
    neo4j_folders.switch(home)
    assert served(home) == "new"
    assert [path.name for path in home.path.glob("neo4j*")] == ["neo4j"]


def test_a_first_store_needs_no_old_one(home: Home) -> None:
    (home.path / "neo4j" / "store").unlink()
    (home.path / "neo4j").rmdir()
    draft(home)
    neo4j_folders.switch(home)
    assert served(home) == "new"


@pytest.mark.parametrize("renames", [0, 1, 2])
def test_a_kill_at_any_rename_leaves_a_whole_store(
    home: Home, monkeypatch: pytest.MonkeyPatch, renames: int
) -> None:
    """The first rename decides: before it the old store is served, after it the new one."""
    draft(home)
    left = renames
    rename = Path.rename

    def killed(path: Path, target: Path) -> Path:
        nonlocal left
        if left == 0:
            raise KeyboardInterrupt
        left -= 1
        return rename(path, target)

    with monkeypatch.context() as until_killed:
        until_killed.setattr(Path, "rename", killed)
        with pytest.raises(KeyboardInterrupt):
            neo4j_folders.switch(home)
    assert served(home) == ("new" if renames else "old")


def test_unless_the_switch_is_finished_a_kill_leaves_no_store(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    draft(home)
    (home.path / neo4j_folders.DRAFT).rename(home.path / "neo4j.next")
    (home.path / neo4j_folders.CURRENT).rename(home.path / "neo4j.last")
    monkeypatch.setattr(neo4j_folders, "finish_switch", lambda _home: None)
    with pytest.raises(FileNotFoundError):
        served(home)


def test_an_unfinished_draft_store_is_never_served_and_is_removed(home: Home) -> None:
    draft(home)
    assert served(home) == "old"
    assert list(neo4j_folders.new_draft(home).iterdir()) == []
