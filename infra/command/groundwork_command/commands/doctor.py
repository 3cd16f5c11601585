"""`groundwork doctor`: find problems of an instance here, or of a deployment from outside."""

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Literal

from groundwork_command.instance import checks, running
from groundwork_command.instance.checks import Finding, State
from groundwork_command.outside.address import Stage, address_of
from groundwork_command.services.home import Home
from groundwork_command.terminal.output import FAILED, clear_failures, fail, result

DEFAULT_PORT = 8000
DEFAULT_ADDRESS = "127.0.0.1"
MARKS = {State.GOOD: "ok     ", State.WARNING: "warning", State.BLOCKS: "BLOCKS "}


def doctor(output: Literal["json", "text"]) -> None:
    """Run all checks and print their findings; exit code 1 if one blocks."""
    _show(examine(os.environ), output)


def doctor_outside(stage: Stage, url: str, live_url: str, output: Literal["json", "text"]) -> None:
    """Check a deployment by its URL; exit code 1 if something blocks its use.

    GROUNDWORK_API_KEY may hold a key, for checks that need one.
    """
    from groundwork_command.outside.examine import examine as examine_outside

    with clear_failures():
        given = url or os.environ.get("GROUNDWORK_PUBLIC_URL", "")
        if not given:
            fail("give --url, or set GROUNDWORK_PUBLIC_URL")
        key = os.environ.get("GROUNDWORK_API_KEY", "")
        found = examine_outside(address_of(given, stage, key, live_url))
    _show(found, output)


def _show(found: Sequence[Finding], output: Literal["json", "text"]) -> None:
    blocked = any(finding.state is State.BLOCKS for finding in found)
    if output == "json":
        result({"ok": not blocked, "findings": [asdict(finding) for finding in found]})
    else:
        for finding in found:
            print(f"{MARKS[finding.state]}  {finding.check}: {finding.seen}")
            if finding.do:
                print(f"         → {finding.do}")
    if blocked:
        sys.exit(FAILED)


def examine(environment: Mapping[str, str]) -> list[Finding]:
    """Return the findings of all checks, in the order in which to fix them."""
    home = Home(Path(running.home_folder(environment)))
    given = environment.get("GROUNDWORK_PORT") or str(DEFAULT_PORT)
    found = [
        checks.python(),
        checks.system(),
        checks.settings(environment),
        checks.disk(home.path),
        checks.memory(),
        checks.state_folder(home),
        checks.java(environment),
        checks.jars(environment),
        checks.instance(home),
    ]
    if given.isdecimal():
        address = environment.get("GROUNDWORK_ADDRESS") or DEFAULT_ADDRESS
        found.append(checks.port(home, int(given), address))
    return found
