"""Our rules for manifests: each takes the manifests of an overlay and returns what breaks it."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

Manifest = Mapping[str, Any]
OURS = ("gateway", "fetch", "relay")
LEAST_UID = 10_000
HTTPS = 443
PATIENCE_SECONDS = 10
BUSY_CORES = 0.3
BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
SECRET_WORDS = ("PASSWORD", "TOKEN", "DATABASE_URL", "NEO4J_AUTH")


def pods(manifests: list[Manifest]) -> Iterator[tuple[str, Any]]:
    """Return the name and pod template of each workload."""
    for each in manifests:
        if each["kind"] in {"Deployment", "StatefulSet", "Job"}:
            yield f"{each['kind']} {each['metadata']['name']}", each["spec"]["template"]


def containers(manifests: list[Manifest]) -> Iterator[tuple[str, Any]]:
    """Return the name and container of each container."""
    for name, pod in pods(manifests):
        for each in [*pod["spec"].get("initContainers", []), *pod["spec"]["containers"]]:
            yield f"{name}, container {each['name']}", each


def unrestricted(manifests: list[Manifest]) -> list[str]:
    """Return violations of Pod Security `restricted` and of our stricter rules."""
    found = []
    for name, pod in pods(manifests):
        context = pod["spec"].get("securityContext", {})
        if context.get("runAsNonRoot") is not True:
            found.append(f"{name} may run as root")
        if context.get("seccompProfile", {}).get("type") != "RuntimeDefault":
            found.append(f"{name} has no seccomp profile")
        if pod["spec"].get("automountServiceAccountToken") is not False:
            found.append(f"{name} gets a token of the API server")
    for name, each in containers(manifests):
        context = each.get("securityContext", {})
        if context.get("allowPrivilegeEscalation") is not False:
            found.append(f"{name} may gain privileges")
        if context.get("capabilities", {}).get("drop") != ["ALL"]:
            found.append(f"{name} keeps capabilities")
        if "groundwork" in each["image"] and context.get("readOnlyRootFilesystem") is not True:
            found.append(f"{name} may write to its image")
    return found


def root_of_ours(manifests: list[Manifest]) -> list[str]:
    """Pods of ours whose user is one of the node's."""
    return [
        name
        for name, pod in pods(manifests)
        if any("groundwork" in each["image"] for each in pod["spec"]["containers"])
        and pod["spec"]["securityContext"].get("runAsUser", 0) <= LEAST_UID
    ]


def unlimited(manifests: list[Manifest]) -> list[str]:
    """Containers without requests or a memory limit, or with a CPU limit, which slows responses."""
    found = []
    for name, each in containers(manifests):
        resources = each.get("resources", {})
        if not {"cpu", "memory", "ephemeral-storage"} <= set(resources.get("requests", {})):
            found.append(f"{name} has no requests")
        if not {"memory", "ephemeral-storage"} <= set(resources.get("limits", {})):
            found.append(f"{name} has no limits")
        if "cpu" in resources.get("limits", {}):
            found.append(f"{name} has a CPU limit")
    return found


def interrupted(manifests: list[Manifest]) -> list[str]:
    """Deployments of ours whose rollout or eviction would interrupt requests."""
    found = []
    budgets = {
        each["spec"]["selector"]["matchLabels"]["app.kubernetes.io/name"]
        for each in manifests
        if each["kind"] == "PodDisruptionBudget"
    }
    for each in manifests:
        name = each["metadata"]["name"]
        if each["kind"] != "Deployment" or name not in OURS:
            continue
        spec, pod = each["spec"], each["spec"]["template"]["spec"]
        (only,) = pod["containers"]
        if spec["strategy"]["rollingUpdate"]["maxUnavailable"] != 0:
            found.append(f"{name} is rolled out with fewer pods")
        if name not in budgets:
            found.append(f"{name} has no PodDisruptionBudget")
        if not pod.get("topologySpreadConstraints"):
            found.append(f"{name} is not spread")
        wait = only.get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0)
        if wait < 1 or pod["terminationGracePeriodSeconds"] < wait + 40:
            found.append(f"{name} has no time to drain")
        missing = {"startupProbe", "livenessProbe", "readinessProbe"} - set(only)
        found += [f"{name} has no {probe}" for probe in sorted(missing)]
        if not spec.get("progressDeadlineSeconds"):
            found.append(f"{name} has no deadline of a rollout")
    return found


def hasty(manifests: list[Manifest]) -> list[str]:
    """Gateways that stop being ready after a few slow seconds, perhaps all of them at once."""
    found = []
    for name, each in containers(manifests):
        probe = each.get("readinessProbe", {})
        seconds = probe.get("periodSeconds", 10) * probe.get("failureThreshold", 3)
        if each["name"] == "gateway" and seconds < PATIENCE_SECONDS:
            found.append(f"{name} is not ready after {seconds} s without an answer")
    return found


def eager(manifests: list[Manifest]) -> list[str]:
    """Autoscalers of gateways whose target an idle one may reach: a share of a small request."""
    requests = {
        each["name"]: each["resources"]["requests"]["cpu"] for _, each in containers(manifests)
    }
    found = []
    for each in manifests:
        if each["kind"] != "HorizontalPodAutoscaler" or each["metadata"]["name"] != "gateway":
            continue
        target = each["spec"]["metrics"][0]["resource"]["target"]
        cores = _cores(target.get("averageValue") or requests["gateway"])
        cores *= target.get("averageUtilization", 100) / 100
        if cores < BUSY_CORES:
            found.append(f"a gateway is added where each uses {cores} cores")
    return found


def _cores(quantity: str) -> float:
    return float(quantity[:-1]) / 1000 if quantity.endswith("m") else float(quantity)


