"""Record the release that may still serve while the next one is deployed.

    .venv/bin/python infra/pipeline/previous_release.py v0.2.0

Writes migrations/previous_release.toml. Run it after each release and commit the file: tests then
run that release on the next migrations.
"""

import argparse
import re
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
RECORD = ROOT / "migrations" / "previous_release.toml"
REVISIONS = "migrations/postgres/versions/"
NUMBERED = re.compile(re.escape(REVISIONS) + r"(\d{4})_\w+\.py")
TEXT = """\
# The release that may still serve while this one is deployed; `make test-long` runs its handlers on
# this schema. After each release: .venv/bin/python infra/pipeline/previous_release.py v0.2.0
name = "{name}"
commit = "{commit}"
schema = "{schema}"
"""


class UnknownRelease(Exception):
    """The local history does not have the release, or the release has no migrations."""


@dataclass(frozen=True)
class Release:
    """A release.

    Attributes:
        name: Its tag, or a few words.
        commit: The full hash of its commit.
        schema: Number of its newest migration of Postgres.
    """

    name: str
    commit: str
    schema: str


def recorded(record: Path = RECORD) -> Release:
    """Return the release that the file names."""
    return Release(**tomllib.loads(record.read_text()))


def release_at(reference: str, checkout: Path = ROOT) -> Release:
    """Return the release at a tag or commit of a checkout. Raises UnknownRelease."""
    commit = _git(checkout, "rev-parse", "--verify", "--quiet", f"{reference}^{{commit}}")
    listed = _git(checkout, "ls-tree", "--name-only", commit, REVISIONS).splitlines()
    numbers = [found.group(1) for one in listed if (found := NUMBERED.fullmatch(one))]
    if not numbers:
        raise UnknownRelease(f"{reference} has no migrations")
    return Release(reference, commit, max(numbers))


def newest_tag(checkout: Path = ROOT) -> str | None:
    """Return the newest tag of a release before the current commit, or None if there is none."""
    try:
        return _git(checkout, "describe", "--tags", "--abbrev=0", "--match=v*", "HEAD^")
    except UnknownRelease:
        return None


def text_of(release: Release) -> str:
    """Return the content of the file."""
    return TEXT.format(name=release.name, commit=release.commit, schema=release.schema)


def _git(checkout: Path, *arguments: str) -> str:
    try:
        done = subprocess.run(
            ["git", *arguments], cwd=checkout, capture_output=True, text=True, check=True
        )
    except FileNotFoundError as error:
        raise UnknownRelease("git is not installed") from error
    except subprocess.CalledProcessError as error:
        said = error.stderr.strip() or f"git {' '.join(arguments)} found nothing"
        raise UnknownRelease(said) from error
    return done.stdout.strip()


def main() -> int:
    """Write the file; return 1 if the release is unknown."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("release", help="a tag or a commit")
    try:
        found = release_at(arguments.parse_args().release)
    except UnknownRelease as error:
        sys.stderr.write(f"{error}\n")
        return 1
    RECORD.write_text(text_of(found))
    sys.stdout.write(f"{found.name}: {found.commit}, schema {found.schema}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
