"""The record of the previous release: true, and never behind the newest tag."""

import subprocess
from pathlib import Path

import pytest
from tests.pipeline_scripts import script

releases = script("previous_release")


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.test", "-c", "tag.gpgsign=false"]
    done = subprocess.run(
        ["git", *identity, *arguments], cwd=folder, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A release v1 with schema 0002, and a commit after it with revision 0003."""
    git(tmp_path, "init", "-q")
    folder = tmp_path / "migrations" / "postgres" / "versions"
    folder.mkdir(parents=True)
    for number, tag in (("0001", ""), ("0002", "v1"), ("0003", "")):
        (folder / f"{number}_a_change.py").write_text("")
        git(tmp_path, "add", "-A")
        git(tmp_path, "commit", "-q", "-m", f"Change {number}")
        if tag:
            git(tmp_path, "tag", tag)
    return tmp_path


def test_the_recorded_previous_release_is_that_of_the_git_history() -> None:
    recorded = releases.recorded()
    try:
        found = releases.release_at(recorded.commit)
    except releases.UnknownRelease:
        pytest.skip(f"the history of this checkout lacks the release {recorded.commit}")
    assert (found.commit, found.schema) == (recorded.commit, recorded.schema)
    newest = releases.newest_tag()
    if newest is not None:
        assert recorded.commit == releases.release_at(newest).commit, (
            f"{newest} was released: run infra/pipeline/previous_release.py {newest}"
        )


def test_a_tag_gives_its_commit_and_its_newest_migration(repository: Path, tmp_path: Path) -> None:
    found = releases.release_at("v1", repository)
    assert (found.commit, found.schema) == (git(repository, "rev-parse", "v1"), "0002")
    record = tmp_path / "record.toml"
    record.write_text(releases.text_of(found))
    assert releases.recorded(record) == found


def test_the_newest_tag_is_that_before_the_present_commit(repository: Path) -> None:
    assert releases.newest_tag(repository) == "v1"
    git(repository, "tag", "v2")
    assert releases.newest_tag(repository) == "v1"


def test_a_release_that_is_not_in_the_history_is_unknown(repository: Path) -> None:
    with pytest.raises(releases.UnknownRelease):
        releases.release_at("0" * 40, repository)
