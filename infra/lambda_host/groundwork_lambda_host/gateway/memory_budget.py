"""How much of bodies and unread answers the host keeps in memory, over all connections."""


class MemoryBudget:
    """A budget of bytes, at most half of it for one address.

    Without it, a limit for each connection is none for the host: a client opens more of them.

    Args:
        most_bytes: What all addresses together may take.
    """

    def __init__(self, most_bytes: int) -> None:
        self._most = most_bytes
        self._by_address: dict[str, int] = {}
        self.bytes = 0

    def take(self, address: str, count: int) -> bool:
        """Takes so many bytes for an address, or says that there are none left for it."""
        theirs = self._by_address.get(address, 0) + count
        if theirs > self._most // 2 or self.bytes + count > self._most:
            return False
        self._by_address[address] = theirs
        self.bytes += count
        return True

    def give_back(self, address: str, count: int) -> None:
        """Gives back what was taken."""
        if not count:
            return
        self.bytes -= count
        left = self._by_address[address] - count
        if left:
            self._by_address[address] = left
        else:
            del self._by_address[address]
