"""Length-prefixed frames between the host and an environment; messages are pairs of frames.

A frame is four bytes of length, big endian, and that many bytes. A message is a header frame
(JSON, small) and a payload frame (what the header says; may be empty), written in one piece.
`bootstrap.py` holds the child's side, because a child imports nothing of the host.
"""

_PREFIX = 4


def pack(header: bytes, payload: bytes) -> bytes:
    """Return both frames of a message as bytes for one write."""
    return b"".join(
        (
            len(header).to_bytes(_PREFIX, "big"),
            header,
            len(payload).to_bytes(_PREFIX, "big"),
            payload,
        )
    )


class MessageReader:
    """Collects received bytes until a message is complete. Messages do not overlap."""

    __slots__ = ("_buffer", "_missing")

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._missing = 0

    def feed(self, data: bytes) -> tuple[bytes, bytes] | None:
        """Add received bytes; return header and payload when the message is complete."""
        if self._buffer:
            # A large payload arrives in many reads: parse again only when it may be complete.
            self._buffer += data
            self._missing -= len(data)
            if self._missing > 0:
                return None
            data = bytes(self._buffer)
        end_of_header = _PREFIX + int.from_bytes(data[:_PREFIX], "big")
        start = end_of_header + _PREFIX
        have = len(data)
        end = start + int.from_bytes(data[end_of_header:start], "big") if have >= start else start
        if have >= start and have >= end:
            self._buffer.clear()
            return data[_PREFIX:end_of_header], data[start:end]
        self._buffer[:] = data
        self._missing = max(1, end - have) if have >= _PREFIX else 1
        return None
