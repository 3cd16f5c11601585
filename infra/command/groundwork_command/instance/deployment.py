"""The deployment that one host serves: the template's stack, its settings and its AWS address."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from groundwork_command.instance import accounts, project
from groundwork_command.instance.safe import DATA_KEYS, SIGNING_KEY, WORKER_KEY, safe_of
from groundwork_command.instance.settings import InstanceSettings
from groundwork_command.services.emulator import REGION
from groundwork_command.services.home import Home
from groundwork_core.publishing.keep_engagements import ENGAGEMENT_MONTHS
from groundwork_core.retention.remove_expired import EXPORT_DAYS, JOB_ATTEMPT_DAYS
from groundwork_runtime.settings import GRAPH_CHECK_SECONDS, SWEEP_AFTER_SECONDS

if TYPE_CHECKING:
    from groundwork_lambda_host.host import Host
    from groundwork_lambda_host.pollers import AwsSettings, QueueGauge
    from groundwork_lambda_host.settings import HostSettings
    from groundwork_lambda_host.template import Stack

PASSED_TO_FUNCTIONS = {
    "GROUNDWORK_ENGAGEMENT_MONTHS": ("EngagementMonths", str(ENGAGEMENT_MONTHS)),
    "GROUNDWORK_EXPORT_DAYS": ("ExportDays", str(EXPORT_DAYS)),
    "GROUNDWORK_GRAPH_CHECK_SECONDS": ("GraphCheckSeconds", str(GRAPH_CHECK_SECONDS)),
    "GROUNDWORK_GRAPHQL_INTROSPECTION": ("GraphqlIntrospection", "auto"),
    "GROUNDWORK_GRAPHQL_PERSISTED_ONLY": ("GraphqlPersistedOnly", "false"),
    "GROUNDWORK_JOB_ATTEMPT_DAYS": ("JobAttemptDays", str(JOB_ATTEMPT_DAYS)),
    "GROUNDWORK_PAGES": ("Pages", "auto"),
    "GROUNDWORK_SWEEP_AFTER_SECONDS": ("SweepAfterSeconds", str(SWEEP_AFTER_SECONDS)),
}
"""Variables that set a parameter of the template, with the parameter's name and default."""


