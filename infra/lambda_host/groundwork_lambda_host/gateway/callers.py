"""Determine the line in which a request waits for an environment.

The host cannot verify credentials, but functions can. A function names the user in a header of its
response (CALLER_HEADER); from then on requests with the same credentials wait in that user's line.
Before that, and without credentials, a request waits in the line of its address, where each
credential has its own part. Invented tokens thus get their sender no further line, only parts of
the line of its address. All API keys and tokens of a user share one line.
"""

from collections import OrderedDict
from collections.abc import Mapping
from hashlib import blake2b
from secrets import token_bytes

from groundwork_lambda_host.environments.invocation import ResponseHead
from groundwork_lambda_host.gateway.events import Request
from groundwork_lambda_host.places import CALLER_HEADER, Place, address_line

REMEMBERED_MAX = 20_000
_CREDENTIALS = frozenset({b"authorization", b"x-api-key"})
_DEVICE = b"cookie"
_UNAUTHENTICATED = 401


class Callers:
    """Remembers which user owns which credentials.

    Args:
        lanes: The lane of each path whose requests take long.
    """

    def __init__(self, lanes: Mapping[str, str]) -> None:
        self._lanes = lanes
        # Credentials are kept as keyed hashes, so that a dump of the host's memory holds none.
        self._key = token_bytes(32)
        self._users: OrderedDict[str, str] = OrderedDict()

    def place(self, request: Request) -> Place:
        """Return the line and lane in which a request waits for an environment."""
        lane = self._lanes.get(request.path.rstrip("/"), "") if self._lanes else ""
        credential = self._credential(request)
        user = self._users.get(credential) if credential else None
        if user is not None:
            self._users.move_to_end(credential)
            return Place(user, credential, lane)
        return Place(address_line(request.source_ip), credential, lane)

    def learn(self, place: Place, response: ResponseHead) -> None:
        """Remember the user that a response names for the credentials of its request.

        Credentials that are no longer valid are forgotten.
        """
        if not place.part:
            return
        known = self._users.get(place.part)
        if known is None:
            user = _user_of(response)
            if user:
                self._users[place.part] = f"user:{user}"
                if len(self._users) > REMEMBERED_MAX:
                    self._users.popitem(last=False)
        elif response.status == _UNAUTHENTICATED:
            del self._users[place.part]

    def _credential(self, request: Request) -> str:
        found = [value for name, value in request.headers if name in _CREDENTIALS]
        if not found:
            # A login is sent with the cookie of a known device, if any.
            found = [value for name, value in request.headers if name == _DEVICE]
        if not found:
            return ""
        return blake2b(b"\n".join(found), key=self._key, digest_size=16).hexdigest()


def _user_of(response: ResponseHead) -> str:
    values = response.multi_value_headers.get(CALLER_HEADER)
    value = values[0] if isinstance(values, list) and values else None
    return value if isinstance(value, str) else ""
