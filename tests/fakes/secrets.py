"""A store of secrets in memory, and one with data keys."""

from datetime import UTC, datetime

from groundwork_core.encryption.data_keys import DataKeys, new_data_key
from groundwork_core.errors import NotFound
from groundwork_data.encryption.aes_gcm import DataKeyEncryption

DATA_KEYS = "data-keys"


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


def safe_with_data_keys() -> MemorySecrets:
    """A safe with one data key."""
    safe = MemorySecrets()
    safe.write(DATA_KEYS, DataKeys(keys=(new_data_key(datetime.now(UTC)),)).text)
    return safe


def memory_encryption() -> DataKeyEncryption:
    """The real encryption with a data key in memory."""
    return DataKeyEncryption(safe_with_data_keys(), DATA_KEYS)
