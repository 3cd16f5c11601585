"""Deploy the output of `sam build` to an AWS emulator through CloudFormation.

`sam deploy` is not used: it is not a dependency, and needs more than an emulator offers.
"""

import hashlib
import io
import json
import re
import time
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from groundwork_lambda_host.aws import AwsSettings

_CODE_KEYS = ("CodeUri", "ContentUri")
_POLL_SECONDS = 0.2
_API_ADDRESS = re.compile(
    r"https://\$\{(\w+)\}\.execute-api\.\$\{AWS::Region\}\.\$\{AWS::URLSuffix\}"
)
_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")
_EPOCH = (1980, 1, 1, 0, 0, 0)


Put = Callable[[str, bytes], object]
"""Called with the key and content of each zip to upload."""


class DeployFailed(Exception):
    """Raised if CloudFormation fails; the message holds its reasons."""


@dataclass(frozen=True, slots=True)
class Deployed:
    """A deployed stack.

    Attributes:
        outputs: The template's Outputs.
        resources: Physical ids by logical id.
    """

    outputs: Mapping[str, str]
    resources: Mapping[str, str]


def deploy(
    build: Path,
    settings: AwsSettings,
    *,
    stack_name: str,
    parameters: Mapping[str, str],
    within_seconds: float = 120.0,
) -> Deployed:
    """Create or update a stack; block until CloudFormation is done.

    Args:
        build: Output folder of `sam build`, with its template.yaml.
        settings: Address of the emulator.
        stack_name: Name of the stack; its bucket for code is `<stack name>-code`.
        parameters: Parameters of the template.
        within_seconds: Timeout.

    Raises:
        DeployFailed: CloudFormation failed or did not finish in time.
    """
    import boto3  # takes 0.8 s

    session = boto3.Session(
        region_name=settings.region,
        aws_access_key_id=settings.access_key_id,
        aws_secret_access_key=settings.secret_access_key,
    )
    # Type stubs of these services are not installed.
    s3: Any = session.client("s3", endpoint_url=settings.endpoint)
    formation: Any = session.client("cloudformation", endpoint_url=settings.endpoint)
    bucket = f"{stack_name}-code"
    if bucket not in {one["Name"] for one in s3.list_buckets().get("Buckets", [])}:
        s3.create_bucket(
            Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": settings.region}
        )
    template = package(
        build, bucket, lambda key, body: s3.put_object(Bucket=bucket, Key=key, Body=body)
    )
    template = at_the_emulator(template, settings.endpoint or "")
    # A template in the request itself may have 51,200 bytes only.
    key = f"{hashlib.sha256(template.encode()).hexdigest()}.json"
    s3.put_object(Bucket=bucket, Key=key, Body=template.encode())
    request = {
        "StackName": stack_name,
        "TemplateURL": f"{settings.endpoint}/{bucket}/{key}",
        "Parameters": [
            {"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()
        ],
        "Capabilities": ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"],
    }
    if _status(formation, stack_name) is None:
        formation.create_stack(**request)
    else:
        formation.update_stack(**request)
    _wait(formation, stack_name, within_seconds)
    (stack,) = formation.describe_stacks(StackName=stack_name)["Stacks"]
    resources = formation.describe_stack_resources(StackName=stack_name)["StackResources"]
    return Deployed(
        outputs={one["OutputKey"]: one["OutputValue"] for one in stack.get("Outputs", [])},
        resources={one["LogicalResourceId"]: one["PhysicalResourceId"] for one in resources},
    )


def package(build: Path, bucket: str, put: Put) -> str:
    """Upload every function's and layer's zip; return the template with their URLs, as JSON."""
    template = yaml.load((build / "template.yaml").read_text(), Loader=_Loader)  # noqa: S506 - a SafeLoader
    for resource in template["Resources"].values():
        for key in _CODE_KEYS:
            folder = resource.get("Properties", {}).get(key)
            if isinstance(folder, str) and (build / folder).is_dir():
                body = zipped(build / folder)
                name = f"{hashlib.sha256(body).hexdigest()}.zip"
                put(name, body)
                resource["Properties"][key] = f"s3://{bucket}/{name}"
    return json.dumps(template)


def at_the_emulator(template: str, endpoint: str) -> str:
    """Return the template adapted to an emulator: addresses of APIs, and `Method: ANY`.

    MiniStack ignores the extension that SAM uses for ANY, so each method gets its own route.
    """
    found = json.loads(_API_ADDRESS.sub(rf"{endpoint}/_aws/execute-api/${{\1}}", template))
    for resource in found["Resources"].values():
        events = resource.get("Properties", {}).get("Events", {})
        for name, event in list(events.items()):
            if event["Type"] == "Api" and str(event["Properties"]["Method"]).upper() == "ANY":
                del events[name]
                for method in _METHODS:
                    properties = event["Properties"] | {"Method": method}
                    events[f"{name}{method}"] = event | {"Properties": properties}
    return json.dumps(found)


def zipped(folder: Path) -> bytes:
    """Return the folder as a zip; equal files give equal bytes."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                entry = zipfile.ZipInfo(str(path.relative_to(folder)), _EPOCH)
                entry.external_attr = 0o755 << 16
                entry.compress_type = zipfile.ZIP_DEFLATED
                archive.writestr(entry, path.read_bytes())
    return made.getvalue()


class _Loader(yaml.SafeLoader):
    """YAML loader that expands the short forms of intrinsic functions."""


def _intrinsic(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> object:
    value: object
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    elif isinstance(node, yaml.MappingNode):
        value = loader.construct_mapping(node, deep=True)
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {suffix if suffix in {"Ref", "Condition"} else f"Fn::{suffix}": value}


_Loader.add_multi_constructor("!", _intrinsic)


def _status(formation: Any, stack_name: str) -> str | None:
    try:
        (stack,) = formation.describe_stacks(StackName=stack_name)["Stacks"]
    except formation.exceptions.ClientError:
        return None
    return str(stack["StackStatus"])


def _wait(formation: Any, stack_name: str, within_seconds: float) -> None:
    until = time.monotonic() + within_seconds
    while True:
        status = _status(formation, stack_name) or "GONE"
        if status in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}:
            return
        if not status.endswith("_IN_PROGRESS") or time.monotonic() > until:
            events = formation.describe_stack_events(StackName=stack_name)["StackEvents"]
            reasons = [
                f"{one['LogicalResourceId']}: {one.get('ResourceStatusReason', '')}"
                for one in events
                if "FAILED" in one["ResourceStatus"]
            ]
            raise DeployFailed(f"{stack_name} is {status}\n" + "\n".join(reasons))
        time.sleep(_POLL_SECONDS)
