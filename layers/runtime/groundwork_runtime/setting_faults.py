"""Faults of settings, in words; each starts with the variable that it is about."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import ValidationError

from groundwork_data.secret_credentials import DEFAULT_PASSWORDS


def faults_in_words(error: ValidationError) -> list[str]:
    """Return a text for each fault: the variable, and what is wrong with it, without its value."""
    return [
        ": ".join(
            [*(str(part) for part in fault["loc"]), fault["msg"].removeprefix("Value error, ")]
        )
        for fault in error.errors(include_input=False, include_url=False)
    ]


def unsafe_outside_local(given: Mapping[str, str]) -> list[str]:
    """Return what only `local` allows. It reads the variables, so that a wrong one hides none."""
    if given.get("GROUNDWORK_ENV", "local") == "local":
        return []
    faults = []
    if given.get("GROUNDWORK_FETCH_ALLOW"):
        faults.append("GROUNDWORK_FETCH_ALLOW is for local use only; unset it")
    password = given.get("NEO4J_PASSWORD", "")
    # A function without a user only asks whether the graph can be reached.
    logs_in = bool(password) or {"NEO4J_URI", "NEO4J_USER"} <= given.keys()
    if logs_in and not given.get("NEO4J_SECRET_ID") and password in DEFAULT_PASSWORDS:
        faults.append("NEO4J_PASSWORD is missing or a default; set a real one")
    urls = ["GROUNDWORK_MIGRATION_DATABASE_URL"]
    if not given.get("DATABASE_SECRET_ID"):
        urls.append("DATABASE_URL")
    faults += [
        f"{name} has no password or a default one; set a real one"
        for name in urls
        if name in given and _password_of(given[name]) in DEFAULT_PASSWORDS
    ]
    return faults


def _password_of(url: str) -> str:
    credentials, at, _ = url.partition("://")[2].rpartition("@")
    return credentials.partition(":")[2] if at else ""