@dataclass(frozen=True)
class Deployment:
    """Settings and addresses of one deployment.

    Attributes:
        settings: Validated settings.
        environment: Variables with the addresses of all services.
        home: The state folder; used in `local` only.
        functions_database: DATABASE_URL of the functions.
        fetch_allow: `host:port` or CIDRs that functions may use although they are not public.
    """

    settings: InstanceSettings
    environment: Mapping[str, str] = field(repr=False)
    home: Home
    functions_database: str = field(repr=False)
    fetch_allow: str = ""

    @property
    def region(self) -> str:
        """AWS region."""
        return self.environment.get("AWS_REGION") or REGION

    def aws(self) -> "AwsSettings":
        """Return how AWS or the emulator is reached."""
        from groundwork_lambda_host.pollers import AwsSettings

        environment = self.environment
        endpoint = environment.get("AWS_ENDPOINT_URL") or None
        return AwsSettings(
            region=self.region,
            endpoint=endpoint,
            # Without an endpoint, boto3 finds the credentials, of a pod's identity for example.
            access_key_id=environment.get("AWS_ACCESS_KEY_ID") if endpoint else None,
            secret_access_key=environment.get("AWS_SECRET_ACCESS_KEY") if endpoint else None,
        )

    def stack(self) -> "Stack":
        """Return the stack of the template with the functions that this host runs."""
        from groundwork_lambda_host.settings import HostSettings

        return self.whole_stack().only(HostSettings.from_environ(self.environment).functions)

    def whole_stack(self) -> "Stack":
        """Return the stack of the template with all its functions."""
        from groundwork_lambda_host.template import Addresses, load

        environment, settings = self.environment, self.settings
        live = environment.get("GROUNDWORK_LIVE_URL") or settings.url
        sqs = f"https://sqs.{self.region}.amazonaws.com"
        parameters = {
            "Stage": settings.stage,
            "DatabaseUrl": self.functions_database,
            "Neo4jUri": environment.get("NEO4J_URI", ""),
            "Neo4jUser": environment.get("NEO4J_USER", "neo4j"),
            # Unknown while queues are created; an empty value would select a secret of AWS.
            "Neo4jPassword": environment.get("NEO4J_PASSWORD") or "not known yet",
            "PublicUrl": environment.get("GROUNDWORK_PUBLIC_URL") or settings.url,
            "FetchAllow": self.fetch_allow,
            "RateLimit": str(settings.rate_limit),
            "CorsOrigins": settings.cors_origins,
            **{
                parameter: environment.get(name) or default
                for name, (parameter, default) in PASSED_TO_FUNCTIONS.items()
            },
        }
        addresses = Addresses(
            queue_endpoint=environment.get("AWS_ENDPOINT_URL") or sqs,
            websocket_endpoint=f"{live}/@live",
            http_endpoint=settings.url,
            region=self.region,
            account=settings.aws_account,
            stack_name=settings.stack_name,
            secret_folder=self.home.secrets if settings.stage == "local" else None,
            buckets={
                "ExportBucket": settings.export_bucket or (self.home.path / "exports").as_uri()
            },
        )
        return load(project.template(), parameters, addresses)

    def create_queues(self) -> None:
        """Create the queues that are missing, and on a given emulator the bucket of exports."""
        from groundwork_command.emulator_bootstrap import bootstrap  # loads boto3

        settings, own_store = self.settings, self.environment.get("AWS_ENDPOINT_URL_S3")
        wanted = settings.export_bucket if settings.aws_endpoint_url and not own_store else ""
        buckets = [wanted] if wanted else []
        bootstrap(self.whole_stack(), self.aws(), secrets={}, buckets=buckets)

    def ensure_secrets(self) -> None:
        """Create the signing key, the data keys and the worker's API key if they are missing."""
        stage, aws = self.settings.stage, self.aws()
        signing, data = (safe_of(name, stage, self.home, aws) for name in (SIGNING_KEY, DATA_KEYS))
        accounts.ensure_signing_key(self.environment, signing)
        accounts.ensure_data_keys(self.environment, data)
        accounts.ensure_worker_key(self.environment, safe_of(WORKER_KEY, stage, self.home, aws))


def assemble_host(
    deployment: Deployment,
    settings: "HostSettings",
    sink: Callable[[bytes], object] | None = None,
) -> "Host":
    """Return a host with its pollers, clock and sockets. Must be called in an event loop."""
    import asyncio

    from groundwork_lambda_host.clock import Clock, ClockSettings, PostgresSlots
    from groundwork_lambda_host.environments.output import to_stdout
    from groundwork_lambda_host.host import Host
    from groundwork_lambda_host.pollers import Pollers, PollerSettings, sqs_source
    from groundwork_lambda_host.sockets import Sockets, SocketSettings

    stack, aws = deployment.stack(), deployment.aws()
    host = Host(stack, settings, sink=sink or to_stdout)
    if stack.socket is not None:
        live = SocketSettings(
            gateway=settings.gateway,
            token=settings.host_token,
            peer_hosts=settings.peers,
            port=host.port,
        )
        host.add_sockets(Sockets(stack.socket, host.fleet, live, count=host.telemetry.sockets))

    async def recreate() -> None:
        if aws.endpoint:  # only an emulator loses its queues
            await asyncio.to_thread(deployment.create_queues)

    def gauge(seen: "QueueGauge") -> None:
        depth = seen.depth
        host.telemetry.queue(
            seen.queue,
            {"visible": depth.visible, "in_flight": depth.in_flight, "delayed": depth.delayed},
            seen.oldest_seconds,
        )

    polling = PollerSettings(region=aws.region)
    host.add(
        Pollers(
            stack,
            source=sqs_source(aws, wait_seconds=polling.wait_seconds),
            invoker=host.fleet,
            recreate=recreate,
            settings=polling,
            gauge=gauge,
        )
    )
    host.add(
        Clock(
            stack,
            invoker=host.fleet,
            slots=PostgresSlots(lambda: deployment.functions_database),
            settings=ClockSettings(region=aws.region),
        )
    )
    return host
