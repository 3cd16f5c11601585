"""The Deployments run every function of template.yaml once, and give `fetch` what it needs."""

from pathlib import Path
from typing import Any

from groundwork_command.instance.deployment import Deployment
from groundwork_command.instance.serving import settings_to_serve
from groundwork_command.services.home import Home

from . import rules

SECRETS = {
    "DATABASE_URL": "postgresql://functions:x@postgres:5432/groundwork",
    "NEO4J_PASSWORD": "a-long-password-of-the-graph",
    "GROUNDWORK_HOST_TOKEN": "a-long-token-of-the-hosts",
}


def hosts(manifests: list[Any], home: Path) -> dict[str, Deployment]:
    """Return what the pods of each Deployment of ours would serve."""
    (shared,) = [each for each in manifests if each["metadata"]["name"].startswith("settings")]
    found = {}
    for container, each in rules.containers(manifests):
        given = {one["name"]: one["value"] for one in each.get("env", ()) if "value" in one}
        if "GROUNDWORK_FUNCTIONS" not in given:
            continue
        environment = {**SECRETS, **shared["data"], **given}
        if "GROUNDWORK_AWS_ACCOUNT" in environment:
            environment["GROUNDWORK_AWS_ACCOUNT"] = "123456789012"  # as the pipeline sets it
        settings = settings_to_serve(environment)
        name = container.partition(",")[0].removeprefix("Deployment ")
        database = environment["DATABASE_URL"]
        found[name] = Deployment(settings, environment, Home(home), database)
    return found


def test_every_function_and_schedule_has_pods(
    manifests: dict[str, list[Any]], tmp_path: Path
) -> None:
    for overlay, its in manifests.items():
        found = hosts(its, tmp_path)
        assert set(found) == set(rules.OURS), overlay
        runs = [name for each in found.values() for name in each.stack().functions]
        assert sorted(runs) == sorted(found["relay"].whole_stack().functions), overlay


def test_the_fetcher_has_its_schedule_an_address_and_the_data_keys(
    manifests: dict[str, list[Any]], tmp_path: Path
) -> None:
    """Each minute, Fetch asks hubs for subscriptions: with a callback and an encrypted secret."""
    for overlay, its in manifests.items():
        stack = hosts(its, tmp_path)["fetch"].stack()
        assert {each.function for each in stack.schedules} == {"Fetch", "Webhooks"}, overlay
        assert {each.function for each in stack.queue_mappings} == {"Fetch", "Webhooks"}, overlay
        given = stack.functions["Fetch"].environment
        assert given["DATA_KEYS_SECRET_ID"] == f"groundwork/{overlay}/data-keys"
        # Only an address of the public web makes hubs be asked: staging and prod have one.
        assert given["GROUNDWORK_PUBLIC_URL"].startswith("https://") == (overlay != "dev")
