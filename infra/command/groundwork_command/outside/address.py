"""A deployment as an outside client reaches it: its URL, its stage, and maybe an API key."""

import ssl
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal
from urllib.parse import SplitResult, urlsplit

from groundwork_command.services.service import ServiceError

if TYPE_CHECKING:
    import httpx2

Stage = Literal["local", "dev", "staging", "prod"]
TIMEOUT_SECONDS = 15.0
SCHEMES = {"http": "ws", "https": "wss"}
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True)
class Address:
    """A deployment's address.

    Attributes:
        url: Base URL without a path at its end, such as `https://api.example.org`.
        stage: The stage that it should be; `local` may show pages that others must hide.
        key: An API key. If it is empty, checks that need a key are skipped.
        live_url: URL of the sockets. If it is empty, `/ws` of the same host is used.
    """

    url: str
    stage: Stage
    key: str = field(default="", repr=False)
    live_url: str = ""

    @property
    def parts(self) -> SplitResult:
        """The parts of the URL."""
        return urlsplit(self.url)

    @property
    def host(self) -> str:
        """The host without its port."""
        return self.parts.hostname or ""

    @property
    def is_loopback(self) -> bool:
        """True if the host is loopback, where traffic never leaves this machine."""
        return self.host in LOOPBACK

    @property
    def sockets(self) -> str:
        """The URL of the sockets."""
        return self.live_url or f"{SCHEMES[self.parts.scheme]}{self.url[self.url.index(':') :]}/ws"

    def request(
        self,
        method: str,
        path: str,
        *,
        headers: dict[str, str] | None = None,
        body: object = None,
        as_stranger: bool = False,
    ) -> "httpx2.Response":
        """Send one request on its own connection, with the key unless `as_stranger` is set.

        Raises:
            ServiceError: there was no response; the message says why.
        """
        import httpx2  # slow to load

        sent = dict(headers or {})
        if self.key and not as_stranger:
            sent["X-API-Key"] = self.key
        try:
            with httpx2.Client(timeout=TIMEOUT_SECONDS, verify=ssl.create_default_context()) as one:
                return one.request(method, self.url + path, headers=sent, json=body)
        except httpx2.HTTPError as error:
            reason = str(error) or type(error).__name__
            raise ServiceError(f"{method} {path} got no response: {reason}") from error


def address_of(url: str, stage: Stage, key: str = "", live_url: str = "") -> Address:
    """Return the address of a URL. Raises ServiceError if it is not one."""
    cut = url.strip().rstrip("/")
    parts = urlsplit(cut)
    if parts.scheme not in SCHEMES or not parts.hostname or parts.query or parts.username:
        raise ServiceError(f"{url!r} is not a URL such as https://api.example.org")
    return Address(cut, stage, key, live_url)
