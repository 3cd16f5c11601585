"""Resolve host names to IP addresses within a time limit."""

from __future__ import annotations

import ipaddress
import queue
import socket
import threading

from groundwork_core.web.reachability import Address


def resolve(host: str, port: int, timeout_seconds: float) -> list[Address]:
    """Return the addresses of a host in the order of the system's resolver.

    getaddrinfo has no time limit, so it runs in a thread that is abandoned when it is slow.

    Raises:
        OSError: the name does not exist.
        TimeoutError: there was no answer in time.
    """
    answers: queue.SimpleQueue[list[Address] | OSError] = queue.SimpleQueue()

    def ask() -> None:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            answers.put(error if isinstance(error, OSError) else OSError(str(error)))
        else:
            answers.put(list(dict.fromkeys(ipaddress.ip_address(i[4][0]) for i in found)))

    threading.Thread(target=ask, name="resolve", daemon=True).start()
    try:
        answer = answers.get(timeout=timeout_seconds)
    except queue.Empty:
        message = f"resolving {host} took too long"
        raise TimeoutError(message) from None
    if isinstance(answer, OSError):
        raise answer
    return answer
