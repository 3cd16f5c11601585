"""A safe in memory."""

from groundwork_core.errors import NotFound


class MemorySecrets:
    """Implements `groundwork_core.identity.ports.Secrets`."""

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}

    def read(self, secret_id: str) -> str:
        if secret_id not in self.texts:
            raise NotFound("The secret does not exist.")
        return self.texts[secret_id]

    def write(self, secret_id: str, text: str) -> None:
        self.texts[secret_id] = text
