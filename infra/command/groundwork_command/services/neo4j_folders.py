"""Folders of Neo4j's store in the state folder, and the switch to a new store.

A new store is built in a separate folder. When it is complete, that folder is renamed to
`neo4j.next`: this one rename is the switch. A folder `neo4j.next` is therefore always complete,
and the next start moves it into place first. A kill at any moment leaves either the old store or
the new one.
"""

import shutil
from pathlib import Path

from groundwork_command.services.home import PRIVATE_FOLDER, Home

CURRENT = "neo4j"
DRAFT = "neo4j.draft"
_NEXT = "neo4j.next"
_LAST = "neo4j.last"


def new_draft(home: Home) -> Path:
    """Create an empty folder for a new store; remove that of an interrupted run."""
    shutil.rmtree(home.path / DRAFT, ignore_errors=True)
    folder = home.folder(DRAFT)
    folder.chmod(PRIVATE_FOLDER)
    return folder


def discard_draft(home: Home) -> None:
    """Remove the incomplete store."""
    shutil.rmtree(home.path / DRAFT, ignore_errors=True)


def switch(home: Home) -> None:
    """Replace the store with the draft, which must be complete and stopped."""
    (home.path / DRAFT).rename(home.path / _NEXT)
    finish_switch(home)


def finish_switch(home: Home) -> None:
    """Move a complete new store into place, if one exists. Neo4j must not run on the old one."""
    following, current, last = (home.path / name for name in (_NEXT, CURRENT, _LAST))
    if following.exists():
        if current.exists():
            shutil.rmtree(last, ignore_errors=True)
            current.rename(last)
        following.rename(current)
    shutil.rmtree(last, ignore_errors=True)
