"""Check that WebSockets refuse a connection without a ticket and accept one with a ticket."""

import json

from groundwork_command.instance.checks import Finding, State
from groundwork_command.outside.address import TIMEOUT_SECONDS, Address

OK, UNAUTHORIZED = 200, 401
UPGRADE = "Let the load balancer pass WebSocket upgrades of /ws on, or give --live-url."


def check(address: Address) -> list[Finding]:
    """Open a socket without a ticket; with a key, one with a ticket too."""
    found = [_stranger(address)]
    if address.key and found[0].state is State.GOOD:
        found.append(_guest(address))
    return found


def _stranger(address: Address) -> Finding:
    from websockets.exceptions import InvalidHandshake, InvalidStatus
    from websockets.sync.client import connect

    try:
        with connect(f"{address.sockets}?ticket=none", open_timeout=TIMEOUT_SECONDS, proxy=None):
            seen = "a socket opens without a ticket"
            return Finding("sockets", State.BLOCKS, seen, "Another service responds at this URL.")
    except InvalidStatus as error:
        status = error.response.status_code
        if status == UNAUTHORIZED:
            return Finding("sockets", State.GOOD, "clients without a ticket are refused with 401")
        return Finding("sockets", State.BLOCKS, f"the handshake got {status}, not 401", UPGRADE)
    except (InvalidHandshake, OSError) as error:
        return Finding("sockets", State.BLOCKS, f"no handshake: {error}", UPGRADE)


def _guest(address: Address) -> Finding:
    from websockets.exceptions import WebSocketException
    from websockets.sync.client import connect

    name = "sockets with a ticket"
    issued = address.request("POST", "/api/v1/auth/ws-ticket")
    if issued.status_code != OK:
        seen = f"POST /api/v1/auth/ws-ticket responds with {issued.status_code}"
        return Finding(name, State.BLOCKS, seen, "Check the key, and the function Identity.")
    url = f"{address.sockets}?ticket={issued.json()['ticket']}"
    try:
        with connect(url, open_timeout=TIMEOUT_SECONDS, proxy=None) as socket:
            socket.send(json.dumps({"action": "ping"}))
            said = json.loads(socket.recv(timeout=TIMEOUT_SECONDS))
    except (WebSocketException, OSError, ValueError) as error:
        return Finding(name, State.BLOCKS, f"{type(error).__name__}: {error}", UPGRADE)
    return Finding(name, State.GOOD, f"opened, responded with {said.get('type')!r}")
