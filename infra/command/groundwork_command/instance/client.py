"""Client of a running instance's HTTP API, for commands."""

import os
from types import TracebackType
from typing import Any, Self

from groundwork_command.instance import accounts, running
from groundwork_command.services.home import Home
from groundwork_command.services.service import ServiceError

TIMEOUT_SECONDS = 30.0


class Api:
    """A logged-in client, used as `with Api(url, login) as api`."""

    def __init__(self, url: str, login: accounts.AdminLogin) -> None:
        import httpx2  # takes 0.3 s; needed only over HTTP

        self.url = url
        self._login = login
        self._http = httpx2.Client(base_url=url, timeout=TIMEOUT_SECONDS, trust_env=False)

    def __enter__(self) -> Self:
        """Log in. Raises ServiceError when the login is refused."""
        response = self._http.post(
            "/api/v1/auth/login",
            json={"email": self._login.email, "password": self._login.password},
        )
        if response.status_code != 200:  # noqa: PLR2004 - HTTP's OK
            raise ServiceError(
                f"{self._login.email} could not log in (HTTP {response.status_code}). Set "
                "GROUNDWORK_ADMIN_EMAIL and GROUNDWORK_ADMIN_PASSWORD to those of an admin."
            )
        self._http.headers["Authorization"] = f"Bearer {response.json()['access_token']}"
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the connections."""
        self._http.close()

    def get(self, path: str, **query: str | int) -> dict[str, Any]:
        """Send a GET request; return the JSON. Raises ServiceError on an error status."""
        response = self._http.get(path, params=query)
        if response.is_error:
            raise ServiceError(
                f"GET {path} responded with {response.status_code}: {response.text[:500]}"
            )
        found: dict[str, Any] = response.json()
        return found

    def post(self, path: str, body: object) -> tuple[int, dict[str, Any]]:
        """Send a POST request with a JSON body; return status and JSON."""
        response = self._http.post(path, json=body)
        return response.status_code, response.json() if response.content else {}

    def patch(self, path: str, body: object) -> None:
        """Send a PATCH request with a JSON body. Raises ServiceError on an error status."""
        response = self._http.patch(path, json=body)
        if response.is_error:
            raise ServiceError(
                f"PATCH {path} responded with {response.status_code}: {response.text[:500]}"
            )

    def post_text(
        self, path: str, body: bytes, media_type: str, timeout_seconds: float
    ) -> tuple[int, dict[str, Any]]:
        """Send a POST request with a text body; return status and JSON."""
        response = self._http.post(
            path, content=body, headers={"Content-Type": media_type}, timeout=timeout_seconds
        )
        return response.status_code, response.json()


def connect_to_running_instance() -> Api:
    """Return a client of the instance that runs on the state folder. Raises ServiceError."""
    home = Home(running.home_folder())
    found = running.find(home)
    login = accounts.login_of_admin(home, os.environ)
    if login is None:
        raise ServiceError(
            "The command needs a login. Set GROUNDWORK_ADMIN_EMAIL and GROUNDWORK_ADMIN_PASSWORD."
        )
    return Api(found.url, login)
