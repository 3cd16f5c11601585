"""`groundwork keys`: the key that signs access tokens."""

import os
import time
from typing import Literal

from groundwork_command.instance import accounts, running
from groundwork_command.services.emulator import REGION
from groundwork_command.services.home import Home
from groundwork_command.terminal.output import clear_failures, note, result
from groundwork_lambda_host.aws import AwsSettings


def rotate(output: Literal["json", "text"]) -> None:
    """Sign with a new key from now on; what the old one signed holds until it expires."""
    from groundwork_data.identity.rotation import rotate_signing_key  # noqa: PLC0415 - only here

    with clear_failures():
        addresses = running.addresses()
        endpoint = addresses.get("AWS_ENDPOINT_URL")
        home = Home(running.home_folder())
        kept = home.secrets / accounts.SIGNING_KEY

        def keep(text: str) -> None:
            # An emulator forgets, and is told again by the folder of the instance that runs it.
            if kept.exists():
                home.write_private(kept, text)

        stage = os.environ.get("GROUNDWORK_ENV") or "local"
        safe = accounts.safe(_aws(endpoint))
        with accounts.parts(addresses) as wiring:
            done = rotate_signing_key(
                safe,
                accounts.signing_key_id(stage),
                wiring.database,
                keep=keep,
                pause=time.sleep,
            )
    if output == "json":
        result({"kid": done.kid, "retired": list(done.retired)})
    else:
        note(f"{done.kid} signs from now on; retired: {', '.join(done.retired) or 'none'}")


def _aws(endpoint: str | None) -> AwsSettings:
    """An emulator takes any credentials; AWS takes those that boto3 finds."""
    region = os.environ.get("AWS_REGION") or REGION
    if not endpoint:
        return AwsSettings(region)
    given = os.environ.get("AWS_ACCESS_KEY_ID"), os.environ.get("AWS_SECRET_ACCESS_KEY")
    return AwsSettings(region, endpoint, given[0] or "test", given[1] or "test")
