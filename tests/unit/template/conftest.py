"""template.yaml as written, and as SAM expands it."""

import copy
from collections.abc import Iterator
from typing import Any

import pytest
from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse

from groundwork_command.instance.project import template

FUNCTION, QUEUE = "AWS::Serverless::Function", "AWS::SQS::Queue"


class Template:
    """The parsed template; `!Ref X` is `{"Ref": "X"}`."""

    def __init__(self, tree: dict[str, Any]) -> None:
        self.tree = tree
        self.resources: dict[str, Any] = tree["Resources"]
        self.globals: dict[str, Any] = tree["Globals"]["Function"]

    def of(self, kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
        for name, resource in self.resources.items():
            if resource["Type"] == kind:
                yield name, resource.get("Properties", {})

    def functions(self) -> dict[str, dict[str, Any]]:
        return dict(self.of(FUNCTION))

    def queues(self) -> dict[str, dict[str, Any]]:
        return dict(self.of(QUEUE))

    def expanded(self, *, changed_layer: str = "", **parameters: str) -> dict[str, Any]:
        """The resources after SAM's transform, as if built; one layer's content may differ."""
        tree = copy.deepcopy(self.tree)
        for name, resource in tree["Resources"].items():
            for key in ("CodeUri", "ContentUri"):
                if key in resource.get("Properties", {}):
                    content = "changed" if name == changed_layer else "first"
                    resource["Properties"][key] = f"s3://bucket/{name}-{content}.zip"
        given = {name: one.get("Default", "x") for name, one in tree["Parameters"].items()}
        found: dict[str, Any] = transform(tree, given | parameters, _NoManagedPolicies())
        resources: dict[str, Any] = found["Resources"]
        return resources


class _NoManagedPolicies:
    def load(self) -> dict[str, str]:
        return {}


@pytest.fixture(autouse=True)
def region(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")


@pytest.fixture
def stack() -> Template:
    """The template, parsed anew, so that a test may spoil it."""
    text = template().read_text()
    return Template(yaml_parse(text))
