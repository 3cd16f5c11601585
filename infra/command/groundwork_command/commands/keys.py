"""`groundwork keys`: rotate the key that signs access tokens."""

import os
import time
from typing import Literal

from groundwork_command.instance import accounts, running
from groundwork_command.services.home import Home
from groundwork_command.terminal.output import clear_failures, note, result


def rotate(output: Literal["json", "text"]) -> None:
    """Sign new tokens with a new key; tokens of the old key stay valid until they expire."""
    from groundwork_data.identity.rotation import rotate_signing_key

    with clear_failures():
        addresses = running.addresses()
        stage = os.environ.get("GROUNDWORK_ENV") or "local"
        safe = accounts.signing_key_safe(stage, Home(running.home_folder()), running.aws())
        with accounts.open_wiring(addresses) as wiring:
            done = rotate_signing_key(
                safe.secrets, safe.secret_id, wiring.database, pause=time.sleep
            )
    if output == "json":
        result({"kid": done.kid, "retired": list(done.retired)})
    else:
        note(f"New signing key: {done.kid}; retired: {', '.join(done.retired) or 'none'}")
