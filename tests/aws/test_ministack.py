"""`sam deploy` of the unchanged template to MiniStack, which refuses unknown resource types."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.plain_ministack import started

from groundwork_command.services.home import Home

from ..long.conftest import sam_build
from .conftest import Sam, client, succeeded

pytestmark = [pytest.mark.long, pytest.mark.aws, pytest.mark.timeout(600)]

GIVEN = (
    "DatabaseUrl=postgresql://app:long-enough-secret@127.0.0.1:9/none",
    "Neo4jUri=bolt://127.0.0.1:9",
    "Neo4jPassword=long-enough-secret",
)


@pytest.fixture(scope="module")
def sam(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sam]:
    folder = tmp_path_factory.mktemp("ministack")
    build = sam_build(folder / "build")
    home = Home(folder / "home")
    home.prepare()
    service, endpoint = started(home, "")
    try:
        yield Sam(endpoint, build)
    finally:
        service.stop(patience_seconds=10)


@pytest.fixture
def formation(sam: Sam) -> Any:
    return client(sam, "cloudformation")


def status(formation: Any, stack: str) -> str:
    (found,) = formation.describe_stacks(StackName=stack)["Stacks"]
    return str(found["StackStatus"])


def test_deploy_change_and_delete(sam: Sam, formation: Any) -> None:
    succeeded(sam.deploy("dev", "Stage=dev", "BuildId=first", *GIVEN))
    assert status(formation, "groundwork-dev") == "CREATE_COMPLETE"
    (bucket,) = (
        one["PhysicalResourceId"]
        for one in formation.describe_stack_resources(StackName="groundwork-dev")["StackResources"]
        if one["LogicalResourceId"] == "ExportBucket"
    )
    storage = client(sam, "s3")
    assert storage.list_objects_v2(Bucket=bucket)["KeyCount"] == 0
    assert "No changes to deploy" in succeeded(
        sam.deploy("dev", "Stage=dev", "BuildId=first", *GIVEN)
    )
    succeeded(sam.deploy("dev", "Stage=dev", "BuildId=second", "RateLimit=7", *GIVEN))
    # MiniStack expands AutoPublishAlias in its own way; tests/unit/template/test_versions.py asks
    # SAM's translator which change publishes a version.
    assert status(formation, "groundwork-dev") == "UPDATE_COMPLETE"
    succeeded(sam.run("delete", "--stack-name=groundwork-dev", "--no-prompts"))


def test_an_update_that_fails_leaves_the_old_code(sam: Sam, formation: Any, tmp_path: Path) -> None:
    succeeded(sam.deploy("staging", "Stage=staging", "BuildId=good", *GIVEN))
    spoiled = tmp_path / "build"
    shutil.copytree(sam.build, spoiled)
    template = spoiled / "template.yaml"
    # A secret that does not exist is found out only while the stack changes.
    text = template.read_text().replace(
        "LogFormat: JSON", 'LogFormat: "{{resolve:secretsmanager:none:SecretString:x}}"', 1
    )
    template.write_text(text)
    failed = Sam(sam.endpoint, spoiled).deploy("staging", "Stage=staging", "BuildId=bad", *GIVEN)
    assert failed.returncode != 0
    assert status(formation, "groundwork-staging").endswith("ROLLBACK_COMPLETE")


def test_prod_waits_for_an_approval(sam: Sam, formation: Any) -> None:
    refused = sam.deploy("prod", "Stage=prod", "Canary=false", "BuildId=one", *GIVEN)
    assert refused.returncode != 0
    assert "Deploy this changeset?" in refused.stdout
    succeeded(
        sam.deploy(
            "prod",
            "Stage=prod",
            "Canary=false",
            "BuildId=one",
            *GIVEN,
            more=("--no-confirm-changeset",),
        )
    )
    assert status(formation, "groundwork-prod").endswith("_COMPLETE")


def test_a_stack_with_a_canary_takes_the_parameter(sam: Sam, formation: Any) -> None:
    """MiniStack ignores the canary itself; tests/unit/template asks SAM's translator for it."""
    succeeded(sam.deploy("dev", "Stage=dev", "Canary=true", "BuildId=one", *GIVEN))
    (found,) = formation.describe_stacks(StackName="groundwork-dev")["Stacks"]
    given = {one["ParameterKey"]: one["ParameterValue"] for one in found["Parameters"]}
    assert (found["StackStatus"], given["Canary"]) == ("CREATE_COMPLETE", "true")
    succeeded(sam.run("delete", "--stack-name=groundwork-dev", "--no-prompts"))
