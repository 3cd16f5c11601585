"""Where Neo4j's store lies in the state folder, and how a new one takes its place.

A new store grows in a folder of its own. When it is whole, that folder is renamed: this one rename
is the switch. A folder of the name `neo4j.next` is therefore always whole, and whoever finds it
puts it into its place before anything is started. So a kill at any moment leaves either the old
store, or the new one.
"""

import shutil
from pathlib import Path

from groundwork_command.services.home import PRIVATE_FOLDER, Home

CURRENT = "neo4j"
DRAFT = "neo4j.draft"
_NEXT = "neo4j.next"
_LAST = "neo4j.last"


def new_draft(home: Home) -> Path:
    """Make an empty folder for a new store; what a run that was killed had left is removed."""
    shutil.rmtree(home.path / DRAFT, ignore_errors=True)
    folder = home.folder(DRAFT)
    folder.chmod(PRIVATE_FOLDER)
    return folder


def discard_draft(home: Home) -> None:
    """Remove what is no whole store and never will be."""
    shutil.rmtree(home.path / DRAFT, ignore_errors=True)


def switch(home: Home) -> None:
    """Make the draft, which is whole and stopped, the store."""
    (home.path / DRAFT).rename(home.path / _NEXT)
    finish_switch(home)


def finish_switch(home: Home) -> None:
    """Put a whole new store into its place, if there is one. Nothing may run on the old one."""
    following, current, last = (home.path / name for name in (_NEXT, CURRENT, _LAST))
    if following.exists():
        if current.exists():
            shutil.rmtree(last, ignore_errors=True)
            current.rename(last)
        following.rename(current)
    shutil.rmtree(last, ignore_errors=True)