def told_secrets(manifests: list[Manifest]) -> list[str]:
    """Secrets in plain text: in a ConfigMap, or as the value of a variable."""
    found = []
    for each in manifests:
        if each["kind"] == "ConfigMap":
            found += [
                f"{each['metadata']['name']}: {key}"
                for key in each.get("data", {})
                if any(word in key for word in SECRET_WORDS)
            ]
    for name, each in containers(manifests):
        found += [
            f"{name}: {variable['name']}"
            for variable in each.get("env", [])
            if "value" in variable and any(word in variable["name"] for word in SECRET_WORDS)
        ]
    return found


def homeless_exports(manifests: list[Manifest]) -> list[str]:
    """Several hosts without a bucket for exports, or with one that the emulator does not serve."""
    (settings,) = [each for each in manifests if each["metadata"]["name"].startswith("settings")]
    found = []
    if not BUCKET.fullmatch(settings["data"].get("GROUNDWORK_EXPORT_BUCKET", "")):
        found.append("exports have no bucket")
    found += [
        f"{name} serves no buckets"
        for name, each in containers(manifests)
        for variable in each.get("env", [])
        if variable["name"] == "SERVICES" and "s3" not in variable["value"].split(",")
    ]
    return found


def open_network(manifests: list[Manifest]) -> list[str]:
    """A missing policy that denies everything, or one that lets the fetcher into private nets."""
    policies = {
        each["metadata"]["name"]: each["spec"]
        for each in manifests
        if each["kind"] == "NetworkPolicy"
    }
    deny = policies.get("default-deny", {})
    found = []
    if deny.get("podSelector") != {} or set(deny.get("policyTypes", ())) != {"Ingress", "Egress"}:
        found.append("no policy denies everything")
    if "ingress" in deny or "egress" in deny:
        found.append("default-deny allows something")
    web = policies["web-out"]["egress"][0]["to"][0]["ipBlock"]
    private = {"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "127.0.0.0/8"}
    if not private <= set(web["except"]):
        found.append("the fetcher reaches private addresses")
    return found


def ways_out(manifests: list[Manifest], name: str) -> set[tuple[str, int]]:
    """Return the destinations and ports that a pod of ours may connect to."""
    found = set()
    for each in manifests:
        if each["kind"] != "NetworkPolicy" or not _selects(each["spec"]["podSelector"], name):
            continue
        for rule in each["spec"].get("egress", ()):
            for port in rule.get("ports", [{"port": 0}]):
                found |= {(_destination(to), port["port"]) for to in rule.get("to", [{}])}
    return found


def _selects(selector: Mapping[str, Any], name: str) -> bool:
    labels = {"app.kubernetes.io/name": name, "app.kubernetes.io/part-of": "groundwork"}
    given = selector.get("matchLabels", {})
    if any(labels.get(key) != value for key, value in given.items()):
        return False
    expressions = selector.get("matchExpressions", ())
    return all(labels.get(each["key"]) in each["values"] for each in expressions)


def _destination(to: Mapping[str, Any]) -> str:
    if "ipBlock" in to:
        block = to["ipBlock"]
        return f"{block['cidr']}{' but private' if '10.0.0.0/8' in block.get('except', ()) else ''}"
    selector = to.get("podSelector", {})
    values = [*selector.get("matchLabels", {}).values()]
    for each in selector.get("matchExpressions", ()):
        values += each["values"]
    return ",".join(values) or "everything"


def fetcher(manifests: list[Manifest]) -> list[str]:
    """Network policies that let the fetching pods reach too much, or keep them from a service."""
    needed = {("kube-dns", 53), ("postgres", 5432)}
    needed |= {("0.0.0.0/0 but private", port) for port in (80, 443)}
    # The queues, the data keys: an emulator, or AWS with a node that hands out credentials.
    allowed = {("emulator", 4566), ("169.254.170.23/32", 80)}
    has = ways_out(manifests, "fetch")
    found = [f"fetch does not reach {place} at {port}" for place, port in sorted(needed - has)]
    for place, port in sorted(has - needed - allowed):
        if not (place.endswith("/32") and port == HTTPS):
            found.append(f"fetch reaches {place} at {port}")
    if not has & allowed:
        found.append("fetch reaches no queue")
    settings = [each for each in manifests if each["metadata"]["name"].startswith("settings")]
    if not all(each["data"].get("GROUNDWORK_PUBLIC_URL") for each in settings):
        found.append("hubs would get no address of this instance")
    for name, each in containers(manifests):
        functions = {
            function
            for variable in each.get("env", ())
            if variable["name"] == "GROUNDWORK_FUNCTIONS"
            for function in variable["value"].split(",")
        }
        opens = {"Fetch", "Webhooks"}
        if name.startswith("Deployment fetch") and functions != opens:
            found.append(f"{name} runs {', '.join(sorted(functions))}")
        if (
            name.startswith("Deployment gateway")
            and not {f"-{each}" for each in opens} <= functions
        ):
            found.append(f"{name} opens addresses of users")
    return found


def emulators(manifests: list[Manifest]) -> list[str]:
    """Return settings that point to an emulator or contain access keys."""
    found = [
        f"{each['metadata']['name']}: {key}"
        for each in manifests
        if each["kind"] == "ConfigMap"
        for key in each.get("data", {})
        if key in {"AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}
    ]
    return found + [
        name
        for name, each in containers(manifests)
        if any(word in each["image"] for word in ("ministack", "localstack", "moto"))
    ]


ALWAYS = (
    unrestricted,
    root_of_ours,
    unlimited,
    interrupted,
    hasty,
    eager,
    told_secrets,
    open_network,
    fetcher,
    homeless_exports,
)
