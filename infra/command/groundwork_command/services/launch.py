"""Execute a command that ends with its parent: `launch.py PARENT SIGNAL UID GID COMMAND…`.

A separate program because a parent-death signal, another user and a strict umask must be set
between fork and exec, where a process with threads cannot run Python code.
"""

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    """Replace this process with the command."""
    parent, death_signal, user, group = (int(word) for word in sys.argv[1:5])
    command = sys.argv[5:]
    if user:
        os.setgroups([])
        os.setgid(group)
        os.setuid(user)
    if sys.platform == "linux":
        # After setuid: a change of user clears the signal.
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, death_signal, 0, 0, 0)
        if os.getppid() != parent:  # it died before the signal was set
            sys.exit(1)
    os.umask(0o077)
    os.execv(command[0], command)  # noqa: S606 - commands are ours, no shell in between


if __name__ == "__main__":
    main()
