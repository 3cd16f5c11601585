"""Check what an anonymous client can reach: API pages, default logins, response headers."""

from groundwork_command.instance.checks import Finding, State
from groundwork_command.outside.address import Address

OK, UNAUTHORIZED, FIRST_ERROR = 200, 401, 400
HIDDEN_PAGES = {
    "/docs": "Leave GROUNDWORK_PAGES at `auto`.",
    "/graphql": "Leave GROUNDWORK_PAGES at `auto`.",
    "/metrics": "Set GROUNDWORK_METRICS_TOKEN and do not route /metrics from outside.",
    "/@host/live": "Do not route paths that begin with /@ from outside.",
}
READINESS = "/health/ready"
KNOWN_PASSWORDS = ("admin", "password", "groundwork")
"""Few, because failed logins are throttled. Groundwork itself has no default password."""
GUARDS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
}
HSTS = "strict-transport-security"
ORIGIN = "https://stranger.invalid"


def check(address: Address) -> list[Finding]:
    """Check as an anonymous client."""
    return [
        _pages(address),
        _readiness(address),
        _strangers(address),
        _logins(address),
        _headers(address),
        _origins(address),
    ]


def _open(address: Address, path: str) -> bool:
    return address.request("GET", path, as_stranger=True).status_code < FIRST_ERROR


def _pages(address: Address) -> Finding:
    if address.stage == "local":
        return Finding("pages", State.GOOD, "not checked in local")
    found = [path for path in HIDDEN_PAGES if _open(address, path)]
    if not found:
        return Finding("pages", State.GOOD, f"{', '.join(HIDDEN_PAGES)} are hidden")
    do = " ".join(dict.fromkeys(HIDDEN_PAGES[path] for path in found))
    return Finding("pages", State.BLOCKS, f"open to everybody: {', '.join(found)}", do)


def _readiness(address: Address) -> Finding:
    if not _open(address, READINESS):
        return Finding("readiness", State.GOOD, f"{READINESS} is hidden or not ready")
    seen = f"{READINESS} shows everybody which services are down, and queries them at each call"
    if address.stage == "local":
        return Finding("readiness", State.GOOD, seen)
    do = f"Do not route {READINESS} from outside; health checks of the inside keep it."
    return Finding("readiness", State.WARNING, seen, do)


def _strangers(address: Address) -> Finding:
    response = address.request("GET", "/api/v1/sources?limit=1", as_stranger=True)
    kind = response.headers.get("content-type", "")
    if response.status_code == UNAUTHORIZED and kind.startswith("application/problem+json"):
        return Finding("strangers", State.GOOD, "refused with 401 and a problem document")
    got = f"{response.status_code} ({kind or 'no type'})"
    seen = f"GET /api/v1/sources without a token responds with {got}"
    do = "Something else than Groundwork responds, or in front of it: check the routes."
    return Finding("strangers", State.BLOCKS, seen, do)


def _logins(address: Address) -> Finding:
    for password in KNOWN_PASSWORDS:
        login = {"email": "admin@localhost.test", "password": password}
        response = address.request("POST", "/api/v1/auth/login", body=login, as_stranger=True)
        if response.status_code == OK:
            seen = f"admin@localhost.test logs in with {password!r}"
            do = (
                "Set another password now: `groundwork user password --email admin@localhost.test`."
            )
            return Finding("logins", State.BLOCKS, seen, do)
    return Finding("logins", State.GOOD, f"{len(KNOWN_PASSWORDS)} well-known passwords are refused")


def _headers(address: Address) -> Finding:
    headers = address.request("GET", "/health/live", as_stranger=True).headers
    missing = [name for name, value in GUARDS.items() if headers.get(name) != value]
    if "frame-ancestors 'none'" not in headers.get("content-security-policy", ""):
        missing.append("content-security-policy")
    if "x-request-id" not in headers:
        missing.append("x-request-id")
    if address.stage != "local" and "max-age=" not in headers.get(HSTS, ""):
        missing.append(HSTS)
    if not missing:
        return Finding("headers", State.GOOD, "guards against sniffing, framing and downgrades")
    do = "A proxy removes them, or GROUNDWORK_ENV is not that of this stage."
    return Finding("headers", State.BLOCKS, f"missing or changed: {', '.join(missing)}", do)


def _origins(address: Address) -> Finding:
    response = address.request("GET", "/health/live", headers={"Origin": ORIGIN}, as_stranger=True)
    allowed = response.headers.get("access-control-allow-origin")
    if allowed in {"*", ORIGIN}:
        do = "Name the origins of your web pages in GROUNDWORK_CORS_ORIGINS; never mirror them."
        seen = f"pages of any site may read responses (Access-Control-Allow-Origin: {allowed})"
        return Finding("origins", State.BLOCKS, seen, do)
    return Finding("origins", State.GOOD, "pages of other sites cannot read responses")
