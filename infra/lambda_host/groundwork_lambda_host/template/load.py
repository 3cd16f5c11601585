"""Load template.yaml as a `Stack`."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from groundwork_lambda_host.template import document
from groundwork_lambda_host.template.addresses import Addresses
from groundwork_lambda_host.template.errors import TemplateError
from groundwork_lambda_host.template.events import Events
from groundwork_lambda_host.template.intrinsics import text_of
from groundwork_lambda_host.template.names import locate
from groundwork_lambda_host.template.resources import Properties, Resources, api_id
from groundwork_lambda_host.template.stack import (
    DeadLetter,
    Function,
    Queue,
    Secret,
    SocketApi,
    Stack,
)

ARN_PARTS = 7
"""Parts of a function's ARN without a version: `arn:aws:lambda:region:account:function:name`."""
FUNCTION, QUEUE, SECRET = (
    "AWS::Serverless::Function",
    "AWS::SQS::Queue",
    "AWS::SecretsManager::Secret",
)
_SOCKET, _ROUTE = "AWS::ApiGatewayV2::Api", "AWS::ApiGatewayV2::Route"

# Available on AWS, but not on this host: refused at the start.
_UNSERVED = frozenset(
    {
        "AWS::Lambda::Function",
        "AWS::Lambda::EventSourceMapping",
        "AWS::Serverless::HttpApi",
        "AWS::Serverless::StateMachine",
        "AWS::Scheduler::Schedule",
        "AWS::Events::Rule",
    }
)


def load(path: Path, parameters: Mapping[str, str], addresses: Addresses) -> Stack:
    """Load a SAM template.

    Args:
        path: The template; code folders are relative to its folder.
        parameters: Values of the template's Parameters; others get their defaults.
        addresses: Addresses of queues, sockets and secrets.

    Raises:
        TemplateError: The host cannot serve the template.
    """
    tree = document.read(path)
    resources = Resources(tree, parameters, addresses)
    resources.refuse(
        _UNSERVED, "the host does not support this type; use a SAM function and its events"
    )
    functions = {
        name: _function(resources, name, path.parent) for name in resources.of_type(FUNCTION)
    }
    events = Events(resources, functions)
    return Stack(
        stage=resources.parameters.get("Stage", "local"),
        region=addresses.region,
        functions=functions,
        routes=events.routes(),
        socket=_socket(resources),
        queues=tuple(_queue(resources, name) for name in resources.of_type(QUEUE)),
        queue_mappings=events.queue_mappings(),
        schedules=events.schedules(),
        secrets=tuple(_secret(resources, name) for name in resources.of_type(SECRET)),
    )


def _function(resources: Resources, name: str, root: Path) -> Function:
    own = resources.properties(
        name,
        *("Handler", "CodeUri", "FunctionName", "Timeout", "MemorySize", "Environment"),
        *("ReservedConcurrentExecutions", "EventInvokeConfig"),
        globals_of="Function",
    )
    handler = own.text("Handler")
    code = (root / own.text("CodeUri")).resolve()
    folder, folder_name = locate(code, handler, f"{own.path}.Handler")
    variables = own.inner("Environment").inner("Variables")
    reserved = own.optional("ReservedConcurrentExecutions")
    async_config = own.inner("EventInvokeConfig")
    metadata = resources.metadata(name)
    return Function(
        logical_id=name,
        name=own.text("FunctionName", folder_name),
        handler=handler,
        folder=folder,
        timeout_seconds=own.number("Timeout", 3),
        memory_mb=own.number("MemorySize", 128),
        environment={key: variables.text(key) for key in variables.values},
        arn=resources.addresses.arn("lambda", f"function:{name}"),
        max_environments=None if reserved is None else int(reserved),
        environment_factor=metadata.number_in("EnvironmentFactor", 1, range(1, 11)),
        lanes=_lanes(metadata.inner("Lanes")),
        async_retries=async_config.number_in("MaximumRetryAttempts", 2, range(3)),
        async_age_seconds=async_config.number_in(
            "MaximumEventAgeInSeconds", 21_600, range(60, 21_601)
        ),
    )


def _lanes(named: Properties) -> dict[str, str]:
    """Return the lane of each path from `Metadata: {Lanes: {passwords: [/api/v1/auth/login]}}`."""
    return {
        text_of(path, f"{named.path}.{lane}"): lane
        for lane in named.values
        for path in named.items(lane)
    }


def _queue(resources: Resources, name: str) -> Queue:
    own = resources.properties(name)
    queue_name = resources.queue_name(name)
    dead_letter = None
    if own.values.get("RedrivePolicy") is not None:
        policy = own.inner("RedrivePolicy")
        arn = policy.text("deadLetterTargetArn")
        dead_letter = DeadLetter(
            queue=resources.by_arn(arn, QUEUE, f"{policy.path}.deadLetterTargetArn"),
            max_receive_count=policy.number("maxReceiveCount", 1),
        )
    return Queue(
        logical_id=name,
        name=queue_name,
        url=resources.addresses.queue_url(name, queue_name),
        arn=resources.addresses.arn("sqs", queue_name),
        visibility_seconds=own.number("VisibilityTimeout", 30),
        retention_seconds=own.number("MessageRetentionPeriod", 345_600),
        dead_letter=dead_letter,
    )


def _secret(resources: Resources, name: str) -> Secret:
    own = resources.properties(name, "Name", "Description")
    return Secret(name, own.text("Name", name), own.text("Description", ""))


def _socket(resources: Resources) -> SocketApi | None:
    apis = list(resources.of_type(_SOCKET))
    if not apis:
        return None
    if len(apis) > 1:
        raise TemplateError(f"Resources.{apis[1]}", "the host serves only one WebSocket API")
    (api,) = apis
    own = resources.properties(api)
    if own.text("ProtocolType") != "WEBSOCKET":
        raise TemplateError(f"{own.path}.ProtocolType", "must be WEBSOCKET")
    return SocketApi(
        api_id=api_id(api),
        stage=resources.stage_of(api),
        selection=own.text("RouteSelectionExpression", "$request.body.action"),
        routes=dict(_socket_routes(resources, api)),
    )


def _socket_routes(resources: Resources, api: str) -> Iterator[tuple[str, str]]:
    for name in resources.of_type(_ROUTE):
        route = resources.properties(name)
        if route.text("ApiId") != api_id(api):
            continue
        target = route.text("Target").removeprefix("integrations/")
        yield route.text("RouteKey"), _integrated(resources, target, route)


def _integrated(resources: Resources, integration: str, route: Properties) -> str:
    if integration not in set(resources.of_type("AWS::ApiGatewayV2::Integration")):
        raise TemplateError(
            f"{route.path}.Target", f"the integration {integration!r} does not exist"
        )
    own = resources.properties(integration, "IntegrationUri")
    uri = own.text("IntegrationUri")
    # …:lambda:path/2015-03-31/functions/<arn>/invocations, where a version or alias may follow the
    # function's name; the host runs one version only.
    arn = uri.partition("/functions/")[2].removesuffix("/invocations")
    arn = ":".join(arn.split(":")[:ARN_PARTS])
    return resources.by_arn(arn, FUNCTION, f"{own.path}.IntegrationUri")
