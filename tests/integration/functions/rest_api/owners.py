"""Users of the REST function, in person and through their API keys."""

import time

from groundwork_data.postgres.callers import PostgresCallers
from groundwork_runtime.http.authentication import RIGHTS_CACHE_SECONDS, Authenticator

from .rest import MINT, Reply, Rest

PATH = "/api/v1/api-keys"
ANY = {"If-Match": "*"}
A_WHILE = 0.1


class Owner:
    """A user, in person and through keys."""

    def __init__(self, rest: Rest, *roles: str) -> None:
        self.rest, self.id = rest, rest.user(*roles)
        self.token = MINT.token(self.id)
        self.seconds = 0.0
        rest.parts.authenticator = Authenticator(
            PostgresCallers(rest.database),
            issuer="groundwork",
            clock=rest.parts.clock,
            monotonic=lambda: self.seconds,
        )

    def __call__(self, method: str, path: str, body: object = None) -> Reply:
        return self.rest(method, path, body, token=self.token, headers=ANY)

    def make(self, *scopes: str, **fields: object) -> Reply:
        return self("POST", PATH, {"name": "robot", "scopes": list(scopes), **fields})

    def by_key(self, key: str, method: str, path: str, body: object = None, **more: str) -> Reply:
        headers = {**ANY, "X-API-Key": key, **more}
        return self.rest(method, path, body, token=None, headers=headers)

    def let_expire(self, key: Reply) -> None:
        """Let a key expire now. Pauses, so that a clock set back a little makes no difference."""
        time.sleep(A_WHILE)
        self.rest.database.rows(
            "UPDATE api_keys SET expires_at = clock_timestamp() WHERE id = %s RETURNING id",
            (key.json["id"],),
        )
        time.sleep(A_WHILE)

    def later(self) -> None:
        self.seconds += RIGHTS_CACHE_SECONDS
