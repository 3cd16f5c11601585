"""Limit the memory for bodies and unread responses over all connections."""


class MemoryBudget:
    """A budget of bytes, at most half of it for one address.

    A limit per connection alone would not suffice: a client could open more connections.

    Args:
        most_bytes: Limit for all addresses together.
    """

    def __init__(self, most_bytes: int) -> None:
        self._most = most_bytes
        self._by_address: dict[str, int] = {}
        self.bytes = 0

    def take(self, address: str, count: int) -> bool:
        """Reserve bytes for an address; return False if the budget does not allow it."""
        theirs = self._by_address.get(address, 0) + count
        if theirs > self._most // 2 or self.bytes + count > self._most:
            return False
        self._by_address[address] = theirs
        self.bytes += count
        return True

    def give_back(self, address: str, count: int) -> None:
        """Release reserved bytes."""
        if not count:
            return
        self.bytes -= count
        left = self._by_address[address] - count
        if left:
            self._by_address[address] = left
        else:
            del self._by_address[address]
